import { DAY_MS } from '@edgeledger/core';
import { assertSources, watchSources } from '../check-sources.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printNote } from '../io.ts';
import {
  connectMetrics,
  createRoleMetrics,
  openRoleTraces,
  serveMetrics,
  toRoleName,
} from '../observation.ts';
import { type Role, startRoles } from '../roles.ts';
import { openSources, readSetup, type Services, withServices } from '../services.ts';

export interface ServeOptions {
  readonly host?: string;
  readonly port?: number;
}

/** A worker leaves a throttled job to the queue instead of holding its place for long. */
const WORKER_INLINE_WAIT_MS = 10_000;

/** Runs roles until SIGINT or SIGTERM; then takes no more work, lets jobs finish or rolls them back, and ends. */
export async function runServeCommand(
  io: Io,
  roles: readonly Role[],
  options: ServeOptions,
): Promise<number> {
  const setup = readSetup(io);
  const metrics = createRoleMetrics(roles);
  await using outer = new AsyncDisposableStack();
  const traces = await openRoleTraces(roles, setup);
  outer.defer(async () => traces?.close());
  const sources = roles.some((role) => role !== 'dashboard')
    ? openSources(setup, { maxInlineWaitMs: WORKER_INLINE_WAIT_MS, metrics, traces })
    : [];
  return await withServices(setup, { role: toRoleName(roles), announce: true }, async (services) => {
    setup.shared.rateBudget = metrics.measureBudget(services.warehouse.rateBudget);
    await assertSources(sources, setup, { tellFailures: true });
    const watch = watchSources(sources, setup, DAY_MS);
    const running = await startRoles(roles, services, { ...options, sources, metrics, traces });
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
