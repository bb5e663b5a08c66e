/** A stream of which the beginning is read twice: once to look at it, once for all. */
export interface Replayable {
  /** The stream, read for a look. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Nobody will ask again: what was read is not kept any longer. */
  forget(): void;
  /** The whole stream from its start; the look must have ended. */
  again(): AsyncGenerator<Uint8Array>;
}

export function replayable(chunks: AsyncIterable<Uint8Array>): Replayable {
  const iterator = chunks[Symbol.asyncIterator]();
  let kept: Uint8Array[] | undefined = [];
  async function* rest(): AsyncGenerator<Uint8Array> {
    try {
      for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
        kept?.push(step.value);
        yield step.value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return {
    chunks: rest(),
    forget() {
      kept = undefined;
    },
    async *again() {
      const beginning = kept ?? [];
      kept = undefined;
      for (let next = beginning.shift(); next !== undefined; next = beginning.shift()) yield next;
      yield* rest();
    },
  };
}
