import type { Logger } from '@edgeledger/core';

export interface RunUntilSignalOptions {
  /** Ends everything; called once, at the first SIGTERM or SIGINT. */
  readonly close: () => Promise<void>;
  readonly logger: Logger;
  /** How long `close` may take before the process ends without it, in ms. Longer than the grace of the jobs. */
  readonly graceMs: number;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Never resolves: it ends the process. 0 after a clean close; 1 when closing failed, took longer than
 * `graceMs`, or a second signal came, which an impatient person or a supervisor sends to end it at once.
 */
export function runUntilSignal({ close, logger, graceMs }: RunUntilSignalOptions): Promise<never> {
  let isClosing = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isClosing) {
      logger.warn({ signal }, 'second signal: ending at once');
      process.exit(1);
    }
    isClosing = true;
    logger.info({ signal, graceMs }, 'shutting down');
    setTimeout(() => {
      logger.error({ graceMs }, 'shutting down took too long: ending without it');
      process.exit(1);
    }, graceMs);
    void closeAndExit(close, logger);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return new Promise<never>(() => undefined);
}

async function closeAndExit(close: () => Promise<void>, logger: Logger): Promise<void> {
  try {
    await close();
  } catch (error) {
    logger.error({ error: error instanceof Error ? error.message : String(error) }, 'shutting down failed');
    process.exit(1);
  }
  logger.info({}, 'shut down');
  process.exit(0);
}
