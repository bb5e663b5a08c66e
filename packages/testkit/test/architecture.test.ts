import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findViolations, readSourceFiles, toSourceFile } from '../src/architecture.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const files = readSourceFiles(root);

test('the dependency rules hold in every file', () => {
  expect(findViolations(files)).toEqual([]);
});

test('the rules saw every package, with at least one file and its entry point', () => {
  const folders = ['apps', 'packages'].flatMap((area) =>
    readdirSync(join(root, area), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${area}/${entry.name}`),
  );
  expect([...new Set(files.map((file) => file.package))].sort()).toEqual(folders.sort());
  for (const folder of folders) expect(files.map((file) => file.path)).toContain(`${folder}/src/index.ts`);
});

test('the imports of a known file are all seen', () => {
  const planSource = files.find((file) => file.path === 'packages/pipeline/src/plan-source.ts');
  expect(planSource?.imports).toEqual(['@edgeledger/core', './plan.ts']);
});

describe('each rule can fail', () => {
  test.each([
    [
      'packages/pipeline/src/a.ts',
      "import { x } from '@edgeledger/warehouse';",
      'packages/pipeline may not import warehouse',
    ],
    [
      'packages/sources/src/a.ts',
      "import { x } from '@edgeledger/emulator';",
      'packages/sources may not import emulator',
    ],
    [
      'packages/emulator/src/a.ts',
      "import { x } from '@edgeledger/core';",
      'packages/emulator may not import core',
    ],
    [
      'packages/queue/src/a.ts',
      "import type { x } from '@edgeledger/pipeline';",
      'packages/queue may not import pipeline',
    ],
    ['packages/core/src/a.ts', "import { x } from '@edgeledger/core/src/unit.ts';", 'no deep imports'],
    [
      'packages/core/src/a.ts',
      "export { x } from '@edgeledger/core';",
      'a package does not import itself by name',
    ],
    ['packages/pipeline/src/a.ts', "import { Queue } from 'bullmq';", 'bullmq is wrapped by one package'],
    ['apps/cli/src/a.ts', "import pg from 'pg';", 'pg is wrapped by one package'],
    [
      'packages/sources/src/a.ts',
      `const { request } = await ${'import'}('undici');`,
      'undici is wrapped by one package',
    ],
    [
      'packages/sources/src/imgix/a.ts',
      "import { sign } from '../akamai/edgegrid.ts';",
      'a vendor folder does not import another',
    ],
    ['packages/http/src/a.ts', 'const home = process.env.HOME;', 'process.env only in config'],
    ['packages/core/src/utils.ts', 'export {};', 'a file is named after what it holds'],
    ['packages/core/src/a.ts', '\n'.repeat(301), 'at most 300 lines a file'],
  ])('%s with %j', (path, text, rule) => {
    const folder = path.split('/').slice(0, 2).join('/');
    expect(findViolations([toSourceFile(path, folder, text)]).map((violation) => violation.rule)).toContain(
      rule,
    );
  });

  test('a cycle between packages is found', () => {
    const rules = findViolations([
      toSourceFile('apps/cli/src/a.ts', 'apps/cli', "import { x } from '@edgeledger/worker';"),
      toSourceFile('apps/worker/src/a.ts', 'apps/worker', "import { x } from '@edgeledger/cli';"),
    ]).map((violation) => violation.rule);
    expect(rules).toContain('no cycles between packages');
  });

  test('a cycle between files is found, but not one of types alone', () => {
    const a = toSourceFile('packages/core/src/a.ts', 'packages/core', "import { b } from './b.ts';");
    const back = toSourceFile('packages/core/src/b.ts', 'packages/core', "import { a } from './a.ts';");
    const typesBack = toSourceFile(
      'packages/core/src/b.ts',
      'packages/core',
      "import type { a } from './a.ts';",
    );
    expect(findViolations([a, back]).map((violation) => violation.rule)).toEqual(['no cycles between files']);
    expect(findViolations([a, typesBack])).toEqual([]);
  });
});
