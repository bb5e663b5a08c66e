import { DAY_MS, type EdgeledgerError, isAbortError, type Source, TransientError } from '@edgeledger/core';
import { assertSources, watchSources } from '../check-sources.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printNote } from '../io.ts';
import type { Role } from '../role-names.ts';
import { startRoles } from '../roles.ts';
import { openSources, readSetup, type Services, type Setup, withServices } from '../services.ts';

export interface ServeOptions {
  readonly host?: string;
  readonly port?: number;
}

/** A worker leaves a throttled job to the queue instead of holding its place for long. */
const WORKER_INLINE_WAIT_MS = 10_000;
/** How long a role waits at its start for Postgres and the queue's store, which may be starting with it. */
const START_PATIENCE_MS = 60_000;
const START_PAUSE_MS = 1_000;

/** Runs roles until SIGINT or SIGTERM; then takes no more work, lets jobs finish or rolls them back, and ends. */
export async function runServeCommand(
  io: Io,
  roles: readonly Role[],
  options: ServeOptions,
): Promise<number> {
  const setup = readSetup(io);
  const sources = roles.some((role) => role !== 'dashboard')
    ? openSources(setup, { maxInlineWaitMs: io.trial?.inlineWaitMs ?? WORKER_INLINE_WAIT_MS })
    : [];
  const deadlineMs = performance.now() + START_PATIENCE_MS;
  for (;;) {
    try {
      return await serve(setup, roles, { ...options, sources });
    } catch (error) {
      // asked to end before it had begun
      if (io.signal.aborted && (isAbortError(error) || error instanceof TransientError)) return EXIT.done;
      if (!isAway(error) || performance.now() > deadlineMs) throw error;
      setup.logger.warn({ error }, 'not started yet');
      await io.pause(START_PAUSE_MS, io.signal).catch(() => undefined);
    }
  }
}

/** Postgres or the queue's store does not answer: it may be starting, too. */
function isAway(error: unknown): boolean {
  const codes: readonly EdgeledgerError['code'][] = ['warehouse.unavailable', 'queue.unavailable'];
  return error instanceof TransientError && codes.includes(error.code);
}

async function serve(
  setup: Setup,
  roles: readonly Role[],
  options: ServeOptions & { readonly sources: readonly Source[] },
): Promise<number> {
  const { io } = setup;
  const { sources } = options;
  return withServices(
    setup,
    { role: roles.length > 1 ? 'up' : (roles[0] ?? 'up'), announce: true },
    async (services) => {
      await assertSources(sources, setup, { tellFailures: true });
      const watch = watchSources(sources, setup, DAY_MS);
      const running = await startRoles(roles, services, options);
      try {
        announce(io, roles, running.dashboardUrl, services);
        await untilAborted(io.signal);
        printNote(io, 'Stopping: running jobs get a moment to finish. Press Ctrl-C again to stop at once.');
      } finally {
        watch.stop();
        await running.close();
        await Promise.all(sources.map((source) => source.close()));
      }
      return EXIT.done;
    },
  );
}

function announce(
  io: Io,
  roles: readonly Role[],
  dashboardUrl: string | undefined,
  { config }: Services,
): void {
  printNote(
    io,
    `Running: ${roles.join(', ')} on ${config.redisUrl === undefined ? 'the Postgres queue' : 'Redis'}.`,
  );
  if (roles.includes('scheduler')) {
    const { imgix, akamai, reconcileMinutes } = config.schedule;
    printNote(
      io,
      `Schedule (UTC): imgix "${imgix}", akamai "${akamai}", reconcile every ${reconcileMinutes} minutes.`,
    );
  }
  if (dashboardUrl !== undefined)
    printNote(io, `Dashboard: ${dashboardUrl}  queues: ${new URL('/queues', dashboardUrl)}`);
}

export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
