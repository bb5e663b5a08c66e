import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator, type EmulatorOptions } from '@edgeledger/emulator';
import { createTestDatabase } from '@edgeledger/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { openAkamaiLab } from './akamai-lab.ts';
import { runCli } from './run-cli.ts';

const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);

/** The command line with an edgeledger.yaml of its own. */
async function openCli(streams: string, akamai: EmulatorOptions['akamai'] = {}) {
  const emulator = await createEmulator({ historyDays: 20, akamai: { requestsPerMinute: 0, ...akamai } });
  const database = await createTestDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'edgeledger-streams-'));
  onTestFinished(async () => {
    await emulator.close();
    await database.drop();
    await rm(folder, { recursive: true });
  });
  const { credentials } = emulator;
  const path = join(folder, 'edgeledger.yaml');
  const write = (text: string) =>
    writeFile(path, `sources:\n  - vendor: akamai\n    apiUrl: ${emulator.akamaiUrl}\n    streams:\n${text}`);
  await write(streams);
  const environment = {
    EDGELEDGER_CONFIG: path,
    DATABASE_URL: database.connectionString,
    AKAMAI_HOST: credentials.akamai.host,
    AKAMAI_CLIENT_TOKEN: credentials.akamai.clientToken,
    AKAMAI_CLIENT_SECRET: credentials.akamai.clientSecret,
    AKAMAI_ACCESS_TOKEN: credentials.akamai.accessToken,
  };
  const cli = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    runCli(args, { ...environment, ...more });
  return { emulator, database, write, cli };
}

test('another v1 report needs configuration, not code: its table follows from its type', async () => {
  const { database, cli, emulator } = await openCli(`
      - { report: hits-by-time }
      - { report: bytes-by-cpcode, objectIds: [55232, 23433] }
      - { name: split, report: hits-by-time, objectIds: [55232, 23433], splitByObject: true, metrics: [edgeHits], window: 6h }
`);
  const args = ['run', '--from', day(4), '--to', day(3), '--json'];
  const run = await cli(args);
  expect(run.stderr).not.toMatch(/failed/);
  expect(run.exitCode).toBe(0);
  expect(JSON.parse(run.stdout)).toMatchObject({ loaded: 2 + 2 + 8, rejects: 0 });

  const truth = emulator.truth.endpointUsage('all', new Date(day(4)), new Date(day(2)));
  const rows = await database.query(
    `SELECT edge_hits::int AS edge, origin_hits::int AS origin, hits_offload::text AS offload FROM akamai.hits_by_time
     WHERE report_key LIKE 'hits-by-time_default_%' ORDER BY period_start`,
  );
  expect(rows).toEqual(
    truth.map(({ edgeHits }) => {
      const origin = Math.floor(edgeHits / 5);
      const offload = edgeHits === 0 ? null : ((100 * (edgeHits - origin)) / edgeHits).toFixed(4);
      return { edge: edgeHits, origin, offload };
    }),
  );
  const columns = await database.query(
    `SELECT attname AS name, format_type(atttypid, -1) AS type, col_description(attrelid, attnum) AS comment
     FROM pg_attribute WHERE attrelid = 'akamai.hits_by_time'::regclass AND attname IN ('edge_hits', 'hits_offload')
     ORDER BY 1`,
  );
  expect(columns).toEqual([
    {
      name: 'edge_hits',
      type: 'bigint',
      comment: expect.stringMatching(/end users' clients.*Unit: count.*edgeHits/),
    },
    {
      name: 'hits_offload',
      type: 'numeric',
      comment: expect.stringMatching(/did not reach.*Unit: percentage/),
    },
  ]);
  const [split] = await database.query(
    `SELECT count(*)::int AS rows, count(DISTINCT object_id)::int AS ids, count(DISTINCT report_key)::int AS units,
       count(origin_hits)::int AS others FROM akamai.hits_by_time WHERE report_key LIKE 'hits-by-time_split_%T%'`,
  );
  expect(split).toEqual({ rows: 2 * 576, ids: 2, units: 8, others: 0 });
  const bytes = await database.query(
    `SELECT cpcode, edge_bytes::float8 AS bytes, period_end - period_start = interval '1 day' AS whole
     FROM akamai.bytes_by_cpcode WHERE period_start = $1 ORDER BY cpcode`,
    [new Date(day(4))],
  );
  const sumOf = (id: string) =>
    emulator.truth
      .endpointUsage([id], new Date(day(4)), new Date(day(3)))
      .reduce((sum, interval) => sum + interval.edgeBytes, 0);
  expect(bytes).toEqual([
    { cpcode: '23433', bytes: sumOf('23433'), whole: true },
    { cpcode: '55232', bytes: sumOf('55232'), whole: true },
  ]);
  expect((await cli(['run', '--from', day(4), '--to', day(3)])).stdout).toMatch(/^Nothing to load/);
});

test('doctor and run refuse a stream that asks for what the report does not offer, and say what it offers', async () => {
  const { cli, write, emulator } = await openCli(`
      - { dataset: endpoint_usage_by_time, metrics: [edgeBites], filters: { colour: [red] } }
`);
  const offer =
    /no metric "edgeBites"; the report offers edgeBytes, .*no filter "colour"; the report offers http_method/;
  const doctor = await cli(['doctor']);
  expect(doctor.stdout).toMatch(offer);
  expect(doctor.stdout).toMatch(/^ok {6}postgres: PostgreSQL/m);
  expect(doctor.stdout).toMatch(/^ok {6}queue: in Postgres/m);
  expect(doctor.exitCode).toBe(3);
  const run = await cli(['run', '--from', day(3), '--to', day(3)]);
  expect(run.exitCode).toBe(3);
  expect(run.stderr).toMatch(offer);
  const worker = await cli(['worker']);
  expect([worker.exitCode, offer.test(worker.stderr)]).toEqual([3, true]);
  expect(emulator.requests.some((one) => one.path.endsWith('report-data'))).toBe(false);

  await write('      - { dataset: endpoint_usage_by_time }\n');
  const sound = await cli(['doctor', '--json']);
  expect(sound.exitCode).toBe(0);
  const checks: { name: string; state: string }[] = JSON.parse(sound.stdout).checks;
  expect(checks.length).toBeGreaterThan(8);
  // the tests' own user of Postgres is a superuser
  expect(checks.filter(({ state }) => state !== 'ok')).toMatchObject([{ name: 'login', state: 'warning' }]);
  const rejected = await cli(['doctor'], { AKAMAI_CLIENT_SECRET: 'wrong' });
  expect(rejected.exitCode).toBe(3);
  expect(rejected.stdout).toMatch(/failed {2}akamai-default, stream default .*Check AKAMAI_CLIENT_TOKEN/);
  const down = await cli(['doctor'], { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });
  expect(down.exitCode).toBe(3);
  expect(down.stdout).toMatch(/failed {2}postgres: .*127\.0\.0\.1:1/);
  expect(down.stdout).toMatch(/ok {6}akamai-default/);
});

test('ids that the vendor forbids fail the stream, or are left out where the operator allowed it', async () => {
  const { cli, write, database } = await openCli(`
      - { dataset: endpoint_usage_by_time, objectIds: [55232, 99999] }
`);
  const args = ['run', '--from', day(3), '--to', day(3), '--json'];
  const refused = await cli(args);
  expect(refused.exitCode).toBe(3);
  expect(JSON.parse(refused.stdout).failed).toEqual([
    expect.objectContaining({
      code: 'source.forbidden',
      message: expect.stringMatching(/\[99999\].*dropForbiddenObjects: true/),
    }),
  ]);
  await write(
    '      - { dataset: endpoint_usage_by_time, objectIds: [55232, 99999], dropForbiddenObjects: true }\n',
  );
  expect((await cli(args)).exitCode).toBe(0);
  expect(await database.query('SELECT count(*)::int AS rows FROM akamai.endpoint_usage_by_time')).toEqual([
    { rows: 288 },
  ]);
  expect(await database.query('SELECT kind, details FROM ledger.findings WHERE resolved_at IS NULL')).toEqual(
    [{ kind: 'objects-dropped', details: { objectIds: ['99999'] } }],
  );
});

test('plan tells the requests and the minutes that the rate limit makes of them', async () => {
  const { cli } = await openCli('      - { dataset: endpoint_usage_by_time, window: 1h }\n');
  const plan = JSON.parse((await cli(['plan', '--from', day(10), '--to', day(1), '--json'])).stdout);
  expect(plan.datasets).toMatchObject([{ toLoad: 240, requests: 240, minutes: 3 }]);
});

test('a report that is retired is one finding, and everything else goes on', async () => {
  const withdrawn: string[] = [];
  const lab = await openAkamaiLab(
    new Date('2026-11-20T12:00:00Z'),
    [
      { name: 'default', dataset: 'endpoint_usage_by_time', objectIds: 'all' },
      { name: 'default', dataset: 'api_usage_details', objectIds: ['1-123A'] },
    ],
    { akamai: { withdrawnReports: withdrawn, deprecatedReports: ['endpoint-usage-by-time'] } },
  );
  withdrawn.push('apiusagedetails-by-time');
  await lab.run(3);
  const findings = await lab.database.query(
    `SELECT dataset, kind, message FROM ledger.findings WHERE resolved_at IS NULL ORDER BY dataset`,
  );
  expect(findings).toEqual([
    {
      dataset: 'akamai.api_usage_details',
      kind: 'unavailable',
      message: expect.stringMatching(/successor is common\/apis\/usage-details/),
    },
    { dataset: 'akamai.endpoint_usage_by_time', kind: 'deprecated', message: expect.any(String) },
  ]);
  const [usage] = await lab.database.query(
    'SELECT count(*)::int > 800 AS loaded FROM akamai.endpoint_usage_by_time',
  );
  expect(usage).toEqual({ loaded: true });
});

test('a storm of 429 is waited out as told, and no request is sent meanwhile', async () => {
  const { cli, emulator, database } = await openCli('      - { dataset: endpoint_usage_by_time }\n');
  const storm = emulator.faults.add({
    server: 'akamai',
    match: /report-data/,
    nth: 2,
    times: 2,
    action: { kind: 'status', status: 429, headers: { 'retry-after': '2' } },
  });
  const run = await cli(['run', '--from', day(9), '--to', day(2)]);
  expect(run.exitCode).toBe(0);
  expect(storm.applied).toBe(2);
  const asked = emulator.requests.filter((one) => one.path.endsWith('report-data'));
  const told = asked.filter((one) => one.status === 429).map((one) => one.at.getTime());
  // what was on its way when the vendor said so came within moments
  const during = asked.filter(({ at }) =>
    told.some((from) => at.getTime() > from + 250 && at.getTime() < from + 1990),
  );
  expect(during).toEqual([]);
  expect(await database.query('SELECT count(*)::int AS rows FROM akamai.endpoint_usage_by_time')).toEqual([
    { rows: 8 * 288 },
  ]);
});
