import { type AlertTeller, createAlertTeller } from '@edgeledger/alerts';
import { MINUTE_MS, type Source } from '@edgeledger/core';
import type { Services } from './services.ts';

/** How often what changed is told while a scheduler runs; the ticks tell as well. */
const TELL_EVERY_MS = MINUTE_MS;

/** What tells the configured webhook; undefined without one. */
export function openAlertTeller(services: Services): AlertTeller | undefined {
  const { config, warehouse, io, logger } = services;
  if (config.alerts === undefined) return undefined;
  return createAlertTeller({ ...config.alerts, book: warehouse.alerts, clock: io.clock, logger });
}

/** For commands that load without a scheduler: whoever starts them from cron wants to be told as well. */
export async function tellOnce(services: Services): Promise<void> {
  const teller = openAlertTeller(services);
  if (teller === undefined) return;
  try {
    await teller.tell();
  } finally {
    await teller.close();
  }
}

export function tellRegularly(teller: AlertTeller): AsyncDisposable {
  let running: Promise<unknown> | undefined;
  const tell = (): void => {
    running ??= teller.tell().finally(() => {
      running = undefined;
    });
  };
  tell();
  const timer = setInterval(tell, TELL_EVERY_MS);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running;
    },
  };
}

/** Remembers that a source could not be asked for its reports, or that it can be again. Never throws. */
export async function recordSource(
  { warehouse, io, logger }: Pick<Services, 'warehouse' | 'io' | 'logger'>,
  source: Source,
  reason: string | undefined,
): Promise<void> {
  try {
    await warehouse.alerts.recordSource(source, reason, io.clock.now());
  } catch (error) {
    logger.warn({ source: source.id, error }, 'the state of the source could not be recorded');
  }
}
