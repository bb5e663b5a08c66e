import { setTimeout as sleep } from 'node:timers/promises';
import { DAY_MS, type EdgeledgerError, isAbortError, type Source, TransientError } from '@edgeledger/core';
import type { Metrics, Traces } from '@edgeledger/telemetry';
import { assertSources, watchSources } from '../check-sources.ts';
import { withDemoVendors } from '../demo-vendors.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printNote } from '../io.ts';
import { connectMetrics, openRoleMetrics, openRoleTraces, serveMetrics, toRoleName } from '../observation.ts';
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

/** What a start that is under way gets to end by itself after a signal; a server that does not answer takes longer. */
const START_GRACE_MS = 3_000;

/** Runs roles until SIGINT or SIGTERM; then takes no more work, lets jobs finish or rolls them back, and ends. */
export async function runServeCommand(
  io: Io,
  roles: readonly Role[],
  options: ServeOptions,
): Promise<number> {
  const progress = { isUp: false };
  try {
    const serving = serveOnceStoresAnswer(io, roles, options, progress);
    return await Promise.race([serving, untilStartIsGivenUp(io.signal, progress)]);
  } catch (error) {
    // asked to end before it had begun
    if (io.signal.aborted && (isAbortError(error) || error instanceof TransientError)) return EXIT.done;
    throw error;
  }
}

/** Never resolves once the roles are up: then closing them takes what it takes. */
async function untilStartIsGivenUp(
  signal: AbortSignal,
  progress: { readonly isUp: boolean },
): Promise<number> {
  await untilAborted(signal);
  await sleep(START_GRACE_MS, undefined, { ref: false });
  return progress.isUp ? await new Promise<never>(() => undefined) : EXIT.done;
}

async function serveOnceStoresAnswer(
  io: Io,
  roles: readonly Role[],
  options: ServeOptions,
  progress: { isUp: boolean },
): Promise<number> {
  await using vendors = await withDemoVendors(readSetup(io), { servesPages: roles.includes('dashboard') });
  const { setup } = vendors;
  const metrics = await openRoleMetrics(roles);
  await using outer = new AsyncDisposableStack();
  const traces = await openRoleTraces(roles, setup);
  outer.defer(async () => traces?.close());
  const maxInlineWaitMs = io.trial?.inlineWaitMs ?? WORKER_INLINE_WAIT_MS;
  const sources = roles.some((role) => role !== 'dashboard')
    ? openSources(setup, { maxInlineWaitMs, metrics, traces })
    : [];
  const deadlineMs = performance.now() + START_PATIENCE_MS;
  for (;;) {
    try {
      return await serve(setup, roles, { ...options, sources, metrics, traces, progress });
    } catch (error) {
      if (io.signal.aborted || !isAway(error) || performance.now() > deadlineMs) throw error;
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

interface Serving extends ServeOptions {
  readonly sources: readonly Source[];
  readonly metrics: Metrics;
  readonly traces: Traces | undefined;
  /** Told when the roles are up. */
  readonly progress: { isUp: boolean };
}

async function serve(
  setup: Setup,
  roles: readonly Role[],
  { progress, ...options }: Serving,
): Promise<number> {
  const { io } = setup;
  const { sources, metrics } = options;
  return withServices(setup, { role: toRoleName(roles), announce: true }, async (services) => {
    setup.shared.rateBudget = metrics.measureBudget(services.warehouse.rateBudget);
    await assertSources(sources, setup, { tellFailures: true });
    const watch = watchSources(sources, setup, DAY_MS);
    const running = await startRoles(roles, services, options);
    progress.isUp = true;
    await using stack = new AsyncDisposableStack();
    try {
      connectMetrics(metrics, services, running.backend);
      const served = await serveMetrics(metrics, services, running);
      stack.defer(async () => served?.close());
      announce(io, roles, running.dashboardUrl, services);
      if (served !== undefined) printNote(io, `Metrics: ${served.url}/metrics`);
      await untilAborted(io.signal);
      printNote(io, 'Stopping: running jobs get a moment to finish. Press Ctrl-C again to stop at once.');
    } finally {
      watch.stop();
      await running.close();
      await Promise.all(sources.map((source) => source.close()));
    }
    return EXIT.done;
  });
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
