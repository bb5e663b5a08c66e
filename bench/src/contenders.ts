import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
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

/** Where our own processes find the server, and where they may keep files. */
export interface Place {
  readonly url: string;
  readonly home: string;
}

function node({ url, home }: Place, file: string, ...parameters: string[]): [string, ...string[]] {
  return [
    'env',
    `DATABASE_URL=${url}`,
    `EDGELEDGER_HOME=${home}`,
    `NODE_COMPILE_CACHE=${home}/compiled`,
    process.execPath,
    // as `pnpm edgeledger` runs it
    '--max-semi-space-size=2',
    '--max-old-space-size=512',
    file,
    ...parameters,
  ];
}

/** The command that people run. */
function importCommand(place: Place, { dataset, reportKey, files }: BenchReport): [string, ...string[]] {
  const main = join(import.meta.dirname, '../../apps/cli/src/main.ts');
  const options = ['--dataset', dataset, '--report-key', reportKey, '--account', ACCOUNT];
  return node(place, main, 'import', ...files, ...options);
}

function twoWorkersCommand(place: Place, { dataset, reportKey, files }: BenchReport): [string, ...string[]] {
  return node(place, script('two-workers.ts'), 'begin', place.url, dataset, reportKey, ACCOUNT, ...files);
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

export function makeContenders(place: Place, { first, changed }: ReportPair): Contender[] {
  const { url } = place;
  const counted = `SELECT count(*)::int AS rows FROM ${first.dataset}`;
  const load = async (client: pg.Client, report: BenchReport): Promise<void> => {
    await forgetReports(client);
    const [command, ...parameters] = importCommand(place, report);
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
  const own = (name: string, report: BenchReport, prepare: Contender['prepare']): Contender => ({
    name: `edgeledger, ${name}`,
    report,
    prepare,
    command: importCommand(place, report),
    countSql: counted,
  });
  return [
    ...(isInstalled('psql') ? [keyed(YARDSTICK, psqlCommand(url, first))] : []),
    own('first load', first, forgetReports),
    own('re-load, changed', changed, (client) => load(client, first)),
    own('re-load, identical', first, (client) => load(client, first)),
    ...(first.files.length > 1
      ? [
          {
            ...own('first load, two workers', first, forgetReports),
            command: twoWorkersCommand(place, first),
          },
        ]
      : []),
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
    ...(isInstalled('pgloader') ? [keyed('pgloader, keyed', pgloaderCommand(place, first))] : []),
  ];
}

/** Its options cannot name the columns of the table, so it gets a file with its own language. */
function pgloaderCommand({ url, home }: Place, report: BenchReport): [string, ...string[]] {
  const names = HEADERS[report.dataset].replaceAll('"', '').split(',');
  const script = join(home, `${report.reportKey}.load`);
  writeFileSync(
    script,
    `LOAD CSV FROM stdin (${names.map((name) => `"${name}" [null if blanks]`).join(', ')})
     INTO ${url} TARGET TABLE bench.keyed (${names.map((name) => `"${name}"`).join(', ')})
     WITH skip header = 1, fields optionally enclosed by '"', fields escaped by double-quote, fields terminated by ',';`,
  );
  const steps = report.files.map((file) => `zcat '${file}' | pgloader '${script}' >&2`);
  return ['sh', '-c', steps.join(' && ')];
}
