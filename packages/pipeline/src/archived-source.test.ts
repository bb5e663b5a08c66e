import type { Archive, OpenedPart, Source, SourceContext, UnitRef } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { withArchive } from './archived-source.ts';

test('a part that nobody reads to its end leaves nothing in the archive', async () => {
  const kept: string[] = [];
  const archive = {
    begin: async () => ({
      write: async (chunk: Uint8Array) => void kept.push(`wrote ${chunk.length}`),
      commit: async () => String(kept.push('kept')),
      discard: async () => void kept.push('discarded'),
    }),
  } as unknown as Archive;
  const opened: OpenedPart = {
    name: 'a',
    bytes: (async function* () {
      yield new Uint8Array(3);
      yield new Uint8Array(4);
    })(),
    destroy: () => void kept.push('destroyed'),
  };
  const source = withArchive({ hasFiles: true, open: async () => opened } as unknown as Source, archive);
  const part = await source.open({} as UnitRef, { name: 'a' }, {} as SourceContext);
  // its header is looked at, and then the load turns out to have ended
  await part.bytes[Symbol.asyncIterator]().next();
  part.destroy();
  await expect.poll(() => kept).toEqual(['wrote 3', 'destroyed', 'discarded']);
});
