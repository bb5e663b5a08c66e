import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { silentLogger } from '@edgeledger/core';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { openEmbeddedPostgres } from '@edgeledger/warehouse';
import pg from 'pg';
import { readPeakMegabytes } from './measure.ts';

/*
 * `REDIS_URL=redis://127.0.0.1:6379/9 pnpm bench:scale [--workers 1,2,4] [--parts 20] [--rows 25000]
 * [--part-file FILE] [--file-seconds 0] [--only report]`: how long N worker processes take for one report of many parts (each
 * so many rows, or that file of CSV, gzipped or not), and for 90 days of both vendors. Empties that Redis database. Without REDIS_URL
 * the queue is in Postgres. Emulated vendors, workers and Postgres share this machine's cores.
 */

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '1,2,4' },
    parts: { type: 'string', default: '20' },
    rows: { type: 'string', default: '25000' },
    'part-file': { type: 'string' },
    'file-seconds': { type: 'string', default: '0' },
    only: { type: 'string', default: '' },
  },
});
const REDIS_URL = process.env.REDIS_URL ?? '';
const MAIN = join(import.meta.dirname, '..', '..', 'apps', 'cli', 'src', 'main.ts');
const DAYS = 90;
const POLL_MS = 50;
const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
const BIG = `cdn_logs_${day(3).replaceAll('-', '')}`;
const print = (text: string): void => void process.stdout.write(`${text}\n`);

function toEnvironment(emulator: Emulator, databaseUrl: string): Record<string, string> {
  const { imgix, akamai } = emulator.credentials;
  return {
    PATH: process.env.PATH ?? '',
    // as the image has it
    MALLOC_ARENA_MAX: '2',
    DATABASE_URL: databaseUrl,
    ...(REDIS_URL !== '' && { REDIS_URL }),
    NODE_OPTIONS: '--max-semi-space-size=2 --max-old-space-size=512',
    LOG_LEVEL: 'error',
    BACKFILL_DAYS: String(DAYS),
    IMGIX_API_KEY: imgix.apiKey,
    IMGIX_API_URL: emulator.imgixUrl,
    IMGIX_FILE_HOSTS: emulator.filesHost,
    AKAMAI_HOST: akamai.host,
    AKAMAI_CLIENT_TOKEN: akamai.clientToken,
    AKAMAI_CLIENT_SECRET: akamai.clientSecret,
    AKAMAI_ACCESS_TOKEN: akamai.accessToken,
    AKAMAI_API_URL: emulator.akamaiUrl,
    AKAMAI_ACCOUNT_IDS: emulator.scope.accountIds.join(','),
  };
}

/** A new database begins with load 1 again, and jobs of the run before would be taken for its own. */
async function emptyQueue(): Promise<void> {
  if (REDIS_URL === '') return;
  const { hostname, port, pathname } = new URL(REDIS_URL);
  const socket = connect({ host: hostname, port: Number(port || 6379) });
  socket.end(`SELECT ${pathname.slice(1) || 0}\r\nFLUSHDB\r\nQUIT\r\n`);
  socket.resume();
  await once(socket, 'close');
}

async function runCommand(args: readonly string[], env: Record<string, string>): Promise<void> {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`edgeledger ${args.join(' ')} ended with ${code}`);
}

async function startWorkers(count: number, env: Record<string, string>): Promise<ChildProcess[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const worker = spawn(process.execPath, [MAIN, 'worker'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
      const { promise, resolve } = Promise.withResolvers<void>();
      worker.stderr.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('Running: worker')) resolve();
      });
      await promise;
      return worker;
    }),
  );
}

/** Seconds from enqueuing until every unit that was enqueued is loaded. */
async function measure(
  count: number,
  args: readonly string[],
  world: { readonly env: Record<string, string>; readonly client: pg.Client },
): Promise<{ readonly seconds: number; readonly rows: number; readonly peakMegabytes: number }> {
  const { env, client } = world;
  const workers = await startWorkers(count, env);
  await runCommand(['backfill', ...args], env);
  for (;;) {
    const { rows } = await client.query<{ open: number; rows: number; seconds: number }>(
      `SELECT count(*) FILTER (WHERE state <> 'loaded')::int AS open, coalesce(sum(rows), 0)::float AS rows,
         (SELECT extract(epoch FROM max(finished_at) - min(started_at)) FROM ledger.loads)::float AS seconds
       FROM ledger.units`,
    );
    const [row] = rows;
    if (row !== undefined && row.open === 0 && row.rows > 0) {
      const ended = workers.map((worker) => once(worker, 'exit'));
      const peaks = workers.map((worker) => readPeakMegabytes(worker.pid ?? 0));
      for (const worker of workers) worker.kill('SIGTERM');
      await Promise.all(ended);
      return { ...row, peakMegabytes: Math.max(...peaks) };
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function main(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'edgeledger-scale-'));
  await using server = await openEmbeddedPostgres({ home, logger: silentLogger });
  await using emulator = await createEmulator({
    historyDays: 125,
    imgix: { requestsPerSecond: 0, partMaxRows: 300, gzip: values['part-file'] === undefined },
    akamai: { requestsPerMinute: 0 },
  });
  const header = 'timestamp,url,status_code,bytes,domain,user_agent,referers\n';
  const line = `2026-11-20T00:00:00Z,/catalog/products/shoes/detail-1.jpg?w=640&auto=format,200,48211,shop.example.com,"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",https://shop.example.com/\n`;
  const file = values['part-file'];
  const part = file === undefined ? header + line.repeat(Number(values.rows)) : await readFile(file);
  emulator.revise({ reportKey: BIG, rawParts: Array.from({ length: Number(values.parts) }, () => part) });
  const cases = {
    [`one report, ${values.parts} parts`]: ['--dataset', 'imgix.cdn_logs', '--from', day(3), '--to', day(3)],
    [`${DAYS} days of both vendors`]: ['--from', day(DAYS), '--to', day(4)],
  };
  if (values['file-seconds'] !== '0') {
    const ms = Number(values['file-seconds']) * 1000;
    emulator.faults.add({ server: 'files', match: /./, times: 1e9, action: { kind: 'stall', ms } });
  }
  print(`${availableParallelism()} cores, queue in ${REDIS_URL === '' ? 'Postgres' : 'Redis'}\n`);
  print('| load | workers | seconds | krows/s | peak MB of a worker |\n| --- | --- | --- | --- | --- |');
  for (const [name, args] of Object.entries(cases)) {
    if (!name.includes(values.only)) continue;
    for (const count of values.workers.split(',').map(Number)) {
      const admin = new pg.Client({ connectionString: server.connectionString });
      await admin.connect();
      const database = `scale_${Date.now()}`;
      await admin.query(`CREATE DATABASE ${database}`);
      const url = new URL(server.connectionString);
      url.pathname = `/${database}`;
      const env = toEnvironment(emulator, url.href);
      await emptyQueue();
      await runCommand(['migrate'], env);
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      const { seconds, rows, peakMegabytes } = await measure(count, args, { env, client });
      const rate = (rows / seconds / 1000).toFixed(1);
      print(`| ${name} | ${count} | ${seconds.toFixed(1)} | ${rate} | ${peakMegabytes.toFixed(0)} |`);
      await client.end();
      await admin.query(`DROP DATABASE ${database} WITH (FORCE)`);
      await admin.end();
    }
  }
  await server.close();
  await rm(home, { recursive: true, force: true });
}

await main();
