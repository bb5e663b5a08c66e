import type { ParsedPart } from '@edgeledger/core';
import { expect } from 'vitest';
import { LOG_COLUMNS } from './loading.ts';
import { partOf } from './sample-reports.ts';

/** A part with the fast path: `url` and `bytes` as tuples of a binary COPY. */
export function tuplesOf(rows: readonly (readonly [string, number])[]): ParsedPart {
  const part = partOf({ columns: LOG_COLUMNS });
  const field = (value: Buffer): Buffer => Buffer.concat([int32(value.length), value]);
  const encode = (partNo: number, rowNo: number, [url, bytes]: readonly [string, number]): Buffer[] => [
    Buffer.from([0, 4]),
    field(int32(partNo)),
    field(int64(rowNo)),
    field(int64(bytes)),
    field(Buffer.from(url)),
  ];
  return {
    ...part,
    copy: async function* ({ partNo = -1, positions }) {
      // sorted by name: bytes, url
      expect(positions).toEqual([1, 0]);
      const tuples = Buffer.concat(rows.flatMap((row, index) => encode(partNo, index + 1, row)));
      yield { tuples, rows: rows.length, rejects: [], bytes: 100 };
    },
  };
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}
