import { LONGEST_KEY_BYTES } from '../csv/row-converter.ts';
import { encodeValue } from './field-encoder.ts';
import { SKIM_ENGINE_WASM } from './skim-engine-wasm.ts';

/*
 * What reading CSV spends its time on, done by WebAssembly (skim-engine.wat), which every Node from 16.4 on has: the commas, line
 * feeds and quotes of a text are found sixteen bytes at a time (the idea is that of simdjson, https://arxiv.org/abs/1902.08318),
 * and the records between them are turned into tuples. Where WebAssembly is forbidden (`--jitless`), loops do it.
 */

/** So much text is looked at in one go: text, places and tuples stay in the processor's cache. */
export const WINDOW_BYTES = 64 * 1024;

const COMMA = 44;
const LF = 10;
const QUOTE = 34;
/** `find` looks at so many bytes at a time. */
const STEP_BYTES = 64;

// where things are in the memory of skim-engine.wat
const MOST_FIELDS = 1024;
const POSITIONS_AT = 0x14000;
const CODES_AT = 0x15000;
const BLANKS_AT = 0x16000;
const PLACES_AT = 0x20000;
const TUPLES_AT = 0x60000;

/** Fields of a record, and of the tuple that is made of it, as tables of small numbers. */
export interface TupleTables {
  readonly fieldCount: number;
  /** From 0 up. */
  readonly partNo: number | undefined;
  /**
   * For each field of the tuple: where it stands in the record, its type code, 1 when a blank is an empty text. Positions are below
   * `fieldCount`, and no two are the same: that is what the room for a tuple is reckoned by.
   */
  readonly positions: Int32Array;
  readonly codes: Int32Array;
  readonly blankIsText: Int32Array;
  /** The most that a tuple takes beyond the text of its record. */
  readonly overheadBytes: number;
}

/** How far {@link SkimEngine.encode} came, in the text last looked at. */
export interface Encoded {
  readonly rows: number;
  /** Valid until the next call, whoever makes it. */
  readonly tuples: Uint8Array;
  /** Where the record begins that it did not take, and its first place; the end of the text when it took all. */
  readonly at: number;
  readonly nextPlace: number;
  /** Line ends in what it took. */
  readonly lines: number;
}

export interface SkimEngine {
  /** Of the text last looked at, counted from its start, ascending. Valid until the next look, whoever makes it. */
  readonly places: Int32Array;
  /** Looks at no more than {@link WINDOW_BYTES}; gives how many places there are. */
  find(text: Uint8Array): number;
  /**
   * Makes tuples of the records from `at` on in the text last looked at, which is UTF-8 without NUL; stops at the first that is
   * not sound for sure. The one in front of them has the ordinal `rowNo`. Undefined: it takes none.
   */
  encode?(tables: TupleTables, from: Pick<Encoded, 'at' | 'nextPlace'>, rowNo: number): Encoded;
}

// neither Node's types nor those of the language have it
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

interface Global {
  value: number;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly find: (length: number) => number;
  readonly encode: (limit: number, placeCount: number, rowNo: number) => number;
  readonly fieldCount: Global;
  readonly width: Global;
  readonly partNo: Global;
  readonly overhead: Global;
  readonly longestKey: Global;
  readonly at: Global;
  readonly nextPlace: Global;
  readonly lines: Global;
  readonly end: Global;
}

/** @throws Error where there is no WebAssembly, or none with vectors. */
export function createVectorEngine(): SkimEngine {
  const module = new WebAssembly.Module(Buffer.from(SKIM_ENGINE_WASM, 'base64'));
  const other = (code: number, from: number, end: number, at: number): number =>
    encodeValue(code, bytes, from, end, bytes, at);
  const instance = new WebAssembly.Instance(module, { js: { other } }).exports as Exports;
  instance.longestKey.value = LONGEST_KEY_BYTES;
  const { buffer } = instance.memory;
  const bytes = Buffer.from(buffer);
  const window = new Uint8Array(buffer, 0, WINDOW_BYTES + STEP_BYTES);
  let textLength = 0;
  let placeCount = 0;
  let inUse: TupleTables | undefined;

  function use(tables: TupleTables): void {
    if (inUse === tables) return;
    inUse = tables;
    new Int32Array(buffer, POSITIONS_AT, MOST_FIELDS).set(tables.positions);
    new Int32Array(buffer, CODES_AT, MOST_FIELDS).set(tables.codes);
    new Int32Array(buffer, BLANKS_AT, MOST_FIELDS).set(tables.blankIsText);
    instance.fieldCount.value = tables.fieldCount;
    instance.width.value = tables.positions.length;
    instance.partNo.value = tables.partNo ?? -1;
    instance.overhead.value = tables.overheadBytes;
  }

  return {
    places: new Int32Array(buffer, PLACES_AT, WINDOW_BYTES),
    find(text) {
      window.set(text);
      // what an earlier text left behind its end is no structure
      window.fill(0, text.length, text.length + STEP_BYTES);
      textLength = text.length;
      placeCount = instance.find(text.length);
      return placeCount;
    },
    encode(tables, from, rowNo) {
      if (tables.fieldCount > MOST_FIELDS || tables.positions.length > MOST_FIELDS)
        return { rows: 0, tuples: bytes.subarray(0, 0), lines: 0, ...from };
      use(tables);
      instance.at.value = from.at;
      instance.nextPlace.value = from.nextPlace;
      const rows = instance.encode(textLength, placeCount, rowNo);
      return {
        rows,
        tuples: bytes.subarray(TUPLES_AT, instance.end.value),
        at: instance.at.value,
        nextPlace: instance.nextPlace.value,
        lines: instance.lines.value,
      };
    },
  };
}

export function createLoopEngine(): SkimEngine {
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

let engine: SkimEngine | undefined;

/** One for the whole process, because a look is over before anybody else gets a turn. */
export function getSkimEngine(): SkimEngine {
  engine ??= createEngine();
  return engine;
}

function createEngine(): SkimEngine {
  try {
    return createVectorEngine();
  } catch {
    return createLoopEngine();
  }
}
