import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
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

/** What is loaded when it is first used: `[the file that does it, what it loads]`. */
function findLazyLoads(): (readonly [string, string])[] {
  const files = globSync('{apps,packages}/*/src/**/*.ts', { cwd: ROOT });
  return files
    .filter((file) => !/\.test\.ts$|proof-subject\.ts$|^packages\/testkit/.test(file))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8').replaceAll(/typeof import\('[^']+'\)/g, '');
      const loads = text.matchAll(/(?:\bimport|createRequire\(import\.meta\.url\))\('([^']+)'\)/g);
      return [...loads].map((match) => [file, match[1] ?? ''] as const);
    });
}

test('everything that is loaded, at once or when it is first used, is in the warmed compile cache', () => {
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
  const afterStart = entries();
  expect(afterStart - warmed).toBeLessThanOrEqual(2);

  // tracing is turned on by few
  const lazy = findLazyLoads().filter(([, load]) => !/^@opentelemetry|^bullmq-otel/.test(load));
  expect(lazy.length).toBeGreaterThan(25);
  const loads = lazy.map(([file, load]) => {
    const user = join(ROOT, file);
    return pathToFileURL(load.startsWith('.') ? join(user, '..', load) : createRequire(user).resolve(load))
      .href;
  });
  const script = `for (const place of ${JSON.stringify(loads)}) await import(place);`;
  expect(run('--input-type=module', '--eval', script)).toMatchObject({ status: 0, stderr: '' });
  // the script itself
  expect(entries() - afterStart).toBeLessThanOrEqual(1);
}, 60_000);
