import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger } from '@edgeledger/core';
import { trySql } from '@edgeledger/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findBinaries } from '../src/embedded/binaries.ts';
import { isProcessAlive, until } from '../src/embedded/processes.ts';
import {
  createWarehouse,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  openEmbeddedPostgres,
} from '../src/index.ts';

let home: string;
let opened: EmbeddedPostgres[] = [];
let pids: number[] = [];

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'edgeledger-home-'));
});
afterEach(async () => {
  for (const one of opened) await one.close();
  opened = [];
  const left = [];
  for (const pid of pids) if (await isProcessAlive(pid)) left.push(pid);
  pids = [];
  await rm(home, { recursive: true, force: true });
  expect(left, 'a server process was left behind').toEqual([]);
});

async function open(change: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const one = await openEmbeddedPostgres({ home, logger: silentLogger, durable: false, ...change });
  opened.push(one);
  pids.push(await serverPid());
  return one;
}

const file = (name: string) => path.join(home, 'postgres', name);
const serverPid = async () => Number((await readFile(file('data/postmaster.pid'), 'utf8')).split('\n')[0]);

async function query(server: EmbeddedPostgres, sql: string): Promise<readonly (readonly unknown[])[]> {
  await using warehouse = await createWarehouse({ connectionString: server.connectionString });
  return (await warehouse.questions.query(sql)).rows;
}

async function migrate(server: EmbeddedPostgres): Promise<readonly string[]> {
  await using warehouse = await createWarehouse({ connectionString: server.connectionString });
  return (await warehouse.migrate()).applied;
}

async function killServer(): Promise<void> {
  const pid = await serverPid();
  process.kill(pid, 'SIGKILL');
  expect(await until(async () => !(await isProcessAlive(pid)), { timeoutMs: 10_000, intervalMs: 20 })).toBe(
    true,
  );
}

/** Another process of ours that uses the server until it is told to go. */
async function openElsewhere(): Promise<{ child: ChildProcess; startedHere: boolean }> {
  const script = `
    const { openEmbeddedPostgres } = await import(process.argv[2]);
    const { silentLogger } = await import('@edgeledger/core');
    const server = await openEmbeddedPostgres({ home: process.argv[1], logger: silentLogger, durable: false });
    process.stdout.write(String(server.startedHere));
    process.stdin.once('data', async () => { await server.close(); process.exit(0); });`;
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', script, home, new URL('../src/index.ts', import.meta.url).href],
    {
      cwd: path.join(import.meta.dirname, '..'),
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const [output] = await once(child.stdout, 'data');
  return { child, startedHere: String(output) === 'true' };
}

describe('the embedded server', () => {
  it('keeps data, password and port between runs, and stops when it is closed', async () => {
    const first = await open();
    expect(first.startedHere).toBe(true);
    expect(first.connectionString).toMatch(
      /^postgres:\/\/edgeledger:[\w-]{20,}@127\.0\.0\.1:\d+\/edgeledger$/,
    );
    expect((await stat(file('password'))).mode & 0o777).toBe(0o600);
    expect((await migrate(first)).length).toBeGreaterThan(0);
    const pid = await serverPid();
    await first.close();
    expect(await isProcessAlive(pid)).toBe(false);
    const second = await open();
    expect(second.connectionString).toBe(first.connectionString);
    expect(await migrate(second)).toEqual([]);
    expect(
      await query(
        second,
        `SELECT datcollate, datlocprovider, encoding FROM pg_database WHERE datname = 'edgeledger'`,
      ),
    ).toEqual([['C', 'b', 6]]);
  });

  it('makes what only its user may read, and leaves the mode of a home that is there', async () => {
    await chmod(home, 0o755);
    const given = home;
    await (await open()).close();
    expect((await stat(given)).mode & 0o777).toBe(0o755);
    home = path.join(given, 'made');
    try {
      await open();
      const names = [
        '',
        'port',
        'server.log',
        'users',
        ...(await readdir(file('users'))).map((name) => `users/${name}`),
      ];
      for (const name of names) expect([name, (await stat(file(name))).mode & 0o077]).toEqual([name, 0]);
      expect((await stat(home)).mode & 0o066).toBe(0);
    } finally {
      await opened.at(-1)?.close();
      home = given;
    }
  });

  it.skipIf(process.getuid?.() !== 0)(
    'runs as another user where root may make no user namespace, in a home that root makes (needs root)',
    async () => {
      const given = home;
      await chmod(given, 0o755);
      // a machine without unshare
      const programs = path.join(given, 'programs');
      await mkdir(programs);
      await symlink('/usr/bin/id', path.join(programs, 'id'));
      home = path.join(given, 'made');
      try {
        const server = await open({ environment: { PATH: programs } });
        expect((await stat(file('data'))).uid).not.toBe(0);
        expect(await query(server, 'SELECT 1')).toEqual([[1]]);
        await server.close();
        expect(await query(await open(), 'SELECT 1')).toEqual([[1]]);
      } finally {
        await opened.at(-1)?.close();
        home = given;
      }
    },
  );

  it('has a login for queries that may do nothing but read, whatever Postgres lets everybody do', async () => {
    const server = await open();
    await migrate(server);
    const attempt = async (sql: string, database = 'edgeledger'): Promise<string> => {
      const url = new URL(server.readerConnectionString);
      url.pathname = `/${database}`;
      return await trySql(url.href, 'SET default_transaction_read_only = off', sql);
    };
    expect(await attempt('SELECT count(*) FROM ledger.units')).toBe('done');
    for (const sql of [
      'SELECT lo_create(0)',
      'SELECT lo_creat(-1)',
      `SELECT lo_from_bytea(0, 'x')`,
      'CREATE TEMPORARY TABLE x (a text)',
      'CREATE TABLE public.x (a text)',
      `SELECT pg_advisory_lock(hashtextextended('edgeledger.migrate', 0))`,
      'SELECT pg_advisory_xact_lock(1)',
      'SELECT pg_try_advisory_lock_shared(1, 2)',
    ])
      expect([sql, await attempt(sql)]).toEqual([sql, '42501']);
    for (const other of ['postgres', 'template1']) {
      expect([other, await attempt('SELECT 1', other)]).toEqual([other, '42501']);
    }
  });

  it('comes back with its data after it was killed', async () => {
    // only a durable server promises that what was committed is there
    await migrate(await open({ durable: true }));
    await killServer();
    const again = await open({ durable: true });
    expect(again.startedHere).toBe(true);
    expect(await migrate(again)).toEqual([]);
  });

  it('does not mind a pid file of a process that is something else by now', async () => {
    await (await open()).close();
    await writeFile(file('data/postmaster.pid'), `${process.pid}\n${file('data')}\n1\n1\n\n127.0.0.1\n`);
    expect((await open()).startedHere).toBe(true);
  });

  it('takes another port when its own is taken', async () => {
    const first = await open();
    await first.close();
    const squatter = createServer().listen(first.port, '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const second = await open();
      expect(second.port).not.toBe(first.port);
      expect(await query(second, 'SELECT 1')).toEqual([[1]]);
      const asked = second.port;
      await second.close();
      expect((await open({ port: first.port })).port).not.toBe(first.port);
      expect(asked).toBeGreaterThan(0);
    } finally {
      squatter.close();
    }
  });

  it('starts over a data folder whose making was cut off', async () => {
    await mkdir(file('data.new/base'), { recursive: true });
    await writeFile(file('data.new/PG_VERSION'), '18\n');
    await mkdir(file('data'), { recursive: true });
    expect(await query(await open(), 'SELECT 1')).toEqual([[1]]);
  });

  it('refuses a folder that holds something else, and one whose password is gone', async () => {
    await mkdir(file('data'), { recursive: true });
    await writeFile(file('data/PG_VERSION'), '18\n');
    await expect(open()).rejects.toMatchObject({
      code: 'warehouse.embedded-failed',
      message: expect.stringContaining('password'),
    });
    await rm(file('data/PG_VERSION'));
    await writeFile(file('data/letters.txt'), 'mine');
    await expect(open()).rejects.toMatchObject({
      code: 'warehouse.embedded-failed',
      message: expect.stringContaining('not a Postgres'),
    });
  });

  it('is shared by everybody in one process and stops with the last', async () => {
    const [first, second] = await Promise.all([open(), open()]);
    expect([first.startedHere, second.startedHere].sort()).toEqual([false, true]);
    await first.close();
    expect(await query(second, 'SELECT 1')).toEqual([[1]]);
    const pid = await serverPid();
    await second.close();
    expect(await isProcessAlive(pid)).toBe(false);
  });

  it('stays up for another process when its starter closes, and stops with that one', async () => {
    const mine = await open();
    const other = await openElsewhere();
    expect(other.startedHere).toBe(false);
    const pid = await serverPid();
    await mine.close();
    expect(await isProcessAlive(pid)).toBe(true);
    other.child.stdin?.write('go\n');
    await once(other.child, 'exit');
    expect(await isProcessAlive(pid)).toBe(false);
  });

  it('is adopted when its starter was killed, also one that held the start lock', async () => {
    const other = await openElsewhere();
    expect(other.startedHere).toBe(true);
    const pid = await serverPid();
    other.child.kill('SIGKILL');
    await once(other.child, 'exit');
    expect(await isProcessAlive(pid)).toBe(true);
    await writeFile(file('start.lock'), `${other.child.pid}-left-behind`);
    const mine = await open();
    expect(mine.startedHere).toBe(false);
    await mine.close();
    expect(await isProcessAlive(pid)).toBe(false);
  });

  it('says what to do where there is no program for the platform', async () => {
    await expect(findBinaries('sunos', 'sparc')).rejects.toMatchObject({
      code: 'warehouse.embedded-failed',
      message: expect.stringContaining('DATABASE_URL'),
    });
  });
});

describe('createWarehouse', () => {
  it('names host, port and database when it cannot connect, and never the password', async () => {
    const server = await open();
    const wrong = new URL(server.connectionString);
    wrong.password = 'not-the-password';
    const refused = await createWarehouse({ connectionString: wrong.href }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'warehouse.auth-rejected',
      message: expect.stringContaining(`127.0.0.1:${server.port}/edgeledger`),
    });
    expect(String(refused)).not.toContain('not-the-password');

    const missing = new URL(server.connectionString);
    missing.pathname = '/nowhere';
    await expect(createWarehouse({ connectionString: missing.href })).rejects.toMatchObject({
      code: 'warehouse.auth-rejected',
    });

    await server.close();
    const gone = await createWarehouse({ connectionString: server.connectionString }).catch(
      (error: unknown) => error,
    );
    expect(gone).toMatchObject({
      code: 'warehouse.unavailable',
      message: expect.stringContaining(`127.0.0.1:${server.port}/edgeledger`),
    });

    await expect(createWarehouse({ connectionString: 'postgres://user:s3cret@[bad' })).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.not.stringContaining('s3cret'),
    });
  });
});
