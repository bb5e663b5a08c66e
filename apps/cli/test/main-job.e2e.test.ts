import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { DATA_TABLES, IMGIX_TABLES, readReport, readRowVersions, toEnvironment } from './tables.ts';

const NOW = Date.now();
const day = (ago: number): string => new Date(NOW - ago * 86_400_000).toISOString().slice(0, 10);
const FROM = day(5);
const TO = day(3);
const DAYS = [FROM, day(4), TO];

let emulator: Emulator;
let database: TestDatabase;
let environment: Record<string, string>;

beforeAll(async () => {
  emulator = await createEmulator({
    seed: 7,
    historyDays: 40,
    imgix: {
      partMaxRows: 120,
      gzip: 'mixed',
      headerInEveryPart: false,
      maxPageSize: 50,
      requestsPerSecond: 0,
    },
    akamai: { detailsPerDay: 900, detailsLimit: 500, requestsPerMinute: 0 },
  });
  database = await createTestDatabase({ empty: true });
  environment = toEnvironment(emulator, database);
});

afterAll(async () => {
  await emulator.close();
  await database.drop();
});

test('an empty database is set up and every table equals what the vendors have, row by row', async () => {
  const run = await runCli(['run', '--from', FROM, '--to', TO, '--json'], environment);
  expect(run.stderr).not.toMatch(/failed/);
  expect(run.exitCode).toBe(0);
  expect(JSON.parse(run.stdout)).toMatchObject({ loaded: 24, rejects: 0, waiting: [], failed: [], lost: [] });

  for (const type of IMGIX_TABLES) {
    for (const one of DAYS) {
      const truth = emulator.truth.imgix(type, one);
      const key = `${type}_${one.replaceAll('-', '')}`;
      const rows = await readReport(database, type, truth.columns, key);
      const sourceId = truth.columns.indexOf('source_id');
      const expected = type.startsWith('credit_')
        ? truth.rows.toSorted((a, b) => (a[sourceId] ?? '').localeCompare(b[sourceId] ?? ''))
        : truth.rows;
      expect(
        rows.map((row) => row.map(toPlain)),
        key,
      ).toEqual(expected.map((row) => row.map(toPlain)));
    }
  }
});

/** One spelling for what is equal: 83.50 and 83.5, an instant with and without its milliseconds. */
function toPlain(field: string): string {
  if (/^-?\d+\.\d+$/.test(field)) return String(Number(field));
  return /^\d{4}-\d{2}-\d{2}T/.test(field) ? new Date(field).toISOString() : field;
}

test('five-minute usage equals the vendor for every interval and its summary is kept', async () => {
  const rows = await database.query(
    `SELECT to_char(period_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS start, edge_bytes::float8 AS "edgeBytes",
       edge_hits::float8 AS "edgeHits", midgress_bytes::float8 AS "midgressBytes", object_id, period_end - period_start AS span
     FROM akamai.endpoint_usage_by_time ORDER BY period_start`,
  );
  const truth = emulator.truth.endpointUsage(
    'all',
    new Date(`${FROM}T00:00:00Z`),
    new Date(`${day(2)}T00:00:00Z`),
  );
  expect(
    rows.map(({ edgeBytes, edgeHits, midgressBytes }) => ({ edgeBytes, edgeHits, midgressBytes })),
  ).toEqual(truth.map(({ edgeBytes, edgeHits, midgressBytes }) => ({ edgeBytes, edgeHits, midgressBytes })));
  expect(rows).toHaveLength(3 * 288);
  expect(rows.every((row) => row.object_id === '')).toBe(true);
  const [summary] = await database.query(
    `SELECT value::float8 AS value, (SELECT sum(edge_hits)::float8 FROM akamai.endpoint_usage_by_time u
       WHERE u.report_key = s.report_key) AS sum FROM akamai.report_summaries s WHERE metric = 'edgeHitsTotal' LIMIT 1`,
  );
  expect(summary?.value).toBe(summary?.sum);
});

test('every API call of a day lands although one answer holds only five hundred of them', async () => {
  const rows = await database.query(
    `SELECT client_id, client_ip, client_owner, client_token, method, response_code, uri,
       to_char("timestamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at,
       date_bin('5 min', "timestamp", 'epoch') = period_start AS in_interval
     FROM akamai.api_usage_details ORDER BY at, client_id, uri, method, response_code`,
  );
  const truth = emulator.truth.apiUsageDetails(
    emulator.scope.accountIds,
    new Date(`${FROM}T00:00:00Z`),
    new Date(`${day(2)}T00:00:00Z`),
  );
  const toText = (call: Record<string, unknown>): string => Object.values(call).join('|');
  const expected = truth.map((call) =>
    toText({
      id: call.clientId,
      ip: call.clientIp,
      owner: call.clientOwner,
      token: call.clientToken,
      method: call.method.toUpperCase(),
      code: call.responseCode,
      uri: call.uri,
      at: call.timestamp,
    }),
  );
  expect(rows.map(({ in_interval, ...call }) => toText(call)).sort()).toEqual(expected.sort());
  expect(rows.every((row) => row.in_interval === true)).toBe(true);
});

test('a second run changes not one row and downloads no file', async () => {
  const before = await readRowVersions(database);
  for (const table of DATA_TABLES) expect(before[table]?.length, table).toBeGreaterThan(0);
  emulator.requests.length = 0;
  const run = await runCli(['run', '--from', FROM, '--to', TO], environment);
  expect(run.exitCode).toBe(0);
  expect(run.stdout).toMatch(/^Nothing to load/);
  expect(emulator.requests.filter((request) => request.server === 'files')).toEqual([]);
  expect(await readRowVersions(database)).toEqual(before);
});

test('a report that the vendor issues again replaces what was there', async () => {
  const key = `mild_errors_${TO.replaceAll('-', '')}`;
  emulator.revise({ reportKey: key, keepRows: 2 });
  const run = await runCli(['run', '--from', FROM, '--to', TO, '--json'], environment);
  expect(JSON.parse(run.stdout)).toMatchObject({ loaded: 1, covered: 23 });
  const [count] = await database.query(
    'SELECT count(*)::int AS n FROM imgix.mild_errors WHERE report_key = $1',
    [key],
  );
  expect(count?.n).toBe(2);
});

test('the status says what is there, and plan that nothing is missing', async () => {
  const status = await runCli(['status', '--json'], environment);
  expect(status.exitCode).toBe(0);
  expect(JSON.parse(status.stdout).datasets).toHaveLength(8);
  const plan = await runCli(['plan', '--from', FROM, '--to', TO], environment);
  expect(plan.stdout).toContain('Nothing to load.');
  const gaps = await runCli(['gaps'], environment);
  expect(gaps).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('No gaps') });
});

test('no output and no ledger row holds a credential or a signed link', async () => {
  const runs = await runCli(['run', '--from', day(6), '--to', TO], { ...environment, LOG_LEVEL: 'debug' });
  const ledger = await database.query<{ text: string }>(
    `SELECT string_agg(t::text, ' ') AS text FROM (SELECT l::text AS t FROM ledger.loads l
     UNION ALL SELECT u::text FROM ledger.units u UNION ALL SELECT f::text FROM ledger.findings f) AS all_rows`,
  );
  const everything = `${runs.stdout}${runs.stderr}${ledger[0]?.text}`;
  const { imgix, akamai } = emulator.credentials;
  for (const secret of [imgix.apiKey, akamai.clientSecret, akamai.accessToken, 'Signature=']) {
    expect(everything).not.toContain(secret);
  }
});
