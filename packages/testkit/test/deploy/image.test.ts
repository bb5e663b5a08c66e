import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..', '..', '..');
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

test('the compile cache is made with the options that the image runs with', () => {
  // Node keeps a cache for each set of them
  const options = [...dockerfile.matchAll(/NODE_OPTIONS="([^"]*)"/g)].map((match) => match[1]);
  expect(options).toEqual([options[0], '--max-semi-space-size=2 --max-old-space-size=512']);
  const made = dockerfile.indexOf('NODE_COMPILE_CACHE=/tmp/compile-cache');
  expect(made).toBeGreaterThan(0);
  expect(dockerfile.indexOf('NODE_COMPILE_CACHE=/app/.compile-cache')).toBeGreaterThan(made);
});

test('a command finds everything it loads in the warmed compile cache', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgeledger-cache-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const run = (...args: string[]) =>
    spawnSync(process.execPath, args, {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: join(folder, 'cache'),
      },
    });
  const entries = () => readdirSync(join(folder, 'cache'), { recursive: true }).length;

  expect(run(join(ROOT, 'deploy/docker/warm-compile-cache.mjs'))).toMatchObject({ status: 0, stderr: '' });
  const warmed = entries();
  expect(warmed).toBeGreaterThan(500);
  for (const command of ['worker', 'scheduler']) {
    // no source is configured: the command is loaded and says so
    const { status } = run(join(ROOT, 'apps/cli/src/main.ts'), command);
    expect(status, command).toBeGreaterThan(0);
  }
  // the entry point itself, as written and as run, cannot be warmed: to load it is to run it
  expect(entries() - warmed).toBeLessThanOrEqual(2);
}, 60_000);
