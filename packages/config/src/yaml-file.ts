import { createRequire } from 'node:module';
import { relative } from 'node:path';
import type { LineCounter, Node, YAMLError } from 'yaml';
import type { Environment } from './environment.ts';
import { hideReferences, resolveReferences, showReferences } from './interpolate.ts';
import type { Problems } from './problems.ts';
import type { TextFiles } from './text-files.ts';

const DEFAULT_NAME = 'edgeledger.yaml';

/** Far above any real file. Reading is quadratic in the keys of one group, and a person waits for it. */
const MAX_FILE_CHARACTERS = 256 * 1024;
/** Aliases repeat what they name: a few lines of them may stand for more values than any memory holds. */
const MAX_VALUES = 20_000;
/** The deepest value there is, a column's alias, is nine levels down. An alias of what holds it has no end. */
const MAX_DEPTH = 30;

export type FilePath = readonly (string | number)[];

/** The parsed file: every scalar is text, references to variables are resolved. */
export interface YamlFile {
  readonly path: string;
  readonly value: unknown;
  /** Where a person finds it: `edgeledger.yaml:7 sources[0].apiKey`. */
  label(path: FilePath): string;
  /** True for a text with a variable in it, which may be a credential wherever it stands. */
  isReferring(path: FilePath): boolean;
}

function toDotted(path: FilePath): string {
  return path
    .map((segment, index) =>
      typeof segment === 'number' ? `[${segment}]` : `${index === 0 ? '' : '.'}${showReferences(segment)}`,
    )
    .join('');
}

/** Read when there is a file: 19 ms of 0.5 s that a command takes to start. */
const readLibrary = (): typeof import('yaml') => createRequire(import.meta.url)('yaml');

/** The offset of the deepest node on the path that is written in the file. */
function findOffset(root: Node | null, path: FilePath): number | undefined {
  const { isMap, isSeq } = readLibrary();
  let node: unknown = root;
  let offset = root?.range?.[0];
  for (const segment of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => String(item.key) === String(segment));
      if (pair === undefined) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(segment)];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}

/** The library quotes the text it stumbled over, which may be a credential: keep what it says before that. */
function toSyntaxMessage(error: YAMLError): string {
  if (error.code === 'MULTIPLE_DOCS') return 'the file holds more than one document (a line "---")';
  return error.message
    .replace(/["'](?=quote$)/, '')
    .replace(/:? ?["*].*$/s, '')
    .replace(/\.$/, '');
}

/** Resolves references in every text, and forgets keys without a value. */
function resolveValues(
  value: unknown,
  path: FilePath,
  resolve: (text: string, path: FilePath) => string,
  budget = { values: MAX_VALUES },
): unknown {
  budget.values -= 1;
  if (budget.values < 0 || path.length > MAX_DEPTH) throw new RangeError('too many values');
  if (typeof value === 'string') return resolve(value, path);
  if (Array.isArray(value))
    return value.map((item, index) => resolveValues(item, [...path, index], resolve, budget));
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Object.entries(value)
    .filter(([, member]) => member !== '' && member !== null)
    .map(([key, member]): [string, unknown] => [
      showReferences(key),
      resolveValues(member, [...path, key], resolve, budget),
    ]);
  return Object.fromEntries(entries);
}

interface ParseOptions {
  readonly name: string;
  readonly path: string;
  readonly environment: Environment;
  readonly problems: Problems;
}

/** Undefined when it is nested deeper than the library's own recursion goes. */
function findDocument(text: string, lines: LineCounter) {
  try {
    // the failsafe schema reads every scalar as text, so that 007 stays 007 and variables need no type
    return readLibrary().parseDocument(hideReferences(text), {
      schema: 'failsafe',
      stringKeys: true,
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
    });
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

function parseYaml(text: string, options: ParseOptions): YamlFile | undefined {
  const { name, problems, environment } = options;
  if (text.length > MAX_FILE_CHARACTERS) {
    problems.add(name, `The file has more than ${MAX_FILE_CHARACTERS} characters. Is it the right file?`);
    return undefined;
  }
  const lines = new (readLibrary().LineCounter)();
  const document = findDocument(text, lines);
  if (document === undefined) {
    problems.add(name, 'The file is nested too deeply.');
    return undefined;
  }
  const syntaxError = document.errors[0];
  if (syntaxError !== undefined) {
    const { line, col } = lines.linePos(syntaxError.pos[0]);
    problems.add(`${name}:${line}:${col}`, `${toSyntaxMessage(syntaxError)}. Correct the YAML there.`);
    return undefined;
  }
  const label = (path: FilePath): string => {
    const offset = findOffset(document.contents, path);
    const place = offset === undefined ? name : `${name}:${lines.linePos(offset).line}`;
    return path.length === 0 ? place : `${place} ${toDotted(path)}`;
  };
  const referring = new Set<string>();
  const resolve = (scalar: string, path: FilePath): string =>
    resolveReferences(scalar, (variable) => {
      referring.add(toDotted(path));
      const given = environment.findReferred(variable);
      if (given === undefined) {
        problems.add(
          label(path),
          `\${${variable}} is not set. Set the variable, or write $\${${variable}} for that text itself.`,
        );
      }
      return given?.text;
    });
  let value: unknown;
  try {
    value = resolveValues(document.toJS({ maxAliasCount: 100 }) ?? {}, [], resolve);
  } catch {
    problems.add(
      name,
      `An alias (*name) refers to no anchor (&name) before it, or the file stands for more than ${MAX_VALUES} values or ${MAX_DEPTH} levels.`,
    );
    return undefined;
  }
  return {
    path: options.path,
    value,
    label,
    // a comma list is one text in the file: its items have no path of their own
    isReferring: (path) => referring.has(toDotted(path)) || referring.has(toDotted(path.slice(0, -1))),
  };
}

/** Reads the file that `EDGELEDGER_CONFIG` names, else `edgeledger.yaml` in the working folder if there is one. */
export function loadYamlFile(
  environment: Environment,
  files: TextFiles,
  cwd: string,
  problems: Problems,
): YamlFile | undefined {
  const named = environment.find('EDGELEDGER_CONFIG');
  const path = files.toPath(named?.text ?? DEFAULT_NAME);
  const read = files.read(path);
  const fromHere = relative(cwd, path);
  const name = fromHere === '' || fromHere.startsWith('..') ? path : fromHere;
  if (read.kind === 'text') return parseYaml(read.text, { name, path, environment, problems });
  if (named !== undefined) {
    problems.add(named.label, `The file ${name} cannot be read (${read.reason}). Name an existing file.`);
  } else if (read.reason !== 'no such file') {
    problems.add(name, `The file cannot be read (${read.reason}).`);
  }
  return undefined;
}
