import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { toEnvironment } from './tables.ts';

const DAY = new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10);
const KEY = `mild_errors_${DAY.replaceAll('-', '')}`;

let emulator: Emulator;
let database: TestDatabase;
let environment: Record<string, string>;
let folder: string;

beforeAll(async () => {
  emulator = await createEmulator({ seed: 17, historyDays: 10, imgix: { requestsPerSecond: 0 } });
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'edgeledger-schema-'));
  environment = toEnvironment(emulator, database);
  const extra: Record<string, (row: number) => string> = {
    'Edge POP': (row) => `fra${row}`,
    Latency: (row) => (row === 0 ? '' : `${row}.5`),
    Hits: (row) => `${row}`,
    'Zip Code': (row) => `0${row}`,
    'Seen At': (row) => `17632${row}0000`,
    'On Day': () => '2026-11-20',
    Junk: () => 'x',
    'Mixed Up': (row) => (row === 1 ? 'many' : `${row}`),
  };
  emulator.revise({
    reportKey: KEY,
    keepRows: 5,
    edit: ({ columns, rows }) => ({
      columns: [...columns, ...Object.keys(extra)],
      rows: rows.map((row, index) => [...row, ...Object.values(extra).map((make) => make(index))]),
    }),
  });
  await runCli(
    ['run', '--source', 'imgix', '--dataset', 'mild_errors', '--from', DAY, '--to', DAY],
    environment,
  );
});
afterAll(async () => {
  await emulator.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function configure(columns: string): Promise<void> {
  const path = join(folder, 'edgeledger.yaml');
  const key = '$' + '{IMGIX_API_KEY}';
  await writeFile(
    path,
    `sources:\n  - vendor: imgix\n    apiKey: ${key}\n    datasets: { mild_errors: { columns: ${columns} } }\n`,
  );
  environment = { ...environment, EDGELEDGER_CONFIG: path };
}
const types = async () =>
  Object.fromEntries(
    (
      await database.query<{ name: string; type: string }>(
        `SELECT column_name AS name, data_type AS type FROM information_schema.columns
         WHERE table_schema = 'imgix' AND table_name = 'mild_errors' AND ordinal_position > 13`,
      )
    ).map(({ name, type }) => [name, type]),
  );
const apply = async (...args: string[]) => {
  const result = await runCli(['schema', 'apply', '--json', ...args], environment);
  return { ...result, applied: JSON.parse(result.stdout).applied as Record<string, unknown>[] };
};

test('every unknown column is listed with the type that loses nothing, and with what others would refuse', async () => {
  const result = await runCli(['schema', '--json'], environment);
  expect(result.exitCode).toBe(0);
  const { unmapped } = JSON.parse(result.stdout) as { unmapped: Record<string, unknown>[] };
  const suggested = Object.fromEntries(unmapped.map((one) => [one.header, one.suggestedType]));
  expect(suggested).toEqual({
    'Edge POP': 'text',
    Latency: 'numeric',
    Hits: 'bigint',
    'Zip Code': 'text',
    'Seen At': 'bigint',
    'On Day': 'date',
    Junk: 'text',
    'Mixed Up': 'text',
  });
  expect(unmapped.find((one) => one.column === 'mixed_up')).toMatchObject({
    dataset: 'imgix.mild_errors',
    firstReportKey: KEY,
    values: 5,
    distinctValues: 5,
    refused: { bigint: 1, numeric: 1 },
  });
  expect(unmapped.find((one) => one.column === 'latency')).toMatchObject({
    values: 4,
    refused: { bigint: 4 },
  });
  const shown = await runCli(['schema'], environment);
  expect(shown.stdout).toContain('latency: { header: "Latency", type: numeric }');
});

test('a mapping is applied in place, recorded and shown; values that do not fit keep their column', async () => {
  await configure(
    `{ pop: { header: Edge POP }, latency: { type: numeric }, seen_at: { type: timestamptz }, junk: { drop: true },
       mixed_up: { type: bigint } }`.replaceAll('\n', ' '),
  );
  const before = await database.query(
    'SELECT edge_pop, latency, seen_at FROM imgix.mild_errors ORDER BY row_no',
  );
  const { exitCode, applied } = await apply();
  expect(exitCode).toBe(4);
  expect(applied).toMatchObject([
    { column: 'pop', action: 'renamed', from: 'edge_pop', isApplied: true },
    { column: 'latency', action: 'retyped', from: 'text', to: 'numeric', isApplied: true },
    { column: 'seen_at', action: 'retyped', to: 'timestamptz', isApplied: true },
    { column: 'junk', action: 'dropped', isApplied: true },
    {
      column: 'mixed_up',
      action: 'retyped',
      isApplied: false,
      refusedValues: 1,
      refusedUnits: [{ account: 'default', reportKey: KEY }],
    },
  ]);
  expect(await types()).toMatchObject({
    pop: 'text',
    latency: 'numeric',
    seen_at: 'timestamp with time zone',
    mixed_up: 'text',
  });
  expect(Object.keys(await types())).not.toContain('junk');
  const after = await database.query('SELECT pop, latency, seen_at FROM imgix.mild_errors ORDER BY row_no');
  expect(after.map(({ pop }) => pop)).toEqual(before.map(({ edge_pop }) => edge_pop));
  expect(after.map(({ latency }) => latency)).toEqual(before.map(({ latency }) => latency));
  expect(after[0]?.seen_at).toEqual(new Date(1_763_200_000 * 1000));

  const status = await runCli(['status'], environment);
  expect(status.stdout).toMatch(/mapping +imgix\.mild_errors\.pop \(text\) was called edge_pop/);
  expect(status.stdout).toMatch(/mapping +imgix\.mild_errors\.latency is numeric now/);
  expect(status.stdout).toMatch(/mapping +imgix\.mild_errors\.junk was dropped/);
});

test('loading the report again gives what the mapping made in place', async () => {
  const read = () =>
    database.query('SELECT pop, latency, seen_at, hits, mixed_up FROM imgix.mild_errors ORDER BY row_no');
  await configure(
    '{ pop: { header: Edge POP }, latency: { type: numeric }, seen_at: { type: timestamptz }, junk: { drop: true } }',
  );
  const before = await read();
  const replay = await runCli(['replay', KEY, '--json'], environment);
  expect(JSON.parse(replay.stdout)).toMatchObject({ loaded: 1, failed: [] });
  expect(await read()).toEqual(before);
  expect((await apply()).applied).toEqual([]);
});

test('with force what is refused becomes NULL and its report is named', async () => {
  await configure('{ mixed_up: { type: bigint } }');
  const { exitCode, applied } = await apply('--force');
  expect(exitCode).toBe(0);
  expect(applied).toMatchObject([{ isApplied: true, refusedValues: 1, refusedUnits: [{ reportKey: KEY }] }]);
  const rows = await database.query('SELECT mixed_up FROM imgix.mild_errors ORDER BY row_no');
  expect(rows.map((row) => row.mixed_up)).toEqual(['0', null, '2', '3', '4']);
});

test('values move into a column that is there already, and the old column goes', async () => {
  await database.query('ALTER TABLE imgix.mild_errors ADD COLUMN clicks bigint');
  await configure('{ clicks: { header: Hits, type: bigint } }');
  expect((await apply()).applied).toMatchObject([{ action: 'renamed', from: 'hits', isApplied: true }]);
  const rows = await database.query('SELECT clicks FROM imgix.mild_errors ORDER BY row_no');
  expect(rows.map((row) => row.clicks)).toEqual(['0', '1', '2', '3', '4']);
  expect(Object.keys(await types())).not.toContain('hits');
});

test('views that use a column are put back with comments and rights, or the column stays as it is', async () => {
  const views = () =>
    database.query(
      `SELECT c.relname, obj_description(c.oid) AS comment, pg_get_viewdef(c.oid) AS definition, c.relacl::text AS rights,
         (SELECT array_agg(col_description(c.oid, attnum) ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid) AS columns
       FROM pg_class AS c WHERE relkind = 'v' AND relnamespace = 'imgix'::regnamespace ORDER BY 1`,
    );
  await database.query(
    `CREATE VIEW imgix.mine AS SELECT report_key, sum(errors) AS errors FROM imgix.mild_errors GROUP BY 1;
     COMMENT ON VIEW imgix.mine IS 'it''s mine'; GRANT SELECT ON imgix.mine TO edgeledger_reader;
     CREATE VIEW imgix.on_top AS SELECT max(errors) AS most FROM imgix.mine`,
  );
  const before = await views();
  await configure('{ errors: { type: numeric }, timestamp: { type: date } }');
  expect((await apply()).applied).toMatchObject([
    { column: 'errors', isApplied: true },
    { column: 'timestamp', isApplied: true },
  ]);
  expect(await views()).toEqual(before);
  const again = await database.query('SELECT sum(errors) AS n FROM imgix.errors_by_image');
  expect(Number(again[0]?.n)).toBeGreaterThan(0);

  await database.query('CREATE VIEW imgix.needs_number AS SELECT errors + 1 AS more FROM imgix.mild_errors');
  await configure('{ errors: { type: text } }');
  const { exitCode, applied } = await apply();
  expect(exitCode).toBe(4);
  expect(applied).toMatchObject([{ isApplied: false, reason: expect.stringContaining('a view uses') }]);
  expect(await database.query('SELECT more FROM imgix.needs_number')).toHaveLength(5);
});
