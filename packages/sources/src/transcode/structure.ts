import { STRUCTURE_WASM } from './structure-wasm.ts';

/*
 * Where the commas, line feeds and quotes of a CSV text are. Scanning looks at these bytes only, one in fifteen or so, instead
 * of at each. They are found sixteen at a time by WebAssembly's vector instructions (structure.wat; the idea is that of simdjson,
 * https://arxiv.org/abs/1902.08318), which every Node from 16.4 on has; where they are forbidden (`--jitless`), by a loop.
 */

/** So much text is looked at in one go: text and places stay in the processor's cache. */
export const WINDOW_BYTES = 64 * 1024;

const COMMA = 44;
const LF = 10;
const QUOTE = 34;
/** `find` looks at so many bytes at a time. */
const STEP_BYTES = 64;
const PLACES_AT = 128 * 1024;

export interface StructureFinder {
  /** Of the text last looked at, counted from its start, ascending. Valid until the next look, whoever makes it. */
  readonly places: Int32Array;
  /** Looks at no more than {@link WINDOW_BYTES}; gives how many places there are. */
  find(text: Uint8Array): number;
}

// neither Node's types nor those of the language have it
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly find: (length: number) => number;
}

/** @throws Error where there is no WebAssembly, or none with vectors. */
export function createVectorFinder(): StructureFinder {
  const module = new WebAssembly.Module(Buffer.from(STRUCTURE_WASM, 'base64'));
  const { memory, find } = new WebAssembly.Instance(module).exports as Exports;
  const window = new Uint8Array(memory.buffer, 0, WINDOW_BYTES + STEP_BYTES);
  return {
    places: new Int32Array(memory.buffer, PLACES_AT, WINDOW_BYTES),
    find(text) {
      window.set(text);
      // what an earlier text left behind its end is no structure
      window.fill(0, text.length, text.length + STEP_BYTES);
      return find(text.length);
    },
  };
}

export function createLoopFinder(): StructureFinder {
  const places = new Int32Array(WINDOW_BYTES);
  return {
    places,
    find(text) {
      let count = 0;
      for (let at = 0; at < text.length; at += 1) {
        const byte = text[at];
        if (byte !== COMMA && byte !== LF && byte !== QUOTE) continue;
        places[count] = at;
        count += 1;
      }
      return count;
    },
  };
}

let finder: StructureFinder | undefined;

/** One for the whole process, because a look is over before anybody else gets a turn. */
export function getStructureFinder(): StructureFinder {
  finder ??= createFinder();
  return finder;
}

function createFinder(): StructureFinder {
  try {
    return createVectorFinder();
  } catch {
    return createLoopFinder();
  }
}
