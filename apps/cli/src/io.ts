import type { Clock } from '@edgeledger/core';
import type { ProgressOutput } from './progress.ts';

/** What a command touches of the process, so that tests can stand in for a terminal. */
export interface Io {
  readonly stdout: ProgressOutput & NodeJS.WritableStream;
  readonly stderr: ProgressOutput & NodeJS.WritableStream;
  readonly clock: Clock;
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Resolves after the time, or rejects when the signal aborts. */
  readonly pause: (durationMs: number, signal: AbortSignal) => Promise<void>;
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
  io.stderr.write(`${text}\n`);
}

export function terminalWidth(io: Io): number {
  return io.stdout.isTTY ? Math.max(40, io.stdout.columns ?? 100) : 140;
}
