import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type pg from 'pg';
import type { BenchReport } from './data.ts';

/** One way to get a report into Postgres. */
export interface Contender {
  readonly name: string;
  readonly report: BenchReport;
  /** Brings the database into the state from which the way starts; not measured. */
  prepare(client: pg.Client): Promise<void>;
  readonly command: readonly [string, ...string[]];
  /** The table whose rows are counted afterwards; ours are counted in the data table. */
  readonly countSql: string;
}

export interface ReportPair {
  readonly first: BenchReport;
  /** The same report with other values. */
  readonly changed: BenchReport;
}

export function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

const script = (name: string): string => join(import.meta.dirname, name);
const ACCOUNT = 'bench';

function ours(mode: string, url: string, report: BenchReport): [string, ...string[]] {
  return [
    process.execPath,
    // as `pnpm edgeledger` runs it
    '--max-semi-space-size=2',
    script('load-report.ts'),
    mode,
    url,
    report.dataset,
    report.reportKey,
    ACCOUNT,
    ...report.files,
  ];
}

/** Drops what earlier runs left, so that a load is a first one. */
async function forgetReports(client: pg.Client): Promise<void> {
  const tables = await client.query<{ name: string }>(
    `SELECT oid::regclass::text AS name FROM pg_class
     WHERE relnamespace = 'partitions'::regnamespace AND relkind = 'p'`,
  );
  for (const { name } of tables.rows) await client.query(`DROP TABLE ${name}`);
  await client.query(
    `TRUNCATE ledger.units, ledger.loads, ledger.rejects, ledger.findings, staging.loads, staging.parts, staging.rejects`,
  );
}

/** The same columns and the same key as ours, in one ordinary table; what the file does not say comes by default. */
async function makeKeyedTable(client: pg.Client, report: BenchReport): Promise<void> {
  await client.query('CREATE SCHEMA IF NOT EXISTS bench');
  await client.query('DROP TABLE IF EXISTS bench.keyed');
  await client.query(`CREATE TABLE bench.keyed (LIKE ${report.dataset})`);
  await client.query('CREATE SEQUENCE IF NOT EXISTS bench.rows CACHE 1000');
  await client.query(`ALTER TABLE bench.keyed
    ALTER account SET DEFAULT '${ACCOUNT}', ALTER report_key SET DEFAULT '${report.reportKey}',
    ALTER period_start SET DEFAULT '2026-11-20 00:00:00+00', ALTER period_end SET DEFAULT '2026-11-21 00:00:00+00',
    ALTER part SET DEFAULT 1, ALTER row_no SET DEFAULT nextval('bench.rows'), ALTER load_id SET DEFAULT 1,
    ADD PRIMARY KEY (part, row_no, account, report_key, period_start)`);
}

const HEADERS: Readonly<Record<BenchReport['dataset'], string>> = {
  'imgix.cdn_logs':
    '"timestamp",source_id,domain,url,status_code,cache_status,cache_hits,cache_misses,requests,bytes,referers,user_agent',
  'imgix.image_analytics':
    'source_id,source_name,origin_image_url,requests,bandwidth,errors,mild_errors,severe_errors',
};

function psqlCommand(url: string, report: BenchReport): [string, ...string[]] {
  const copy = `\\copy bench.keyed (${HEADERS[report.dataset]}) FROM STDIN WITH (FORMAT csv, HEADER)`;
  const steps = report.files.map(
    (file) => `zcat '${file}' | psql '${url}' -qX -v ON_ERROR_STOP=1 -c '${copy}'`,
  );
  return ['sh', '-c', steps.join(' && ')];
}

export const YARDSTICK = 'zcat | psql \\copy, keyed';

export function makeContenders(url: string, { first, changed }: ReportPair): Contender[] {
  const counted = `SELECT count(*)::int AS rows FROM ${first.dataset}`;
  const load = async (client: pg.Client, report: BenchReport): Promise<void> => {
    await forgetReports(client);
    const [command, ...parameters] = ours('load', url, report);
    const done = spawnSync(command, parameters, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (done.status !== 0) throw new Error('Loading the report for a re-load failed.');
  };
  const keyed = (name: string, command: readonly [string, ...string[]]): Contender => ({
    name,
    report: first,
    prepare: (client) => makeKeyedTable(client, first),
    command,
    countSql: 'SELECT count(*)::int AS rows FROM bench.keyed',
  });
  const own = (
    name: string,
    report: BenchReport,
    mode: string,
    prepare: Contender['prepare'],
  ): Contender => ({
    name: `edgeledger, ${name}`,
    report,
    prepare,
    command: ours(mode, url, report),
    countSql: counted,
  });
  return [
    ...(isInstalled('psql') ? [keyed(YARDSTICK, psqlCommand(url, first))] : []),
    own('first load', first, 'load', forgetReports),
    own('re-load, changed', changed, 'load', (client) => load(client, first)),
    own('re-load, identical', first, 'load', (client) => load(client, first)),
    ...(first.files.length > 1 ? [own('first load, two workers', first, 'two', forgetReports)] : []),
    keyed('csv-parse, COPY, keyed', [
      process.execPath,
      script('csv-parse-copy.ts'),
      url,
      'bench.keyed',
      ...first.files,
    ]),
    keyed('Kysely INSERT … ON CONFLICT, keyed', [
      process.execPath,
      script('kysely-upsert.ts'),
      url,
      'bench.keyed',
      ...first.files,
    ]),
    ...(isInstalled('pgloader') ? [keyed('pgloader, keyed', pgloaderCommand(url, first))] : []),
  ];
}

function pgloaderCommand(url: string, report: BenchReport): [string, ...string[]] {
  const fields = HEADERS[report.dataset].replaceAll('"', '');
  const steps = report.files.map(
    (file) =>
      `zcat '${file}' | pgloader --type csv --field '${fields}' --with 'skip header = 1' --with 'fields terminated by ","' - '${url}?tablename=bench.keyed'`,
  );
  return ['sh', '-c', steps.join(' && ')];
}
