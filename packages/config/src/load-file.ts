import type { z } from 'zod';
import { type FileConfig, fileSchema } from './file-schema.ts';
import type { Given, Problems } from './problems.ts';
import { didYouMean } from './suggest.ts';
import { splitList } from './values.ts';
import type { FilePath, YamlFile } from './yaml-file.ts';

const SECRET_KEYS = new Set([
  'apiKey',
  'clientToken',
  'clientSecret',
  'accessToken',
  'secretAccessKey',
  'webhook',
]);

const KINDS: Record<string, string> = {
  object: 'a group of keys',
  record: 'a group of keys',
  array: 'a list',
  string: 'a text',
};

function valueAt(root: unknown, path: FilePath): unknown {
  let value = root;
  for (const segment of path) {
    if (typeof value === 'string' && typeof segment === 'number') return splitList(value)[segment];
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = Reflect.get(value, segment);
  }
  return value;
}

function notOneOf(given: string | undefined, allowed: readonly unknown[]): string {
  const words = allowed.map(String);
  return `is not one of: ${words.join(', ')}${given === undefined ? '' : didYouMean(given, words)}.`;
}

/** The sentence that follows the given value. */
function toSentence(issue: z.core.$ZodIssue, given: string | undefined): string {
  switch (issue.code) {
    case 'invalid_value':
      return notOneOf(given, issue.values);
    case 'invalid_union':
      return notOneOf(given, 'options' in issue && Array.isArray(issue.options) ? issue.options : []);
    case 'invalid_type':
      return `is not ${KINDS[issue.expected] ?? issue.expected}.`;
    default:
      return issue.message;
  }
}

function reportIssue(issue: z.core.$ZodIssue, file: YamlFile, problems: Problems): void {
  const path: FilePath = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') {
    problems.add(file.label([...path, issue.keys[0] ?? '']), issue.message);
    return;
  }
  if (issue.code === 'invalid_key') {
    const key = { label: file.label(path), text: String(path.at(-1)), secret: false };
    for (const inner of issue.issues) problems.reject(key, toSentence(inner, key.text));
    return;
  }
  const value = valueAt(file.value, path);
  const label = file.label(path);
  if (typeof value === 'string') {
    const secret = SECRET_KEYS.has(String(path.at(-1))) || file.isReferring(path);
    const given: Given = { label, text: value, secret };
    problems.reject(given, toSentence(issue, secret ? undefined : value));
  } else if (value === undefined) {
    const sentence = toSentence(issue, undefined);
    problems.add(label, `is missing${sentence.startsWith('is not one of') ? sentence.slice(6) : '.'}`);
  } else {
    problems.add(label, toSentence(issue, undefined));
  }
}

/** Checks the shape of the file and all its values; reports everything that is wrong with them. */
export function parseFile(file: YamlFile, problems: Problems): FileConfig | undefined {
  const parsed = fileSchema.safeParse(file.value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) reportIssue(issue, file, problems);
  return undefined;
}
