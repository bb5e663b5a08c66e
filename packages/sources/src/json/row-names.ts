import { JsonExcessError } from '@edgeledger/core';

/** The names that rows have values by, collected without making a text of each. */
export interface RowNames {
  beginRow(): void;
  /** A name with its quotes. @throws JsonExcessError when there are too many different ones. */
  add(from: number, end: number): void;
  /** In the order they appeared. */
  all(): string[];
}

export function createRowNames(bytes: Buffer, limit: number): RowNames {
  const known: Buffer[] = [];
  const positions = new Map<string, number>();
  let next = 0;

  function find(from: number, end: number): number {
    const written = bytes.toString('latin1', from, end);
    const found = positions.get(written);
    if (found !== undefined) return found;
    if (known.length >= limit)
      throw new JsonExcessError(`its rows have more than ${limit} different columns`);
    positions.set(written, known.length);
    // a copy: the answer itself is not kept for its names
    known.push(Buffer.from(bytes.subarray(from, end)));
    return known.length - 1;
  }

  return {
    beginRow() {
      next = 0;
    },
    add(from, end) {
      // rows mostly have the same names in the same order
      const isNext = isSame(known[next], bytes, from, end);
      next = (isNext ? next : find(from, end)) + 1;
    },
    all: () => [...new Set(known.map((name) => JSON.parse(name.toString('utf8')) as string))],
  };
}

function isSame(name: Buffer | undefined, bytes: Buffer, from: number, end: number): boolean {
  if (name === undefined || name.length !== end - from) return false;
  for (let index = 0; index < name.length; index += 1) {
    if (name[index] !== bytes[from + index]) return false;
  }
  return true;
}
