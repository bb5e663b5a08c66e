import { gzipSync } from 'node:zlib';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { IMGIX_TABLES, readReport, toEnvironment } from './tables.ts';

/* Everything at once that imgix is known or feared to do, and then: tables equal the truth, nothing else is said. */

const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
const keyOf = (type: string, ago: number): string => `${type}_${day(ago).replaceAll('-', '')}`;
const DAYS = [2, 3, 4, 5, 6];

let emulator: Emulator;
let database: TestDatabase;
let environment: Record<string, string>;

beforeAll(async () => {
  emulator = await createEmulator({
    seed: 29,
    historyDays: 99,
    imgix: {
      requestsPerSecond: 0,
      maxPageSize: 50,
      partMaxRows: 90,
      gzip: 'mixed',
      headerInEveryPart: false,
    },
    volume: { cdnLogRowsPerDay: 300, imagesPerSource: 20 },
  });
  database = await createTestDatabase();
  environment = toEnvironment(emulator, database);
});
afterAll(async () => {
  await emulator.close();
  await database.drop();
});

function reverseColumns(table: { columns: string[]; rows: string[][] }) {
  return { columns: table.columns.toReversed(), rows: table.rows.map((row) => row.toReversed()) };
}

/** Rows of the logs of that day as they must be in the table. */
const RAW_ROWS = [
  ['2026-11-01T00:00:00Z', '/a,"b"\r\nc', '10', 'https://x.example/?a=1,2'],
  ['2026-11-01T00:00:01Z', '/plain', '20', ''],
  ['2026-11-01T00:00:02Z', '/ünï"cöde"', '30', 'line one\nline two'],
  ['2026-11-01T00:00:03Z', '/last', '40', "it's"],
];

function toRawParts(): Buffer[] {
  const line = (row: readonly string[]) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(',');
  const [first = [], second = [], third = [], last = []] = RAW_ROWS;
  return [
    // a BOM, CRLF, headers by their aliases and in another order of cases, a new column
    Buffer.from(
      `\ufeffTime,Image URL,Response-Bytes,Referrer,Edge POP\r\n${line(first)},fra\r\n${line(second)},ams\r\n`,
    ),
    // no header, gzipped, and a field that is no number
    gzipSync(`${line(third)},"lhr"\n2026-11-01T00:00:09Z,/bad,many,,x\n`),
    // the header again, no line end at the end
    Buffer.from(`Time,Image URL,Response-Bytes,Referrer,Edge POP\n${line(last)},cdg`),
  ];
}

test('600 reports on many pages, dying links, damage, drift and odd files end in exactly the truth', async () => {
  emulator.revise({ reportKey: keyOf('mild_errors', 3), edit: reverseColumns });
  emulator.revise({
    reportKey: keyOf('credit_analytics_daily', 4),
    edit: ({ columns, rows }) => ({
      columns: [...columns, 'Neural Upscale-Credits'],
      rows: rows.map((row, index) => [...row, `${index}.25`]),
    }),
  });
  emulator.revise({ reportKey: keyOf('source_analytics', 5), keepRows: 0 });
  emulator.revise({ reportKey: keyOf('cdn_logs', 6), rawParts: toRawParts() });
  const faults = [
    emulator.faults.add({ server: 'imgix', nth: 3, action: { kind: 'status', status: 503 } }),
    emulator.faults.add({ server: 'files', nth: 2, times: 2, action: { kind: 'expire-link' } }),
    emulator.faults.add({
      server: 'files',
      match: /cdn_logs/,
      nth: 4,
      action: { kind: 'cut', afterBytes: 400 },
    }),
    emulator.faults.add({ server: 'files', match: /image_analytics/, nth: 3, action: { kind: 'corrupt' } }),
    emulator.faults.add({ server: 'files', match: /mild_errors/, nth: 2, action: { kind: 'reset' } }),
  ];
  emulator.requests.length = 0;
  const run = await runCli(['run', '--source', 'imgix', '--from', day(6), '--to', day(2), '--json'], {
    ...environment,
    EDGELEDGER_CONFIG: '',
  });
  // one of five records is more than the share that may be rejected
  const summary = JSON.parse(run.stdout);
  expect(summary).toMatchObject({
    loaded: 29,
    waiting: [],
    failed: [{ reportKey: keyOf('cdn_logs', 6), code: 'unit.rejects-above-threshold' }],
  });
  for (const fault of faults) expect(fault.applied).toBeGreaterThan(0);
  const listings = emulator.requests.filter(
    ({ server, path }) => server === 'imgix' && path === '/api/v1/reports',
  );
  expect(listings.length).toBeGreaterThan(9);

  const files = emulator.requests.filter(({ server, status }) => server === 'files' && status === 200);
  // each file once, and once more where it was cut or damaged
  const again = files.length - new Set(files.map(({ path }) => path)).size;
  expect(again).toBe(2);

  for (const type of IMGIX_TABLES) {
    for (const ago of DAYS) {
      if (type === 'cdn_logs' && ago === 6) continue;
      const truth = emulator.truth.imgix(type, day(ago));
      const columns = truth.columns.map((name) =>
        name === 'Neural Upscale-Credits' ? 'neural_upscale_credits' : name,
      );
      const rows = await readReport(database, type, columns, keyOf(type, ago));
      const sourceId = columns.indexOf('source_id');
      const expected = type.startsWith('credit_')
        ? truth.rows.toSorted((a, b) => (a[sourceId] ?? '').localeCompare(b[sourceId] ?? ''))
        : truth.rows;
      expect(
        rows.map((row) => row.map(toPlain)),
        keyOf(type, ago),
      ).toEqual(expected.map((row) => row.map(toPlain)));
    }
  }
});

test('the odd files land field by field once one bad record is allowed', async () => {
  const { writeFile, mkdtemp } = await import('node:fs/promises');
  const folder = await mkdtemp('/tmp/edgeledger-combined-');
  await writeFile(`${folder}/edgeledger.yaml`, 'rejects: { maxShare: 0.5 }\n');
  const run = await runCli(['run', '--source', 'imgix', '--from', day(6), '--to', day(6), '--json'], {
    ...environment,
    EDGELEDGER_CONFIG: `${folder}/edgeledger.yaml`,
  });
  expect(JSON.parse(run.stdout)).toMatchObject({ loaded: 1, rejects: 1, failed: [] });
  const key = keyOf('cdn_logs', 6);
  const rows = await database.query(
    `SELECT part, row_no::int, to_char("timestamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS at, url,
       bytes::int, referers, edge_pop FROM imgix.cdn_logs WHERE report_key = $1 ORDER BY part, row_no`,
    [key],
  );
  const pops = ['fra', 'ams', 'lhr', 'cdg'];
  const places = [
    [1, 1],
    [1, 2],
    [2, 1],
    [3, 1],
  ];
  expect(rows).toEqual(
    RAW_ROWS.map(([at, url, bytes, referers], index) => ({
      part: places[index]?.[0],
      row_no: places[index]?.[1],
      at,
      url,
      bytes: Number(bytes),
      referers: referers === '' ? null : referers,
      edge_pop: pops[index],
    })),
  );
  expect(
    await database.query('SELECT report_key, part, line::int, column_name, code, raw FROM ledger.rejects'),
  ).toEqual([
    {
      report_key: key,
      part: 2,
      line: 3,
      column_name: 'bytes',
      code: 'type-mismatch',
      raw: '2026-11-01T00:00:09Z,/bad,many,,x',
    },
  ]);
  expect(await database.query('SELECT * FROM ledger.findings WHERE resolved_at IS NULL')).toEqual([]);
  expect(
    await database.query('SELECT dataset, column_name, type FROM ledger.schema_changes ORDER BY dataset'),
  ).toEqual([
    { dataset: 'imgix.cdn_logs', column_name: 'edge_pop', type: 'text' },
    { dataset: 'imgix.credit_analytics_daily', column_name: 'neural_upscale_credits', type: 'numeric' },
  ]);
});

/** One spelling for what is equal: 83.50 and 83.5, an instant with and without its milliseconds. */
function toPlain(field: string): string {
  if (/^-?\d+\.\d+$/.test(field)) return String(Number(field));
  return /^\d{4}-\d{2}-\d{2}T/.test(field) ? new Date(field).toISOString() : field;
}
