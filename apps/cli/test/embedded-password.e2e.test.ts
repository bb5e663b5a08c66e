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

test('the address of the embedded server is good until Ctrl-C, and then nothing of it is left', async () => {
  let asking: Promise<unknown> | undefined;
  let hasAnswered = false;
  const told = await runCli(['sql', '--url'], environment, {
    signal: 'SIGINT',
    when: (output) => {
      if (output.includes('Ctrl-C')) {
        asking ??= runCli(['sql', 'SELECT 1'], environment).finally(() => {
          hasAnswered = true;
        });
      }
      return hasAnswered;
    },
  });
  expect(told.exitCode, told.stderr).toBe(0);
  expect(await asking).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('(1 row)') });
  expect(told.stdout).toContain((await readFile(join(folder, 'postgres', 'password'), 'utf8')).trim());
  expect(await readdir(join(folder, 'postgres', 'users'))).toEqual([]);
  expect(await readdir(join(folder, 'postgres', 'data'))).not.toContain('postmaster.pid');
});
