import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '@edgeledger/core';
import { until } from '@edgeledger/testkit';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { createWarehouse, openEmbeddedPostgres } from '../src/index.ts';
import { LOG_COLUMNS } from './loading.ts';
import { LOGS, publishRequest, stageAll, unitOf, type Values } from './sample-reports.ts';

/** A server of its own, because how eager autovacuum is holds for a whole server, from its start. */
async function openServer() {
  const home = await mkdtemp(path.join(tmpdir(), 'edgeledger-vacuum-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const open = () => openEmbeddedPostgres({ home, logger: silentLogger, durable: false });
  const connect = async (url: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return client;
  };
  const first = await open();
  const setting = await connect(first.connectionString);
  await setting.query(`ALTER SYSTEM SET autovacuum_naptime = '1s'`);
  await setting.end();
  await first.close();
  const server = await open();
  onTestFinished(() => server.close());
  const admin = await connect(server.connectionString);
  onTestFinished(() => admin.end());
  return { url: server.connectionString, admin };
}

const ROWS: readonly Values[] = Array.from({ length: 4_000 }, (_, index) => [
  `/catalog/products/${index}.jpg?s=${'0123456789abcdef'.repeat(8)}`,
  '1',
]);

it('no autovacuum of the rows that a re-load replaces is left when the swap makes readers wait', async () => {
  const { url, admin } = await openServer();
  const readVacuumed = async (client: pg.Client): Promise<readonly string[]> => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT relid::regclass::text AS name FROM pg_stat_progress_vacuum WHERE relid::regclass::text LIKE '%cdn_logs%'`,
    );
    return rows.map(({ name }) => name);
  };
  let found: Promise<readonly string[]> | undefined;
  await using warehouse = await createWarehouse({
    connectionString: url,
    passing: (milestone) => {
      // sent at once: the swap would have to wait for a second before Postgres cancels a vacuum for it
      if (milestone === 'partition.prepared') found = readVacuumed(admin);
    },
  });
  await warehouse.migrate();
  const unit = unitOf(LOGS);
  const load = async (rows: readonly Values[]) => {
    const begun = await warehouse.loader.begin(unit, LOGS);
    await stageAll(begun, [{ columns: LOG_COLUMNS, rows }]);
    return await begun.publish(publishRequest());
  };
  await load(ROWS);
  // so slow that it would take minutes; only there, because autovacuum takes one table after the other
  const visible = await admin.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class WHERE relnamespace = 'partitions'::regnamespace AND relkind = 'r'`,
  );
  await admin.query(`ALTER TABLE ${visible.rows[0]?.name} SET (autovacuum_vacuum_insert_threshold = 1,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)`);
  await until(
    'a vacuum goes through the loaded rows',
    async () => (await readVacuumed(admin)).length > 0,
    60_000,
  );
  // one that was ended does not come back
  await admin.query('ALTER SYSTEM SET autovacuum = off');
  await admin.query('SELECT pg_reload_conf()');

  expect((await load([...ROWS, ['/new.jpg', '1']])).outcome).toBe('published');
  expect(await found).toEqual([]);
}, 120_000);
