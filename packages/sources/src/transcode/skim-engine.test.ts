import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import wabt from 'wabt';
import { createLoopEngine, createVectorEngine, type SkimEngine, WINDOW_BYTES } from './skim-engine.ts';

const SOURCE = new URL('./skim-engine.wat', import.meta.url);
const COMPILED = new URL('./skim-engine-wasm.ts', import.meta.url);

test('the program that runs is the one that stands in skim-engine.wat', async () => {
  const { parseWat } = await wabt();
  const module = parseWat('skim-engine.wat', readFileSync(SOURCE, 'utf8'), { simd: true });
  module.validate();
  const { buffer } = module.toBinary({});
  module.destroy();
  const text =
    '/** skim-engine.wat, compiled. `pnpm wasm` writes this file. */\n' +
    `export const SKIM_ENGINE_WASM =\n  '${Buffer.from(buffer).toString('base64')}';\n`;
  if (process.env.UPDATE_WASM === '1') writeFileSync(COMPILED, text);
  expect(readFileSync(COMPILED, 'utf8')).toBe(text);
});

function placesIn(engine: SkimEngine, text: Uint8Array): number[] {
  return [...engine.places.subarray(0, engine.find(text))];
}

describe.each([
  ['vectors', createVectorEngine],
  ['a loop', createLoopEngine],
])('with %s', (_name, createEngine) => {
  const engine = createEngine();

  test('commas, line feeds and quotes are found, and nothing else', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const structure = fc.array(fc.constantFrom(44, 10, 34, 13, 97, 0, 0xac), { maxLength: 300 });
    fc.assert(
      fc.property(
        fc.oneof(
          bytes,
          structure.map((values) => Uint8Array.from(values)),
        ),
        (text) => {
          const expected = [...text.keys()].filter((at) => [44, 10, 34].includes(text[at] ?? 0));
          expect(placesIn(engine, text)).toEqual(expected);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('a whole window of them is found', () => {
    const all = new Uint8Array(WINDOW_BYTES).fill(44);
    expect(placesIn(engine, all)).toEqual([...all.keys()]);
  });

  test('what was looked at before is forgotten', () => {
    engine.find(new Uint8Array(WINDOW_BYTES).fill(34));
    expect(placesIn(engine, Buffer.from('a'))).toEqual([]);
    expect(placesIn(engine, new Uint8Array())).toEqual([]);
  });
});
