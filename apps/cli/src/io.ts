import { type Clock, maskSecrets, type PassMilestone, toShownJson, toShownText } from '@edgeledger/core';
import type { StatusLine, TextOutput } from './status-line.ts';

/** What a command touches of the process, so that tests can stand in for a terminal. */
export interface Io {
  readonly stdout: TextOutput;
  /** On standard error: notes, logs and progress, so that standard output is the result alone. */
  readonly status: StatusLine;
  readonly clock: Clock;
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Resolves after the time, or rejects when the signal aborts. */
  readonly pause: (durationMs: number, signal: AbortSignal) => Promise<void>;
  /** Set where a proof runs the command as its subject, see proof-subject.ts; nothing else can set it. */
  readonly trial?: Trial;
}

/** What a proof changes of a process: it listens to it, and it has less patience than production. */
export interface Trial {
  readonly passing: PassMilestone;
  /** How long the queue waits for a sign of life of a worker. */
  readonly lockMs: number;
  /** First retry delay of every job. */
  readonly backoffMs: number;
  /** Longest pause that a vendor may ask for without the job going back to the queue. */
  readonly inlineWaitMs: number;
  /** How long a connection may be silent before it is taken for dead. */
  readonly silenceMs: number;
  /** Connections to the warehouse at most: many processes share one small server. */
  readonly maxConnections: number;
  /** Instead of the system's. */
  readonly clock?: Clock;
}

/** What our own paint writes, and nothing else that begins with an escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const PAINT = /(\u001b\[\d{1,2}m)/;

/** A result: a line, or a text whose line breaks are ours. Secrets are masked in it, and nothing in it moves the cursor. */
export function printLine(io: Io, text: string): void {
  const pieces = maskSecrets(text).split(PAINT);
  // split by a group, every second piece is what the group found
  const shown = pieces.map((piece, index) =>
    index % 2 === 1 ? piece : toShownText(piece, { keepLines: true }),
  );
  printExact(io, shown.join(''));
}

/** What was asked for as it is: data, and the address of the database with its password. */
export function printExact(io: Io, text: string): void {
  io.stdout.write(`${text}\n`);
}

export function printJson(io: Io, value: unknown): void {
  printExact(io, maskSecrets(toJsonText(value)));
}

/** Whatever is in it, only what a terminal shows as it is; a reader of JSON has the rest from its escapes. */
export function toJsonText(value: unknown): string {
  // bigint counts of Postgres are numbers in JSON as long as they are exact
  const toJson = (_key: string, field: unknown): unknown =>
    typeof field === 'bigint'
      ? Number.isSafeInteger(Number(field))
        ? Number(field)
        : field.toString()
      : field;
  return toShownJson(JSON.stringify(value, toJson, 2));
}

/** A note about what is being done: never mixed with results, so that `--json | jq` works. */
export function printNote(io: Io, text: string): void {
  io.status.print(text);
}

export function terminalWidth(io: Io): number {
  // a terminal that does not know its width says 0
  return io.stdout.isTTY ? Math.max(30, io.stdout.columns || 80) : 140;
}
