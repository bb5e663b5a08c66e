import type { Random } from './random.ts';

const deep = (depth: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
};

/** Values that the right place of a document never has. */
const VALUES: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1e308,
  () => 8.64e15,
  () => 8.64e15 + 1,
  () => 253_402_300_800,
  () => -62_135_596_801,
  () => 0.1,
  () => '',
  () => ' ',
  () => '\u0000',
  () => '\ud800',
  () => 'x'.repeat(100_000),
  () => '../../../../etc/passwd',
  () => 'cdn_logs_20261120\n',
  () => 'cdn_logs_99999999',
  () => "cdn_logs_20261120'; --",
  () => 'http://169.254.169.254/latest/meta-data',
  () => '9'.repeat(400),
  () => [],
  () => ({}),
  () => [null],
  () => ({ __proto__: { polluted: true }, constructor: 1 }),
  () => deep(20),
  () => deep(20_000),
  () => Array.from({ length: 20_000 }, (_, index) => index),
  () => Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`key ${index}`, index])),
];

type Holder = Record<string, unknown> | unknown[];

/** Replaces, removes and repeats members of a JSON document. Text that is no JSON is given back. */
export function mutateJson(text: string, random: Random): string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return text;
  }
  const root: { value: unknown } = { value: document };
  const changes = 1 + random.below(4);
  for (let change = 0; change < changes; change += 1) changeOne(root, random);
  try {
    return JSON.stringify(root.value) ?? '';
  } catch {
    // nested deeper than the writer of JSON can follow
    return `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  }
}

function changeOne(root: { value: unknown }, random: Random): void {
  let holder: Holder = root;
  let key = 'value';
  for (;;) {
    const value: unknown = Reflect.get(holder, key);
    if (typeof value !== 'object' || value === null || random.chance(0.15)) break;
    const keys = Object.keys(value);
    if (keys.length === 0) break;
    holder = value as Holder;
    key = random.pick(keys);
  }
  const kind = random.below(4);
  if (kind === 0 && holder !== root) Reflect.deleteProperty(holder, key);
  else if (kind === 1 && Array.isArray(holder)) holder.push(...holder.slice(0, 50));
  else Reflect.set(holder, key, random.pick(VALUES)());
}
