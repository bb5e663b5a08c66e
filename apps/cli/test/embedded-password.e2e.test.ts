import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createImgixServer, type ImgixServer } from './imgix-server.ts';
import { runCli } from './run-cli.ts';

const DAY = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);

let folder: string;
let imgix: ImgixServer;
let environment: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edgeledger-embedded-'));
  const files = [`timestamp,url\n${DAY}T00:00:00Z,/a\n`];
  imgix = await createImgixServer([{ reportKey: `cdn_logs_${DAY.replaceAll('-', '')}`, day: DAY, files }]);
  environment = {
    EDGELEDGER_HOME: folder,
    EDGELEDGER_CONFIG: '',
    IMGIX_REPORT_TYPES: 'cdn_logs',
    LOG_LEVEL: 'debug',
    ...imgix.environment,
  };
});
afterAll(async () => {
  await imgix.close();
  await rm(folder, { recursive: true, force: true });
});

test('commands on the embedded server tell no password but the one that is asked for it', async () => {
  const run = await runCli(['run', '--from', DAY, '--to', DAY], environment);
  expect(run.exitCode).toBe(0);
  expect(run.stderr).toMatch(/^Warehouse: the embedded Postgres on port \d+; "edgeledger sql" asks it/m);
  const password = (await readFile(join(folder, 'postgres', 'password'), 'utf8')).trim();
  expect(password.length).toBeGreaterThan(20);
  expect(run.stdout + run.stderr).not.toContain(password);
  for (const args of [
    ['status'],
    ['alerts'],
    ['rejects', 'list'],
    ['schema'],
    ['prune', '--dataset', 'cdn_logs', '--keep-days', '1', '--dry-run'],
  ]) {
    const read = await runCli(args, environment);
    expect([args, read.stdout + read.stderr]).not.toEqual([args, expect.stringContaining(password)]);
    expect([args, read.stderr]).not.toEqual([args, expect.stringContaining('Warehouse:')]);
  }
  const who = await runCli(
    ['sql', 'SELECT session_user AS login, count(*) FROM imgix.cdn_logs', '--csv'],
    environment,
  );
  expect(who.stdout).toBe('login,count\nedgeledger_sql,1\n');
});

/** Runs `sql --url`, which keeps the server up, until `act` is done; then Ctrl-C. */
async function whileServed<Result>(act: () => Promise<Result>) {
  let acting: Promise<Result> | undefined;
  let isDone = false;
  const told = await runCli(['sql', '--url'], environment, {
    signal: 'SIGINT',
    when: (output) => {
      if (output.includes('Ctrl-C')) {
        acting ??= act().finally(() => {
          isDone = true;
        });
      }
      return isDone;
    },
  });
  return { told, acted: await acting };
}

test('the address of the embedded server is good until Ctrl-C, and then nothing of it is left', async () => {
  const { told, acted } = await whileServed(() => runCli(['sql', 'SELECT 1'], environment));
  expect(told.exitCode, told.stderr).toBe(0);
  expect(acted).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('(1 row)') });
  expect(told.stdout).toContain((await readFile(join(folder, 'postgres', 'password'), 'utf8')).trim());
  expect(await readdir(join(folder, 'postgres', 'users'))).toEqual([]);
  expect(await readdir(join(folder, 'postgres', 'data'))).not.toContain('postmaster.pid');
});

test.skipIf(process.platform !== 'linux')(
  'the embedded server is told no secret of whoever starts it',
  async () => {
    const { acted } = await whileServed(async () => {
      const [pid] = (await readFile(join(folder, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n');
      return (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').map((one) => one.split('=')[0]);
    });
    expect(environment).toHaveProperty('IMGIX_API_KEY');
    expect(acted).toContain('PATH');
    expect(acted).not.toEqual(expect.arrayContaining([expect.stringMatching(/IMGIX|EDGELEDGER|LOG_/)]));
  },
);
