import { setTimeout as sleep } from 'node:timers/promises';
import { EdgeledgerError, isAbortError, systemClock, toShownText } from '@edgeledger/core';
import { exitCodeOf } from './exit-codes.ts';
import type { Io, Trial } from './io.ts';
import { runProgram } from './program.ts';
import { createStatusLine } from './status-line.ts';

interface ProcessOptions {
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
  readonly trial?: Trial;
}

/** Runs the command line in this process: its streams, its exit code. */
export async function runProcess(args: readonly string[], { signal, trial }: ProcessOptions): Promise<void> {
  // a reader that closes early (`edgeledger status | head`) is no failure
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

  const io: Io = {
    stdout: process.stdout,
    status: createStatusLine(process.stderr),
    clock: trial?.clock ?? systemClock,
    signal,
    pause: (durationMs, stop) => sleep(durationMs, undefined, { signal: stop }),
    ...(trial === undefined ? {} : { trial }),
  };
  try {
    process.exitCode = await runProgram(args, io);
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    if (!isAbortError(error)) io.status.printLines(`edgeledger: ${toMessage(error)}`);
  }
  endSoon();
}

const LINGER_MS = 2_000;

/**
 * Everything is done and closed: what still keeps the process is a connection whose other end does not answer. Output that
 * somebody reads slowly is waited for.
 */
function endSoon(): void {
  setTimeout(() => {
    if (process.stdout.writableLength > 0 || process.stderr.writableLength > 0) endSoon();
    else process.exit();
  }, LINGER_MS).unref();
}

/** One line for what a person can act on; an unexpected error keeps its stack, because a report needs it. */
function toMessage(error: unknown): string {
  if (error instanceof EdgeledgerError && error.recovery !== 'report-bug') return error.message;
  if (!(error instanceof Error)) return toShownText(String(error));
  // whose words these are nobody knows: they get one line, and the calls theirs
  const calls = error.stack?.match(/^ {4}at .*$/gm) ?? [];
  return [toShownText(`${error.name}: ${error.message}`), ...calls].join('\n');
}
