import { expect, test } from 'vitest';
import { compareSnapshots, type SnapshotTable } from './snapshot.ts';

const table = (rows: number, digest: string, lines?: string[]): SnapshotTable => ({
  rows,
  digest,
  ...(lines && { lines }),
});

test('equal tables have nothing to tell', () => {
  const one = new Map([['imgix.cdn_logs', table(3, 'a')]]);
  expect(compareSnapshots(one, new Map(one))).toEqual([]);
});

test.each([
  ['a row less', table(2, 'b'), 'imgix.cdn_logs: 2 rows, expected 3 rows'],
  ['other content', table(3, 'b'), 'imgix.cdn_logs: 3 rows, expected 3 rows, with other content'],
])('%s is told', (_what, found, message) => {
  const expected = new Map([['imgix.cdn_logs', table(3, 'a')]]);
  expect(compareSnapshots(expected, new Map([['imgix.cdn_logs', found]]))).toEqual([message]);
});

test('a table that is missing, or too many, is told', () => {
  const one = new Map([['imgix.cdn_logs', table(3, 'a')]]);
  expect(compareSnapshots(one, new Map())).toEqual(['imgix.cdn_logs: no rows, expected 3 rows']);
  expect(compareSnapshots(new Map(), one)).toEqual(['imgix.cdn_logs: 3 rows, expected no rows']);
});

test('of a small table the lines that differ are shown', () => {
  const [message] = compareSnapshots(
    new Map([['ledger.units', table(1, 'a', ['(loaded)'])]]),
    new Map([['ledger.units', table(1, 'b', ['(failed)'])]]),
  );
  expect(message).toContain('- (loaded)');
  expect(message).toContain('+ (failed)');
});
