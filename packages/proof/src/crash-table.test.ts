import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MILESTONES } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { CRASH_TABLE } from './crash-table.ts';
import { FAULT_TABLE } from './fault-table.ts';
import { listMatrix } from './matrix.ts';
import { findUnknownNames } from './short-proof.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
/** These name milestones without passing them. */
const TABLES = /packages\/(proof\/|core\/src\/milestones)/;

function readProductCode(): string[] {
  return ['apps', 'packages'].flatMap((area) =>
    readdirSync(join(ROOT, area)).flatMap((name) => {
      const folder = `${area}/${name}/src`;
      if (!existsSync(join(ROOT, folder))) return [];
      return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .map((file) => `${folder}/${file}`)
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !TABLES.test(file))
        .map((file) => readFileSync(join(ROOT, file), 'utf8'));
    }),
  );
}

/** The milestones that a text passes: `passing('…')`, `passing?.('…')`. */
function findPassed(text: string): string[] {
  return [...text.matchAll(/\bpassing(?:\?\.)?\(\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

const passed = new Set(readProductCode().flatMap(findPassed));

test('the code passes every milestone of the list, and no other', () => {
  expect([...passed].sort()).toEqual(Object.keys(MILESTONES).sort());
});

test('a milestone that is not in the list would be seen in the code', () => {
  const code =
    "await work();\n  connection.passing?.('part.invented');\n  services.passing(\n    'part.other',\n  );";
  expect(findPassed(code)).toEqual(['part.invented', 'part.other']);
  expect(Object.keys(MILESTONES)).not.toContain('part.invented');
});

test('the crash table has a case for every milestone, and no other', () => {
  expect(Object.keys(CRASH_TABLE).sort()).toEqual(Object.keys(MILESTONES).sort());
});

test('every milestone is told on the page of guarantees, in its words', () => {
  const page = readFileSync(join(ROOT, 'docs', 'guarantees.md'), 'utf8');
  for (const [name, meaning] of Object.entries(MILESTONES))
    expect(page).toContain(`| \`${name}\` | ${meaning} |`);
  for (const { title } of FAULT_TABLE) expect(page).toContain(title.replace(/^[^:]+: /, ''));
});

test('the short proof names cases that exist', () => {
  expect(findUnknownNames(listMatrix(['postgres'], 1))).toEqual([]);
  expect(findUnknownNames([])).not.toEqual([]);
});

test('every case of the matrix has a name of its own on its backend', () => {
  const names = listMatrix(['postgres', 'redis'], 1).map((one) => `${one.backend} ${one.name}`);
  expect(new Set(names).size).toBe(names.length);
});
