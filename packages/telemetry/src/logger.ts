import { type LogFields, type Logger, toShownJson } from '@edgeledger/core';
import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';
import { type JsonFields, toJsonFields } from './log-fields.ts';
import { createPrettyFormatter, formatLazily } from './pretty-line.ts';
import { redactText } from './redact.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['pretty', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Default: standard error, because standard output belongs to what a command answers. */
  readonly destination?: NodeJS.WritableStream;
  /** On every line, for example `{ role: 'worker' }`. */
  readonly bindings?: LogFields;
}

/** Formats in this thread and writes at once, so that the last line before an exit is not lost. */
function openDestination(stream: NodeJS.WritableStream, format: LogFormat): DestinationStream {
  if (format === 'json') return { write: (line) => void stream.write(toShownJson(line)) };
  const color =
    'hasColors' in stream && typeof stream.hasColors === 'function' && stream.hasColors() === true;
  const toPretty = formatLazily(() => createPrettyFormatter({ color }));
  return { write: (line) => void stream.write(toPretty(line)) };
}

function wrap(sink: PinoLogger, bindings: JsonFields): Logger {
  const withStack = sink.isLevelEnabled('debug');
  const log = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: LogFields, message: string) => {
    if (!sink.isLevelEnabled(level)) return;
    sink[level]({ ...bindings, ...toJsonFields(fields, { withStack }) }, redactText(message));
  };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: (fields) => wrap(sink, { ...bindings, ...toJsonFields(fields, { withStack }) }),
  };
}

/**
 * Core's Logger on pino. Each line has `time` (ISO 8601, UTC), `level`, `message` and its fields; an error in
 * any field becomes `{ name, code, message, context, cause }`, with a `stack` only at level debug. Credentials
 * and signed links are removed before a line is written.
 */
export function createLogger(options: LoggerOptions): Logger {
  const sink = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    openDestination(options.destination ?? process.stderr, options.format),
  );
  const logger = wrap(sink, {});
  return options.bindings === undefined ? logger : logger.child(options.bindings);
}
