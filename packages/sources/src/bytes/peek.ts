/** The first bytes of a stream, and the stream as if nothing had been read. */
export interface Peeked {
  /** At least as many bytes as asked for, unless the stream has fewer. */
  readonly head: Uint8Array;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export async function peekBytes(chunks: AsyncIterable<Uint8Array>, count: number): Promise<Peeked> {
  const iterator = chunks[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array();
  while (head.length < count) {
    const step = await iterator.next();
    if (step.done === true) break;
    head = head.length === 0 ? step.value : Buffer.concat([head, step.value]);
  }
  async function* replay(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      for (let step = await iterator.next(); step.done !== true; step = await iterator.next())
        yield step.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { head, chunks: replay() };
}
