import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from './random.ts';
import { makeInput, type Target } from './target.ts';

export const FIXTURES = join(import.meta.dirname, '..', 'fixtures');

/** The input of case number `caseNo`: made again at any time from seed, target and number. */
export function makeCase(target: Target, seed: string, caseNo: number): Buffer {
  return makeInput(target, createRandom(`${seed}/${target.name}/${caseNo}`));
}

export interface Fixture {
  readonly target: string;
  readonly name: string;
  readonly input: Buffer;
}

/** Inputs that something failed on once, in `fixtures/<target>/<what it was>.bin`. */
export function readFixtures(): Fixture[] {
  return readdirSync(FIXTURES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: target }) =>
      readdirSync(join(FIXTURES, target)).map((name) => ({
        target,
        name,
        input: readFileSync(join(FIXTURES, target, name)),
      })),
    );
}
