/**
 * Deterministic pseudo-random numbers. Every value of the emulator comes from a generator that is
 * seeded with what the value belongs to (seed, source, image, day), never from one shared stream: so
 * the order in which a client asks cannot change the answer.
 */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [0, bound). */
  int(bound: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

/** Mixes numbers and texts into 32 bits (the finalizer of MurmurHash3 over an FNV-1a walk). */
export function hash32(...parts: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    if (typeof part === 'number') {
      hash = mix(hash ^ Math.floor(part) ^ Math.floor(part / 0x1_0000_0000));
    } else {
      for (let index = 0; index < part.length; index += 1) {
        hash = Math.imul(hash ^ part.charCodeAt(index), 0x01000193);
      }
      hash = mix(hash);
    }
  }
  return hash >>> 0;
}

function mix(value: number): number {
  let hash = (value + 0x9e3779b9) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** A mulberry32 generator. */
export function createRandom(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const int = (bound: number): number => Math.floor(next() * bound);
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (choices) => at(choices, int(choices.length)),
  };
}

/** `count` lower-case hex characters that depend on `parts` only. */
export function hexOf(count: number, ...parts: readonly (string | number)[]): string {
  let text = '';
  for (let block = 0; text.length < count; block += 1) {
    text += hash32(...parts, block)
      .toString(16)
      .padStart(8, '0');
  }
  return text.slice(0, count);
}

/** The element at `index`, which must exist. */
export function at<T>(list: ArrayLike<T>, index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`No element ${index} in a list of ${list.length}.`);
  return element;
}
