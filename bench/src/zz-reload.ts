import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@edgeledger/core';
import { createWarehouse, openEmbeddedPostgres } from '@edgeledger/warehouse';
import pg from 'pg';
const home = await mkdtemp(join(tmpdir(), 'edgeledger-bench-home-'));
const server = await openEmbeddedPostgres({ home, logger: silentLogger, durable: true });
const client = new pg.Client({ connectionString: server.connectionString });
await client.connect();
const show = await client.query(`select name, setting from pg_settings where name in ('max_wal_size','shared_buffers','wal_compression','checkpoint_timeout','maintenance_work_mem','autovacuum','max_parallel_maintenance_workers','wal_buffers','io_method')`);
console.log(JSON.stringify(show.rows));
{ await using w = await createWarehouse({ connectionString: server.connectionString }); await w.migrate(); }
await client.query(`ALTER SYSTEM SET log_min_duration_statement = 50`); await client.query(`ALTER SYSTEM SET log_checkpoints = on`);await client.query(`ALTER SYSTEM SET log_autovacuum_min_duration = 0`);
await client.query('select pg_reload_conf()');
const files = (v: number) => [0, 1, 2].map((i) => `/tmp/edgeledger-bench/cdn_logs_2000000_3_v${v}_${i}.csv.gz`);
const run = (v: number) => {
  const t = performance.now();
  spawnSync(process.execPath, ['--max-semi-space-size=2', join(import.meta.dirname, 'load-report.ts'), 'load', server.connectionString, 'imgix.cdn_logs', 'cdn_logs_20261120', 'bench', ...files(v)], { stdio: 'inherit' });
  return ((performance.now() - t) / 1000).toFixed(2);
};
const cpu = async () => 0;
for (const mode of process.argv.slice(2)) {
  const t = performance.now();
  if (mode === 'c') { await client.query('CHECKPOINT'); await client.query('VACUUM ANALYZE'); await client.query('CHECKPOINT'); console.log('checkpoint+vacuum', ((performance.now() - t) / 1000).toFixed(2)); }
  else if (mode === 's') { await new Promise((r) => setTimeout(r, 15000)); }
  else console.log('load v', mode, run(Number(mode)));
}
await client.end();
spawnSync('sh', ['-c', `find ${home} -name '*.log' -exec cp {} /tmp/b5/ \\;; ls -R ${home} | head -40; cp ${home}/*/log* /tmp/b5/ -r`]);
console.log(home);
await server.close();
if (!process.env.KEEP) await rm(home, { recursive: true, force: true });
