import { createReadStream, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createGunzip } from 'node:zlib';
import { silentLogger } from '@edgeledger/core';
import { createWarehouse, openEmbeddedPostgres } from '@edgeledger/warehouse';
import pg from 'pg';
import { type Contender, isInstalled, makeContenders, YARDSTICK } from './contenders.ts';
import { type BenchReport, makeImageReport, makeLogReport } from './data.ts';
import { measureCommand, median, readServerCpu } from './measure.ts';

/*
 * `pnpm bench [--rows N] [--image-rows N] [--parts N] [--repeat N] [--scale N] [--only TEXT] [--quick]`: seeded data, a Postgres
 * server of its own, every way in turn, and one table for each dataset. Read the ratios: they are of the same run.
 */

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '2000000' },
    'image-rows': { type: 'string', default: '1000000' },
    parts: { type: 'string', default: '3' },
    repeat: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    /** Ways whose name has one of these words, comma between; and the yardstick. */
    only: { type: 'string' },
    dataset: { type: 'string' },
    quick: { type: 'boolean', default: false },
    data: { type: 'string', default: join(tmpdir(), 'edgeledger-bench') },
  },
});

interface Result {
  readonly seconds: number;
  readonly loaderCpu: number;
  readonly serverCpu: number;
  readonly peakMegabytes: number;
  readonly walMegabytes: number;
}

const scale = Number(options.scale);
const quick = options.quick;
const repeat = quick ? 1 : Number(options.repeat);
const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function sizeOf(report: BenchReport): Promise<number> {
  let bytes = 0;
  for (const file of report.files) {
    for await (const chunk of createReadStream(file).pipe(createGunzip())) bytes += (chunk as Buffer).length;
  }
  return bytes / 1e6;
}

async function measure(client: pg.Client, contender: Contender, postmaster: number): Promise<Result> {
  await contender.prepare(client);
  await client.query('CHECKPOINT');
  const wal = async (): Promise<bigint> => {
    const found = await client.query<{ at: string }>(`SELECT pg_current_wal_insert_lsn() - '0/0' AS at`);
    return BigInt(found.rows[0]?.at ?? 0);
  };
  const [walBefore, cpuBefore] = [await wal(), readServerCpu(postmaster)];
  const [command, ...parameters] = contender.command;
  const cost = await measureCommand(command, parameters);
  const serverCpu = readServerCpu(postmaster) - cpuBefore;
  const walMegabytes = Number((await wal()) - walBefore) / 1e6;
  const counted = await client.query<{ rows: number }>(contender.countSql);
  if (counted.rows[0]?.rows !== contender.report.rows) {
    throw new Error(`${contender.name}: ${counted.rows[0]?.rows} rows of ${contender.report.rows} arrived.`);
  }
  return {
    seconds: cost.seconds,
    loaderCpu: cost.cpuSeconds,
    serverCpu,
    peakMegabytes: cost.peakMegabytes,
    walMegabytes,
  };
}

async function compare(
  client: pg.Client,
  contenders: readonly Contender[],
  postmaster: number,
): Promise<void> {
  const results = new Map<string, Result[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < repeat; round += 1) {
    for (const contender of contenders) {
      const result = await measure(client, contender, postmaster);
      results.get(contender.name)?.push(result);
      process.stderr.write(`  ${contender.name}: ${result.seconds.toFixed(2)} s\n`);
    }
  }
  const [first] = contenders;
  if (first === undefined) return;
  const megabytes = await sizeOf(first.report);
  const rounds = results.get(YARDSTICK) ?? [];
  print(
    `\n${first.report.dataset}: ${first.report.rows} rows, ${first.report.files.length} parts, ${megabytes.toFixed(0)} MB of CSV, medians of ${repeat}\n`,
  );
  print('| way | krows/s | MB/s | ratio | loader CPU s | Postgres CPU s | peak MB | WAL MB |');
  print('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const [name, runs] of results) {
    const seconds = median(runs.map((run) => run.seconds));
    // each run against the yardstick of its own round, so that a slow minute counts for both
    const ratios = runs.map((run, round) => (rounds[round]?.seconds ?? Number.NaN) / run.seconds);
    const ratio = rounds.length === 0 ? '–' : median(ratios).toFixed(2);
    const figure = (pick: (run: Result) => number, digits: number): string =>
      median(runs.map(pick)).toFixed(digits);
    print(
      `| ${name.replace('|', '\\|')} | ${(first.report.rows / seconds / 1000).toFixed(0)} | ${(megabytes / seconds).toFixed(0)} | ${ratio} | ${figure((run) => run.loaderCpu, 2)} | ${figure((run) => run.serverCpu, 2)} | ${figure((run) => run.peakMegabytes, 0)} | ${figure((run) => run.walMegabytes, 0)} |`,
    );
  }
}

const home = await mkdtemp(join(tmpdir(), 'edgeledger-bench-home-'));
const server = await openEmbeddedPostgres({ home, logger: silentLogger, durable: true });
const client = new pg.Client({ connectionString: server.connectionString });
try {
  await using warehouse = await createWarehouse({ connectionString: server.connectionString });
  await warehouse.migrate();
  await client.connect();
  const versions = await client.query<{ version: string; folder: string }>(
    `SELECT split_part(version(), ' on ', 1) AS version, current_setting('data_directory') AS folder`,
  );
  const folder = versions.rows[0]?.folder ?? '';

  const postmaster = Number(readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[0]);
  print(
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${versions.rows[0]?.version}, Node ${process.version}`,
  );
  for (const [program, used] of [
    ['psql', 'the yardstick'],
    ['pgloader', 'a peer'],
  ] as const) {
    if (!isInstalled(program)) print(`${program.toUpperCase()} IS NOT INSTALLED: ${used} is left out.`);
  }
  const request = { folder: options.data, parts: Number(options.parts) };
  const rows = quick ? 20_000 : Number(options.rows) * scale;
  const imageRows = quick ? 10_000 : Number(options['image-rows']) * scale;
  const datasets = [
    { name: 'cdn_logs', make: (variant: number) => makeLogReport({ ...request, rows, variant }) },
    {
      name: 'image_analytics',
      make: (variant: number) => makeImageReport({ ...request, parts: 1, rows: imageRows, variant }),
    },
  ];
  for (const { name, make } of datasets) {
    if (options.dataset !== undefined && options.dataset !== name) continue;
    const pair = { first: await make(1), changed: await make(2) };
    const words = options.only?.split(',');
    const contenders = makeContenders(server.connectionString, pair).filter(
      (one) => words === undefined || one.name === YARDSTICK || words.some((word) => one.name.includes(word)),
    );
    await compare(client, contenders, postmaster);
  }
} finally {
  await client.end().catch(() => undefined);
  await server.close();
  await rm(home, { recursive: true, force: true });
}
print(`\nThe data stays in ${options.data} for the next run.`);
