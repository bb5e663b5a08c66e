import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';

let database: TestDatabase;
let env: Record<string, string>;
beforeAll(async () => {
  database = await createTestDatabase();
  env = { DATABASE_URL: database.connectionString, EDGELEDGER_CONFIG: '' };
  await database.query(
    `INSERT INTO ledger.units (account, dataset, report_key, period_start, period_end, state, available_at, loaded_at, expires_at, error_message)
     VALUES ('default', 'imgix.cdn_logs', 'cdn_logs_20261001', '2026-10-01Z', '2026-10-02Z', 'loaded', now(), now(), NULL, NULL),
            ('default', 'imgix.cdn_logs', 'cdn_logs_20261002', '2026-10-02Z', '2026-10-03Z', 'failed', NULL, NULL, now() + interval '3 days', $1)`,
    ['Could not download cdn_logs_20261002: the server answers 503. It is tried again.'],
  );
});
afterAll(() => database.drop());

test('a query is answered as a table, as JSON and as CSV', async () => {
  const query = `SELECT report_key, state, NULL AS nothing, '' AS blank, 'a,"b"' AS odd FROM ledger.units ORDER BY 1 LIMIT 1`;
  expect((await runCli(['sql', query], env)).stdout).toMatch(/cdn_logs_20261001 {2}loaded.*\n\(1 row\)\n$/s);
  const json = await runCli(['sql', query, '--json'], env);
  expect(JSON.parse(json.stdout)).toEqual([
    { report_key: 'cdn_logs_20261001', state: 'loaded', nothing: null, blank: '', odd: 'a,"b"' },
  ]);
  const csv = await runCli(['sql', query, '--csv'], env);
  expect(csv.stdout).toBe('report_key,state,nothing,blank,odd\ncdn_logs_20261001,loaded,,"","a,""b"""\n');
});

test('queries come from standard input, too, and the last one needs no semicolon', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../src/main.ts'), 'sql', '--csv'], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end('SELECT 1 AS one; -- a remark;\nSELECT 2 AS two');
  expect(await text(child.stdout)).toBe('one\n1\ntwo\n2\n');
});

test('nothing can be changed, whatever a statement says, and a wrong one is a usage error in words of Postgres', async () => {
  const change = "UPDATE ledger.units SET state = 'lost'";
  const hidden = await runCli(['sql', `WITH changed AS (${change} RETURNING 1) SELECT 1`], env);
  expect(hidden).toMatchObject({ exitCode: 2, stdout: '' });
  expect(hidden.stderr).toMatch(/permission denied|read-only transaction/);
  for (const statement of [change, "COPY (SELECT 1) TO PROGRAM 'true'", 'DO $$ BEGIN RESET ROLE; END $$']) {
    const refused = await runCli(['sql', statement], env);
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toContain('Only statements that read');
  }
  await runCli(['sql', "COMMIT; UPDATE ledger.units SET state = 'lost'"], env);
  await runCli(
    ['sql', "RESET ROLE; SET TRANSACTION READ WRITE; UPDATE ledger.units SET state = 'lost'"],
    env,
  );
  expect(await database.query(`SELECT FROM ledger.units WHERE state = 'lost'`)).toHaveLength(0);
  expect((await runCli(['sql', 'SELECT current_user AS me', '--csv'], env)).stdout).toBe(
    'me\nedgeledger_reader\n',
  );
  const wrong = await runCli(['sql', 'SELECT nothing FROM ledger.units'], env);
  expect(wrong).toMatchObject({ exitCode: 2 });
  expect(wrong.stderr).toContain('column "nothing" does not exist');
});

test('tables and columns are listed with what they mean', async () => {
  expect((await runCli(['sql', '\\d'], env)).stdout).toMatch(
    /ledger\.gaps +view +Units that should be loaded/,
  );
  expect((await runCli(['sql', '\\d ledger.gaps'], env)).stdout).toMatch(/days_left +numeric +Days until/);
});

test('--url gives the connection string for other programs', async () => {
  expect((await runCli(['sql', '--url'], env)).stdout).toBe(`${database.connectionString}\n`);
});

test('status and gaps say what is missing, whole, one line each, and end with 4', async () => {
  const status = await runCli(['status'], env);
  expect(status.exitCode).toBe(4);
  expect(status.stdout).toMatch(/imgix\.cdn_logs +2026-10-02 +1 +1/);
  const gaps = await runCli(['gaps'], env);
  expect(gaps.exitCode).toBe(4);
  expect(gaps.stdout).toMatch(
    /^cdn_logs_20261002 {2}failed +3\.0 days left {2}Could not download .* It is tried again\.\n$/,
  );
  expect(`${status.stdout}${gaps.stdout}`).not.toContain('\u001b');
  expect(JSON.parse((await runCli(['gaps', '--json'], env)).stdout)).toHaveLength(1);
});

test('doctor checks everything in one line each and says what to do', async () => {
  const { stdout, exitCode } = await runCli(['doctor'], { ...env, HOST: '0.0.0.0', IMGIX_API_KEY: '' });
  expect(exitCode).toBe(3);
  for (const line of [
    /^ok {6}configuration: environment only; sources: none$/m,
    /^ok {6}postgres: PostgreSQL \d+/m,
    /^ok {6}rights: /m,
    /^warning login: \w+ is a superuser: .*docs\/security\.md, "Roles", has the statements/m,
    /^ok {6}migrations: all \d+ are applied$/m,
    /^ok {6}readers: /m,
    /^ok {6}clock: agrees with Postgres$/m,
    /^ok {6}queue: in Postgres/m,
    /^ok {6}archive: off/m,
    /^failed {2}dashboard: on 0\.0\.0\.0 it wants DASHBOARD_USER/m,
    /^failed {2}sources: No source is configured/m,
  ])
    expect(stdout).toMatch(line);
});

test('doctor sees a database that lacks migrations, rights and the role for readers', async () => {
  await using old = await createTestDatabase();
  await old.query(`DELETE FROM ledger.migrations WHERE name LIKE '0015%'`);
  const user = `loader_${old.name}`;
  await old.query(`CREATE ROLE ${user} LOGIN PASSWORD 'x'`);
  try {
    await old.query(`GRANT USAGE ON SCHEMA ledger, imgix, akamai, staging TO ${user}`);
    await old.query(`GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO ${user}`);
    const url = new URL(old.connectionString);
    url.username = user;
    url.password = 'x';
    const { stdout } = await runCli(['doctor'], { ...env, DATABASE_URL: url.href });
    expect(stdout).toMatch(/^failed {2}rights: this user may not write all tables/m);
    expect(stdout).toMatch(/^failed {2}migrations: 1 are missing: run "edgeledger migrate"$/m);
  } finally {
    await old.query(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
  }
});
