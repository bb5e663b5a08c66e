import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseUtcDay, silentLogger, systemClock, toUtcDay } from '@edgeledger/core';
import { runUnit } from '@edgeledger/pipeline';
import { createFileSource, findDataset } from '@edgeledger/sources';
import { createWarehouse, openEmbeddedPostgres, type Warehouse } from '@edgeledger/warehouse';
import pg from 'pg';

/*
 * `pnpm bench:growth [days]`: what planning, re-loading and adding a column cost as days pile up in imgix.cdn_logs, and how
 * Postgres plans the queries that matter. Default: 5 years.
 */

const DAYS = Number(process.argv[2] ?? 1825);
const STEPS = [10, 1000, DAYS].filter((days) => days <= DAYS);
const FIRST = Date.UTC(2021, 10, 21);
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const dayAt = (index: number): string => new Date(FIRST + index * 86_400_000).toISOString().slice(0, 10);

async function addDays(client: pg.Client, from: number, to: number): Promise<void> {
  for (let index = from; index < to; index += 1) {
    const [day, next] = [dayAt(index), dayAt(index + 1)];
    const name = `cdn_logs_${day.replaceAll('-', '')}`;
    await client.query(
      `CREATE TABLE partitions.${name} PARTITION OF imgix.cdn_logs
         FOR VALUES FROM ('${day} 00:00:00+00') TO ('${next} 00:00:00+00') PARTITION BY LIST (account);
       CREATE TABLE partitions.${name}_load_1 PARTITION OF partitions.${name} FOR VALUES IN ('default');
       INSERT INTO partitions.${name}_load_1 (account, report_key, period_start, period_end, part, row_no, url, load_id)
         SELECT 'default', '${name}', '${day} 00:00:00+00', '${next} 00:00:00+00', 1, row_no, '/' || row_no, 1
         FROM generate_series(1, 200) AS rows (row_no);
       INSERT INTO ledger.units (account, dataset, report_key, period_start, period_end, state, rows, loaded_at, settled_at, load_id)
         VALUES ('default', 'imgix.cdn_logs', '${name}', '${day} 00:00:00+00', '${next} 00:00:00+00', 'loaded', 200, now(), now(), 1)`,
    );
  }
}

async function reload(warehouse: Warehouse, folder: string, text: string): Promise<number> {
  const dataset = findDataset('imgix.cdn_logs');
  if (dataset === undefined) throw new Error('There is no cdn_logs.');
  const path = join(folder, 'report.csv.gz');
  await writeFile(path, gzipSync(`url,bytes\n${`${text},1\n`.repeat(1000)}`));
  const source = createFileSource({
    dataset,
    reportKey: `cdn_logs_${dayAt(5).replaceAll('-', '')}`,
    account: 'default',
    files: [path],
  });
  const signal = new AbortController().signal;
  const day = parseUtcDay(dayAt(5), 'day');
  const [unit] = await source.discover(
    { from: day, to: day },
    { now: new Date(), signal, logger: silentLogger },
  );
  if (unit === undefined) throw new Error('There is no unit.');
  const { ledger, loader } = warehouse;
  const start = performance.now();
  await runUnit(unit, { source, ledger, loader, clock: systemClock, logger: silentLogger }, { signal });
  return performance.now() - start;
}

const QUERIES = {
  'one day of an account': `SELECT count(*) FROM imgix.cdn_logs WHERE account = 'default' AND period_start = '${dayAt(7)} 00:00:00+00'`,
  'one unit, as a re-load counts it': `SELECT count(*) FROM imgix.cdn_logs WHERE account = 'default' AND report_key = 'x' AND period_start >= '${dayAt(7)} 00:00:00+00' AND period_start < '${dayAt(8)} 00:00:00+00'`,
  'the units of 90 days, as the planner reads them': `SELECT * FROM ledger.units WHERE account = 'default' AND dataset = 'imgix.cdn_logs' AND period_start >= '${dayAt(0)} 00:00:00+00' AND period_start < '${dayAt(90)} 00:00:00+00'`,
  'all days, no filter': 'SELECT count(*) FROM imgix.cdn_logs',
};

const home = await mkdtemp(join(tmpdir(), 'edgeledger-growth-'));
const server = await openEmbeddedPostgres({ home, logger: silentLogger, durable: true });
const client = new pg.Client({ connectionString: server.connectionString });
try {
  await using warehouse = await createWarehouse({ connectionString: server.connectionString });
  await warehouse.migrate();
  await client.connect();
  await client.query(`SET TIME ZONE 'UTC'`);
  print(
    `| days | ${Object.keys(QUERIES)
      .map((name) => `planning: ${name}, ms`)
      .join(
        ' | ',
      )} | 90 days from the ledger, ms | re-load, changed, ms | re-load, identical, ms | a new column, ms |`,
  );
  print(`|${' --- |'.repeat(Object.keys(QUERIES).length + 5)}`);
  let made = 0;
  await client.query(
    `INSERT INTO ledger.units (account, dataset, report_key, period_start, period_end)
     VALUES ('other', 'imgix.cdn_logs', 'x', now(), now() + interval '1 day')`,
  );
  await client.query(
    `INSERT INTO ledger.loads (unit_id, outcome) SELECT unit_id, 'published' FROM ledger.units`,
  );
  for (const days of STEPS) {
    await addDays(client, made, days);
    made = days;
    await client.query('ANALYZE ledger.units');
    const planning: string[] = [];
    for (const sql of Object.values(QUERIES)) {
      const times: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        const plan = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN (SUMMARY) ${sql}`);
        times.push(
          Number(/Planning Time: ([\d.]+)/.exec(plan.rows.map((row) => row['QUERY PLAN']).join('\n'))?.[1]),
        );
      }
      planning.push(Math.min(...times).toFixed(1));
    }
    const start = performance.now();
    await warehouse.ledger.findUnits({
      account: 'default',
      from: new Date(FIRST),
      to: new Date(FIRST + 90 * 86_400_000),
    });
    const planned = performance.now() - start;
    await reload(warehouse, home, `/${days}a`);
    const changed = await reload(warehouse, home, `/${days}b`);
    const identical = await reload(warehouse, home, `/${days}b`);
    const before = performance.now();
    await client.query(`ALTER TABLE imgix.cdn_logs ADD COLUMN new_after_${days} text`);
    const added = performance.now() - before;
    print(
      `| ${days} | ${planning.join(' | ')} | ${[planned, changed, identical, added].map((ms) => ms.toFixed(0)).join(' | ')} |`,
    );
  }
  for (const [name, sql] of Object.entries(QUERIES).slice(0, 3)) {
    const plan = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`);
    print(`\n${name}:\n\n    ${plan.rows.map((row) => row['QUERY PLAN']).join('\n    ')}`);
  }
  print(`\n${toUtcDay(new Date())}, ${made} days`);
} finally {
  await client.end().catch(() => undefined);
  await server.close();
  await rm(home, { recursive: true, force: true });
}
