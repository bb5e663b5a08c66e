import { setTimeout as sleep } from 'node:timers/promises';
import { EdgeledgerError, isAbortError, ShutdownError, systemClock } from '@edgeledger/core';
import { exitCodeOf } from './exit-codes.ts';
import type { Io } from './io.ts';
import { runProgram } from './program.ts';
import { createStatusLine } from './status-line.ts';

/** What is left for the output to be taken. */
const EXIT_LIMIT_MS = 2_000;

export interface RunningProcess {
  /** The first call asks for an orderly end, the second one does not ask. */
  stop(): void;
  readonly ended: Promise<void>;
}

/** Runs the command of this process and sets its exit code. */
export function runProcess(): RunningProcess {
  const stop = new AbortController();
  // a reader that closes early (`edgeledger status | head`) is no failure
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const io: Io = {
    stdout: process.stdout,
    status: createStatusLine(process.stderr),
    clock: systemClock,
    signal: stop.signal,
    pause: (durationMs, signal) => sleep(durationMs, undefined, { signal }),
  };
  return {
    stop: () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort(new ShutdownError('stopped by a signal'));
    },
    ended: run(io),
  };
}

async function run(io: Io): Promise<void> {
  try {
    process.exitCode = await runProgram(process.argv.slice(2), io);
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    if (!isAbortError(error)) io.status.print(`edgeledger: ${toMessage(error)}`);
  }
  // everything is closed by now; what still holds the process up (a connection to a server that is away, looking for
  // it again and again) must not make a container's end a kill
  setTimeout(() => process.exit(), EXIT_LIMIT_MS).unref();
}

/** One line for what a person can act on; an unexpected error keeps its stack, because a report needs it. */
function toMessage(error: unknown): string {
  if (error instanceof EdgeledgerError && error.recovery !== 'report-bug') return error.message;
  if (error instanceof Error) return error.stack ?? error.message;
  return String(error);
}
