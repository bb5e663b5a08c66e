import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the program; once it prints `until`, it is sent `signal`. */
function run(args: readonly string[], until?: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args]);
    const ended = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      ended.stdout += chunk;
      if (until !== undefined && ended.stdout.includes(until)) child.kill(signal);
    });
    child.stderr.on('data', (chunk) => {
      ended.stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...ended }));
  });
}

test('the program prints the environment and ends cleanly on a signal', async () => {
  const { code, stdout } = await run(['--days', '3', '--now', '2026-11-20T12:00:00Z'], 'Ctrl-C', 'SIGINT');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^export IMGIX_API_URL='http:\/\/127\.0\.0\.1:\d+'$/m);
  expect(stdout).toMatch(/^export AKAMAI_HOST='127\.0\.0\.1:\d+'$/m);
  expect(stdout).toMatch(/^export AKAMAI_CP_CODES='55232,23433,32433'$/m);
});

test('a wrong option is one line and exit code 2', async () => {
  for (const args of [['--bogus'], ['--seed', 'x'], ['--now', 'noon'], ['extra'], ['--gzip', 'maybe']]) {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.trimEnd().split('\n').length).toBe(1);
  }
});

test('the help names every option', async () => {
  const { code, stdout } = await run(['--help']);
  expect(code).toBe(0);
  for (const option of [
    '--port-imgix',
    '--port-files',
    '--port-akamai',
    '--seed',
    '--days',
    '--now',
    '--link-ttl',
  ]) {
    expect(stdout).toContain(option);
  }
});
