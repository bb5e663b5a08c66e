import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createImgixServer, type ImgixServer } from './imgix-server.ts';
import { runCli } from './run-cli.ts';

/** What an attacker would send who may choose a report's bytes, its names, or the command's arguments. */

const DAY = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
const KEY = `cdn_logs_${DAY.replaceAll('-', '')}`;

let database: TestDatabase;
let folder: string;
let environment: Record<string, string>;
let imgix: ImgixServer;

beforeAll(async () => {
  database = await createTestDatabase();
  imgix = await createImgixServer([]);
  folder = await mkdtemp(join(tmpdir(), 'edgeledger-hostile-'));
  const config = join(folder, 'edgeledger.yaml');
  await writeFile(
    config,
    `sources: [{ vendor: imgix, reportTypes: [cdn_logs] }]\narchive: { kind: directory, path: ${join(folder, 'archive')} }\n`,
  );
  environment = { DATABASE_URL: database.connectionString, EDGELEDGER_CONFIG: config, ...imgix.environment };
});
afterAll(async () => {
  await imgix.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

async function importText(content: string | Buffer, key = KEY, ...args: string[]) {
  const path = join(folder, 'report.csv');
  await writeFile(path, content);
  return runCli(['import', path, '--dataset', 'imgix.cdn_logs', '--report-key', key, ...args], environment);
}

const run = () => runCli(['run', '--from', DAY, '--to', DAY], environment);
const columns = async () =>
  (
    await database.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'imgix.cdn_logs'::regclass AND attnum > 0 AND NOT attisdropped`,
    )
  ).map(({ name }) => name);

describe('headers', () => {
  test('that are SQL, system names, look-alikes, too long or not there become harmless columns, each its own', async () => {
    const long = 'l'.repeat(80);
    const header = [
      'timestamp',
      '"x""; DROP TABLE ledger.units; --"',
      '"a\'); SELECT pg_sleep(9); --"',
      'load_id',
      'account',
      'ctid',
      'tableoid',
      `${long}1`,
      `${long}2`,
      'url\u0000',
      '\u0443rl',
      '"line\nbreak"',
      '\u202eevil',
      '',
      '$1',
      'select',
      'SELECT',
    ];
    const row = [`${DAY}T00:00:00Z`, ...header.slice(1).map((_, index) => `value ${index + 1}`)];
    const result = await importText(`${header.join(',').replace('\u0000', '')}\n${row.join(',')}\n`);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    expect(result.exitCode).toBe(0);
    const found = await columns();
    expect(new Set(found).size).toBe(found.length);
    for (const name of found) expect(name).toMatch(/^[a-z_][a-z0-9_]{0,62}$/);
    const [loaded] = await database.query<{ text: string }>(
      'SELECT t::text AS text FROM imgix.cdn_logs AS t',
    );
    for (let index = 1; index < row.length; index += 1) expect(loaded?.text).toContain(`value ${index}`);
    const [real] = await database.query<{ load_id: string; account: string }>(
      'SELECT load_id, account FROM imgix.cdn_logs',
    );
    expect(real).toEqual({ load_id: expect.stringMatching(/^\d+$/), account: 'default' });
    expect(await database.query('SELECT count(*)::int AS n FROM ledger.units')).toEqual([{ n: 1 }]);
  });

  test('with a NUL are refused or cleaned, never passed on', async () => {
    const result = await importText('timestamp,url,od\u0000d\n2026-11-20T00:00:00Z,/a,1\n');
    expect(result.stderr).not.toMatch(/^\s+at |InvariantError|internal\.invariant/m);
  });

  test('of a hundred thousand columns are refused at once, and add none', async () => {
    const before = await columns();
    const names = Array.from({ length: 100_000 }, (_, index) => `column ${index}`);
    const startedAt = performance.now();
    const result = await importText(`timestamp,url,${names.join(',')}\n`);
    expect(result.stderr).toMatch(/100002 columns, at most 400 are read/);
    expect(result.exitCode).toBe(1);
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    expect(await columns()).toEqual(before);
  });

  test('and values that look like formulas are text like any other', async () => {
    const result = await importText(`timestamp,url\n${DAY}T00:00:00Z,"=cmd|' /C calc'!A0"\n`);
    expect(result.exitCode).toBe(0);
    expect(await database.query('SELECT url FROM imgix.cdn_logs')).toEqual([{ url: `=cmd|' /C calc'!A0` }]);
  });
});

describe('sizes', () => {
  test('a record without an end is one reject, and its memory is bounded', async () => {
    const records = `timestamp,url\n${DAY}T00:00:00Z,"${'x'.repeat(40_000_000)}`;
    const result = await importText(gzipSync(records));
    expect(result.stderr).not.toMatch(/^\s+at |heap out of memory/m);
    expect(result.exitCode).toBe(1);
    const [reject] = await database.query<{ bytes: number; code: string; line: number }>(
      'SELECT octet_length(raw) AS bytes, code, line::int FROM ledger.rejects',
    );
    expect(reject).toMatchObject({
      line: 2,
      code: expect.stringMatching(/record-too-large|unterminated-quote/),
    });
    expect(reject?.bytes).toBeLessThanOrEqual(65_536);
  });

  test('a bomb of gzip is refused long before it fills anything', async () => {
    const bomb = gzipSync(gzipSync(Buffer.alloc(400 * 1024 * 1024)));
    expect(bomb.length).toBeLessThan(10_000);
    const result = await importText(bomb);
    expect(result.stderr).toMatch(/grew to more than 300 times/);
    expect(result.exitCode).toBe(1);
  });
});

describe('names', () => {
  test.each([
    ['../../../../tmp/evil', KEY],
    ['UPPER', KEY],
    [`x'; DROP SCHEMA ledger; --`, KEY],
    ['default', `cdn_logs_../../../../evil_${KEY.slice(-8)}`],
    ['default', `cdn_logs_\u001b[2J${KEY.slice(-8)}`],
    ['default', `cdn_logs_${'x'.repeat(400)}_${KEY.slice(-8)}`],
    ['default', 'cdn_logs_99991231'],
    ['default', 'cdn_logs_00010101'],
  ])('account %j with report key %j is a usage error', async (account, key) => {
    const result = await importText('timestamp,url\n', key, '--account', account);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    expect(await database.query('SELECT DISTINCT account FROM ledger.units')).toEqual([
      { account: 'default' },
    ]);
  });

  test('of files that are SQL, options or paths stay names, and the archive stays in its folder', async () => {
    const odd = join(folder, `'; DROP TABLE x; -- $(touch pwned) \u001b[31m.csv`);
    await writeFile(odd, `timestamp,url\n${DAY}T00:00:00Z,/odd\n`);
    const args = ['import', odd, '--dataset', 'imgix.cdn_logs', '--report-key', KEY];
    const result = await runCli(args, environment);
    expect(result.exitCode).toBe(0);
    expect(result.stdout + result.stderr).not.toContain('\u001b[31m');
    const outside = (await readdir(folder)).filter(
      (name) => !['archive', 'edgeledger.yaml', 'report.csv'].includes(name),
    );
    expect(outside).toHaveLength(1);
  });

  test('a folder is no file', async () => {
    await mkdir(join(folder, 'a-folder'));
    const args = ['import', join(folder, 'a-folder'), '--dataset', 'imgix.cdn_logs', '--report-key', KEY];
    expect((await runCli(args, environment)).exitCode).toBe(2);
    await rm(join(folder, 'a-folder'), { recursive: true });
  });
});

describe('a vendor that was taken over', () => {
  beforeEach(() => database.query('DELETE FROM ledger.units'));

  test.each([
    ['a metadata service', 'http://169.254.169.254/latest/meta-data/'],
    ['another host', 'https://evil.example/x.csv?s=1'],
    ['a file of this machine', 'file:///etc/passwd'],
    ['the database', 'http://127.0.0.1:5432/'],
    ['a host in its user', 'https://127.0.0.1@evil.example/'],
    ['no URL at all', 'not a link'],
    ['a traversal', '../../../../etc/passwd'],
  ])('cannot send us to %s', async (_what, link) => {
    imgix.reports = [{ reportKey: KEY, day: DAY, files: [], links: [link] }];
    const result = await run();
    expect(result.exitCode).toBeGreaterThan(0);
    expect(result.stderr).not.toMatch(/^\s+at |InvariantError/m);
    const [unit] = await database.query<{ error_code: string }>(
      'SELECT error_code FROM ledger.units WHERE report_key = $1',
      [KEY],
    );
    expect(unit?.error_code).toMatch(/source\.host-not-allowed|source\.response-malformed/);
  });

  test.each([
    ['NUL in a key', { reportKey: 'cdn_logs\u0000_20261120' }],
    ['a key of ten thousand characters', { reportKey: `cdn_logs_${'x'.repeat(10_000)}` }],
    ['an escape sequence in a key', { reportKey: '\u001b[2Jcdn_logs' }],
  ])('cannot put %s into the ledger', async (_what, change) => {
    imgix.reports = [{ ...change, day: DAY, files: [`timestamp,url\n${DAY}T00:00:00Z,/kept\n`] }];
    const result = await run();
    expect(result.stderr).not.toMatch(/^\s+at |InvariantError/m);
    expect(result.exitCode).toBe(0);
    const keys = await database.query<{ report_key: string }>('SELECT report_key FROM ledger.units');
    expect(keys).toEqual([{ report_key: KEY }]);
  });

  test.each([
    ['a header', '"x\u001b]0;title\u0007\u001b[2J\u009b31m\u202e\n12:00:00Z INFO: forged",known\n1,2\n'],
    [
      'a first record',
      `${DAY}T00:00:00Z,"/a\u001b]0;title\u0007\u009b31m\u202e\n12:00:00Z INFO: forged",3\n`,
    ],
  ])('cannot move a cursor or forge a line by %s', async (_what, file) => {
    imgix.reports = [{ reportKey: KEY, day: DAY, files: [file] }];
    let shown = '';
    for (const [args, change] of [
      [['run', '--from', DAY, '--to', DAY], { LOG_LEVEL: 'debug', LOG_FORMAT: 'json' }],
      [['run', '--from', DAY, '--to', DAY], { LOG_LEVEL: 'debug', LOG_FORMAT: 'pretty' }],
      [['status'], {}],
      [['gaps'], {}],
      [['gaps', '--json'], {}],
      [['alerts', 'list'], {}],
      [['alerts', 'list', '--json'], {}],
    ] as const) {
      const { stdout, stderr } = await runCli(args, { ...environment, ...change });
      shown += stdout + stderr;
    }
    expect(shown).toContain('INFO: forged');
    expect(shown).not.toMatch(/[^\P{C}\n]|[\u2028\u2029]/u);
    expect(shown).not.toMatch(/^12:00:00Z/m);
    const [unit] = await database.query<{ state: string; error_message: string }>(
      'SELECT state, error_message FROM ledger.units',
    );
    expect(unit?.state).toBe('failed');
    expect(unit?.error_message).not.toMatch(/\p{C}/u);
  });

  test('cannot keep a failure from being recorded by a NUL', async () => {
    const akamai = createServer((request, response) =>
      response.end(request.method === 'GET' ? '{}' : '{"data":[{"x\\u0000y\\ud800":"1"}]}'),
    );
    await new Promise<void>((resolve) => akamai.listen(0, '127.0.0.1', resolve));
    const address = akamai.address();
    const result = await runCli(['run', '--source', 'akamai', '--from', DAY, '--to', DAY], {
      ...environment,
      EDGELEDGER_CONFIG: '',
      AKAMAI_HOST: 'x.luna.akamaiapis.net',
      AKAMAI_CLIENT_TOKEN: 'token0of0client',
      AKAMAI_CLIENT_SECRET: 'secret0of0client',
      AKAMAI_ACCESS_TOKEN: 'token0of0access',
      AKAMAI_API_URL: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    });
    akamai.closeAllConnections();
    akamai.close();
    expect(result.stderr).toContain('It begins: x\\u{0}y');
    expect(result.exitCode).toBe(1);
    expect(await database.query('SELECT state, error_code FROM ledger.units')).toEqual([
      { state: 'failed', error_code: 'file.column-missing' },
    ]);
  });

  test('cannot stop us with a name that is long and made to be looked through slowly', async () => {
    const host = `${'a-'.repeat(60_000)}a.example`;
    imgix.reports = [{ reportKey: KEY, day: DAY, files: [], links: [`https://${host}/x?s=1`] }];
    const startedAt = performance.now();
    const result = await runCli(['run', '--from', DAY, '--to', DAY], { ...environment, LOG_LEVEL: 'debug' });
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    expect(result.stderr).toMatch(/its file is on (a-)+a?…, which is not allowed/);
    const [unit] = await database.query<{ length: number }>(
      'SELECT length(error_message)::int AS length FROM ledger.units',
    );
    expect(unit?.length).toBeLessThan(1_000);
  });

  test('cannot keep us busy with a document without an end', async () => {
    imgix.api = (_request, response) => {
      response.write('[');
      const more = setInterval(() => response.write('['.repeat(1_000_000)), 1);
      response.on('close', () => clearInterval(more));
      return true;
    };
    const result = await run();
    imgix.api = () => false;
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/more than 67108864 bytes/);
  });
});
