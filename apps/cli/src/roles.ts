import type { AlertTeller } from '@edgeledger/alerts';
import { HOUR_MS, type Source } from '@edgeledger/core';
import { createDashboard } from '@edgeledger/dashboard';
import {
  type Consumer,
  createConsumer,
  createProducer,
  listQueues,
  migrateQueue,
  type QueueBackend,
} from '@edgeledger/queue';
import { createScheduler } from '@edgeledger/scheduler';
import { createHandlers, type HandlerServices, settleFailedJob } from '@edgeledger/worker';
import { openAlertTeller, recordSource, tellRegularly } from './alerting.ts';
import { openQueue, type Services, sweep } from './services.ts';
import { VERSION } from './version.ts';

export const ROLES = ['scheduler', 'worker', 'dashboard'] as const;
export type Role = (typeof ROLES)[number];

export interface RoleOptions {
  /** None are needed for the dashboard alone. */
  readonly sources: readonly Source[];
  readonly onProgress?: HandlerServices['onProgress'];
  /** A unit is through, loaded or not. */
  readonly onUnitEnd?: () => void;
  /** A unit failed for good; the reason names it. */
  readonly onUnitFailed?: (reason: string) => void;
  readonly host?: string;
  readonly port?: number;
}

export interface RunningRoles {
  readonly backend: QueueBackend;
  readonly dashboardUrl: string | undefined;
  /** Resolves when no job could run now or runs; tells how many are delayed. */
  idle(signal: AbortSignal): Promise<{ readonly delayed: number }>;
  close(): Promise<void>;
}

/** Starts roles in this process, on one queue connection. Containers start one each, `up` all of them. */
export async function startRoles(
  roles: readonly Role[],
  services: Services,
  options: RoleOptions,
): Promise<RunningRoles> {
  await using stack = new AsyncDisposableStack();
  if (services.config.redisUrl === undefined) await migrateQueue({ databaseUrl: services.databaseUrl });
  const backend = stack.adopt(await openQueue(services), (opened) => opened.close());
  const { sources } = options;
  const teller = openAlertTeller(services);
  if (teller !== undefined) stack.defer(() => teller.close());
  const consumer = roles.includes('worker')
    ? startWorker(backend, services, { ...options, teller }, stack)
    : undefined;
  if (roles.includes('scheduler')) {
    const scheduler = await createScheduler({
      backend,
      sources: sources.map((source) => toScheduledSource(source, services)),
      schedule: services.config.schedule,
      logger: services.logger,
    });
    stack.defer(() => scheduler.close());
    if (teller !== undefined) stack.use(tellRegularly(teller));
  }
  const dashboard = roles.includes('dashboard')
    ? await startDashboard(backend, services, options)
    : undefined;
  if (dashboard !== undefined) stack.defer(() => dashboard.close());
  const owned = stack.move();
  return {
    backend,
    dashboardUrl: dashboard?.url,
    idle: async (signal) => (await consumer?.idle({ signal })) ?? { delayed: 0 },
    close: () => owned.disposeAsync(),
  };
}

function startWorker(
  backend: QueueBackend,
  services: Services,
  options: RoleOptions & { readonly teller: AlertTeller | undefined },
  stack: AsyncDisposableStack,
): Consumer {
  const { warehouse, io, logger, config } = services;
  const { sources, teller } = options;
  const producer = stack.adopt(createProducer(backend, { clock: io.clock }), (opened) => opened.close());
  const handlerServices: HandlerServices = {
    sources,
    ledger: warehouse.ledger,
    loader: warehouse.loader,
    sweep: (now) => sweep(services, now),
    ...(teller && {
      onSource: (source: Source, reason: string | undefined) => recordSource(services, source, reason),
      tellAlerts: () => teller.tell(),
    }),
    producer,
    clock: io.clock,
    logger,
    thresholds: config.rejects,
    shrink: config.revisions,
    lateAfterMs: config.schedule.lateAfterHours * HOUR_MS,
    backfillDays: config.backfillDays,
    ...(options.onProgress && { onProgress: options.onProgress }),
    ...(options.onUnitEnd && { onUnitEnd: options.onUnitEnd }),
  };
  const consumer = createConsumer(backend, {
    handlers: createHandlers(handlerServices),
    logger,
    clock: io.clock,
    onFailed: (failure) => {
      // a report fails with its part; the part is the one to name
      if (failure.jobName !== 'publish.report')
        options.onUnitFailed?.(`${failure.jobId}: ${failure.error.message}`);
      void settleFailedJob(failure, handlerServices);
    },
  });
  stack.defer(() => consumer.close());
  return consumer;
}

function toScheduledSource(source: Source, { config }: Services) {
  const configured = config.sources.find(
    (one) => one.vendor === source.vendor && one.account === source.account,
  );
  const everyMinutes =
    configured?.vendor === 'akamai'
      ? Math.min(...configured.streams.flatMap((stream) => stream.everyMinutes ?? []))
      : Number.POSITIVE_INFINITY;
  return {
    sourceId: source.id,
    vendor: source.vendor,
    ...(Number.isFinite(everyMinutes) && { everyMinutes }),
  };
}

async function startDashboard(backend: QueueBackend, services: Services, options: RoleOptions) {
  const { config, logger, warehouse } = services;
  const { dashboard } = config;
  return createDashboard({
    queues: listQueues(backend),
    questions: warehouse.questions,
    host: options.host ?? dashboard.host,
    port: options.port ?? dashboard.port,
    ...(dashboard.user !== undefined && { user: dashboard.user }),
    ...(dashboard.password !== undefined && { password: dashboard.password }),
    logger,
    version: VERSION,
    isReady: () => readReadiness(backend, services),
  });
}

async function readReadiness(backend: QueueBackend, { warehouse }: Services) {
  const checks = await Promise.all([
    check('warehouse', () => warehouse.assertMigrated()),
    check('queue', () => backend.ping()),
  ]);
  return { ok: checks.every((one) => one.ok), checks };
}

async function check(name: string, probe: () => Promise<unknown>) {
  try {
    await probe();
    return { name, ok: true };
  } catch (error) {
    return { name, ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
