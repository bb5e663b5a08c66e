import { EdgeledgerError } from '@edgeledger/core';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';

/** Something that reads what comes from outside. */
export interface Target {
  readonly name: string;
  /** Sound inputs to begin with. */
  readonly samples: readonly Buffer[];
  /** Makes an input; by default a few changes to a sample. */
  readonly make?: (random: Random) => Buffer;
  /**
   * Reads the input as the product does. Errors of our classes are answers; anything else that is thrown, and a
   * broken promise of the reader (an {@link Unsound}), is a failure.
   */
  run(input: Buffer): Promise<void>;
  close?(): Promise<void>;
}

/** What the reader gave is not what it promises: rows that do not add up, a value out of its range. */
export class Unsound extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Unsound';
  }
}

export function assertSound(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Unsound(message());
}

export function makeInput(target: Target, random: Random): Buffer {
  return target.make?.(random) ?? mutate(target.samples, random);
}

/** Longer than any message that a person reads: then a vendor's bytes fill it. */
const LONGEST_MESSAGE = 20_000;

/** Undefined when the target did well; else what went wrong. */
export async function tryInput(target: Target, input: Buffer): Promise<string | undefined> {
  try {
    await target.run(input);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof EdgeledgerError)) return describe(thrown);
    if (thrown.recovery === 'report-bug') return describe(thrown);
    if (thrown.message.length > LONGEST_MESSAGE)
      return `A message of ${thrown.message.length} characters: ${thrown.code}`;
    return undefined;
  }
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `thrown: ${String(thrown)}`;
  const cause = thrown.cause === undefined ? '' : `\n  caused by ${describe(thrown.cause)}`;
  return `${(thrown.stack ?? thrown.message).slice(0, 2000)}${cause}`;
}
