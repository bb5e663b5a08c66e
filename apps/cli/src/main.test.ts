import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** Tells at the end which modules were loaded, on standard error. */
const WATCH = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const loaded = new Set();
  registerHooks({ load: (url, context, next) => (loaded.add(url), next(url, context)) });
  process.on('exit', () => process.stderr.write([...loaded].join('\\n')));
`)}`;

/** The packages of which `edgeledger <args>` loads modules. */
async function packagesLoadedBy(...args: string[]): Promise<string[]> {
  const cwd = await mkdtemp(join(tmpdir(), 'edgeledger-main-'));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  // in a folder and an environment that configure nothing
  const run = promisify(execFile)(process.execPath, ['--import', WATCH, MAIN, ...args], {
    cwd,
    env: { PATH: process.env.PATH },
  });
  // one that fails has loaded something, too
  const { stderr } = await run.catch((error: { readonly stderr: string }) => error);
  const paths = stderr.split('\n').filter((url) => url.startsWith('file:'));
  const names = paths.map(
    (url) =>
      /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ??
      /.*\/((?:packages|apps)\/[^/]+)\//.exec(url)?.[1],
  );
  return [...new Set(names.map(String))].sort();
}

test('what only shows something loads no more than it shows: help answers at once', async () => {
  for (const args of [['--version'], ['--help'], ['rejects', '--help'], ['completion', 'bash']])
    expect([args, await packagesLoadedBy(...args)]).toEqual([
      args,
      ['apps/cli', 'commander', 'packages/core'],
    ]);
});

test('a command that loads reports starts without what it may never use', async () => {
  const refused = [
    'import',
    'no-such-file.csv',
    '--dataset',
    'cdn_logs',
    '--report-key',
    'cdn_logs_20261120',
  ];
  const packages = await packagesLoadedBy(...refused);
  expect(packages).toContain('packages/sources');
  expect(packages).toContain('pg');
  for (const library of ['kysely', 'undici', 'bullmq', 'prom-client', 'pino-pretty', 'yaml'])
    expect(packages).not.toContain(library);
});
