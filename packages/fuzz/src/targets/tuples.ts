import { assertSound } from '../target.ts';

/** Walks the tuples of a binary COPY (number of fields, then length and bytes of each); gives their row numbers. */
export function countTuples(tuples: Buffer, width: number): number[] {
  const rowNos: number[] = [];
  let at = 0;
  while (at < tuples.length) {
    const count = tuples.readInt16BE(at);
    assertSound(count === width, () => `a tuple of ${count} fields instead of ${width}`);
    at += 2;
    for (let field = 0; field < count; field += 1) {
      const length = tuples.readInt32BE(at);
      at += 4;
      assertSound(length >= -1 && at + length <= tuples.length, () => `a field of ${length} bytes`);
      if (field === 1) rowNos.push(Number(tuples.readBigInt64BE(at)));
      at += Math.max(0, length);
    }
  }
  return rowNos;
}
