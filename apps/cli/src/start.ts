import { setTimeout as sleep } from 'node:timers/promises';
import { EdgeledgerError, isAbortError, ShutdownError, systemClock } from '@edgeledger/core';
import { exitCodeOf } from './exit-codes.ts';
import type { Io } from './io.ts';
import { runProgram } from './program.ts';
import { createStatusLine } from './status-line.ts';

const stop = new AbortController();

/** The first signal asks for an orderly end, the second one does not ask. */
function onSignal(): void {
  if (stop.signal.aborted) process.exit(130);
  stop.abort(new ShutdownError('stopped by a signal'));
}
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);
// a reader that closes early (`edgeledger status | head`) is no failure
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const io: Io = {
  stdout: process.stdout,
  status: createStatusLine(process.stderr),
  clock: systemClock,
  signal: stop.signal,
  pause: (durationMs, signal) => sleep(durationMs, undefined, { signal }),
};

try {
  process.exitCode = await runProgram(process.argv.slice(2), io);
} catch (error) {
  process.exitCode = exitCodeOf(error);
  if (!isAbortError(error)) io.status.print(`edgeledger: ${toMessage(error)}`);
}

/** One line for what a person can act on; an unexpected error keeps its stack, because a report needs it. */
function toMessage(error: unknown): string {
  if (error instanceof EdgeledgerError && error.recovery !== 'report-bug') return error.message;
  if (error instanceof Error) return error.stack ?? error.message;
  return String(error);
}
