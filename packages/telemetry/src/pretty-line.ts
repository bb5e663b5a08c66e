import { createRequire } from 'node:module';
import { toShownJson, toShownText } from '@edgeledger/core';
import type { JsonFields, JsonValue } from './log-fields.ts';

const SIMPLE_TEXT = /^[\w./:@%+-]+$/;

function isFields(value: JsonValue | undefined): value is JsonFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isErrorFields(value: JsonValue | undefined): value is JsonFields & { message: string } {
  return isFields(value) && typeof value.name === 'string' && typeof value.message === 'string';
}

/** `code: message <- cause <- cause` on one line. */
function formatError(error: JsonFields & { message: string }): string {
  const what = error.code ?? error.name;
  const text = error.message === what ? error.message : `${String(what)}: ${error.message}`;
  if (isErrorFields(error.cause)) return `${text} <- ${formatError(error.cause)}`;
  const errors = Array.isArray(error.errors) ? error.errors.filter(isErrorFields) : [];
  return errors.length === 0 ? text : `${text} <- ${errors.map(formatError).join(', ')}`;
}

function formatValue(value: JsonValue): string {
  if (isErrorFields(value)) return formatError(value);
  if (typeof value === 'string') return SIMPLE_TEXT.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value);
}

function stacksOf(value: JsonValue | undefined): string[] {
  if (!isErrorFields(value)) return [];
  const own = typeof value.stack === 'string' ? [value.stack] : [];
  return [...own, ...stacksOf(value.cause)];
}

/**
 * The message, its fields as `name=value`, and below it the stacks, if there are any. What others say begins no line: only a
 * stack has several, and they are set in.
 */
function formatMessage(line: JsonFields): string {
  const { time: _time, level: _level, message, ...fields } = line;
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${formatValue(value)}`);
  const stacks = Object.values(fields).flatMap(stacksOf);
  const lines = stacks.flatMap((stack) => toShownText(stack, { keepLines: true }).split('\n'));
  const head = toShownText([String(message ?? ''), ...pairs].join('  '));
  return [head, ...lines.map((text) => `    ${text.trim()}`)].join('\n');
}

/** Turns pino's JSON lines into lines for people, times in UTC. */
export function createPrettyFormatter(options: { color: boolean }): (line: string) => string {
  // read when the first line is written: 19 ms of 0.5 s that a command takes to start
  const pinoPretty: typeof import('pino-pretty') = createRequire(import.meta.url)('pino-pretty');
  return pinoPretty.prettyFactory({
    colorize: options.color,
    translateTime: 'UTC:HH:MM:ss"Z"',
    messageKey: 'message',
    hideObject: true,
    errorLikeObjectKeys: [],
    messageFormat: (line) => formatMessage(line as JsonFields),
  });
}

/**
 * Makes the formatter at the first line. Where that fails, because too many files are open to read its library, a line is told
 * as the JSON that it came as: it may be what somebody says of that very failure.
 */
export function formatLazily(create: () => (line: string) => string): (line: string) => string {
  let toPretty: ((line: string) => string) | undefined;
  return (line) => {
    try {
      toPretty ??= create();
    } catch {
      return toShownJson(line);
    }
    return toPretty(line);
  };
}
