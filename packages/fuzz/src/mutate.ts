import type { Random } from './random.ts';

/** No case is larger than this: what matters about size is tried by repetition, not by patience. */
const LARGEST_BYTES = 4 * 1024 * 1024;

/** What parsers stumble over, whatever they parse. */
const TOKENS = [
  '"',
  '""',
  '","',
  ',',
  ',,,,',
  '\n',
  '\r\n',
  '\r',
  '\0',
  '\ufeff',
  '`',
  '```',
  '\ud83e\udd8a',
  '\u2028',
  '\u0660',
  '-',
  '+',
  '.',
  '1e999',
  '-1e-999',
  '99999999999999999999',
  '9223372036854775808',
  'NaN',
  'Infinity',
  'N/A',
  'Other',
  'null',
  '\\N',
  '__proto__',
  'constructor',
  '$' + '{HOME}',
  '$$' + '{X}',
  '*a',
  '&a',
  '!!js/function',
  '<<: *a',
  '---\n',
  '[',
  '{',
  '%00',
  '../',
  "'; DROP TABLE ledger.units; --",
  '2026-11-20T00:00:00Z',
  '275760-09-13T00:00:00Z',
  '0000-00-00T00:00:00Z',
  '-271821-04-20',
  '8640000000000001',
  '#DATA_START',
  '#DATA_END',
  '#METADATA_END',
  '\\ud800',
  '\\u0000',
] as const;
const BYTES = [0, 9, 10, 13, 34, 44, 0x1f, 0x8b, 0x7f, 0x80, 0xc0, 0xed, 0xf5, 0xff] as const;

type Mutation = (input: Buffer, random: Random, other: Buffer) => Buffer;

const at = (input: Buffer, random: Random): number => random.below(input.length + 1);

function range(input: Buffer, random: Random): [number, number] {
  const from = at(input, random);
  return [from, Math.min(input.length, from + random.below(random.chance(0.3) ? 2000 : 40))];
}

const insert = (input: Buffer, place: number, what: Uint8Array): Buffer =>
  Buffer.concat([input.subarray(0, place), what, input.subarray(place)]);

const MUTATIONS: readonly Mutation[] = [
  (input, random) => {
    const copy = Buffer.from(input);
    if (copy.length > 0) {
      const place = random.below(copy.length);
      copy[place] = (copy[place] ?? 0) ^ (1 << random.below(8));
    }
    return copy;
  },
  (input, random) => {
    const copy = Buffer.from(input);
    if (copy.length > 0) copy[random.below(copy.length)] = random.pick(BYTES);
    return copy;
  },
  (input, random) => {
    const [from, end] = range(input, random);
    return Buffer.concat([input.subarray(0, from), input.subarray(end)]);
  },
  (input, random) => {
    const [from, end] = range(input, random);
    return insert(input, at(input, random), input.subarray(from, end));
  },
  (input, random) => insert(input, at(input, random), Buffer.from(random.pick(TOKENS))),
  (input, random) => {
    const [from, end] = range(input, random);
    return Buffer.concat([input.subarray(0, from), Buffer.from(random.pick(TOKENS)), input.subarray(end)]);
  },
  (input, random) => input.subarray(0, at(input, random)),
  (input, random, other) => {
    const [from, end] = range(other, random);
    return insert(input, at(input, random), other.subarray(from, end));
  },
  (input, random, other) =>
    Buffer.concat([input.subarray(0, at(input, random)), other.subarray(at(other, random))]),
  // long runs: what is quadratic shows
  (input, random) => {
    const unit = random.chance(0.5)
      ? Buffer.from(random.pick(TOKENS))
      : input.subarray(...range(input, random));
    if (unit.length === 0) return input;
    const count = Math.min(10 ** (1 + random.below(5)), Math.floor(LARGEST_BYTES / 8 / unit.length));
    return insert(input, at(input, random), Buffer.alloc(unit.length * count, unit));
  },
];

/** A few changes to one of the samples, of the kind that damage, chance and malice make. */
export function mutate(samples: readonly Buffer[], random: Random): Buffer {
  let input = random.pick(samples);
  const changes = 1 + random.below(random.chance(0.2) ? 20 : 4);
  for (let change = 0; change < changes; change += 1) {
    input = random.pick(MUTATIONS)(input, random, random.pick(samples));
  }
  return input.subarray(0, LARGEST_BYTES);
}
