import type { Clock, PassMilestone } from '@edgeledger/core';
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

export function printLine(io: Io, text: string): void {
  io.stdout.write(`${text}\n`);
}

export function printJson(io: Io, value: unknown): void {
  // bigint counts of Postgres are numbers in JSON as long as they are exact
  const toJson = (_key: string, field: unknown): unknown =>
    typeof field === 'bigint'
      ? Number.isSafeInteger(Number(field))
        ? Number(field)
        : field.toString()
      : field;
  printLine(io, JSON.stringify(value, toJson, 2));
}

/** Notes about what is being done: never mixed with results, so that `--json | jq` works. */
export function printNote(io: Io, text: string): void {
  io.status.print(text);
}

export function terminalWidth(io: Io): number {
  // a terminal that does not know its width says 0
  return io.stdout.isTTY ? Math.max(30, io.stdout.columns || 80) : 140;
}
