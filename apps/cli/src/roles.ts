import type { AlertTeller } from '@edgeledger/alerts';
import { HOUR_MS, type Loader, type Source } from '@edgeledger/core';
import { createOperator, type Hands } from '@edgeledger/pipeline';
import {
  type Consumer,
  createConsumer,
  createProducer,
  findUnitJobs,
  listQueues,
  migrateQueue,
  type Producer,
  type QueueBackend,
  readPresence,
  toUnitPayload,
} from '@edgeledger/queue';
import { createScheduler } from '@edgeledger/scheduler';
import { createTracedLoader, type Metrics, type Traces } from '@edgeledger/telemetry';
import { createHandlers, type HandlerServices, settleFailedJob } from '@edgeledger/worker';
import { openAlertTeller, recordSource, tellRegularly } from './alerting.ts';
import type { Role } from './role-names.ts';
import { openQueue, openSpool, type Services, sweep } from './services.ts';
import { VERSION } from './version.ts';

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
  /** Counts what is loaded, and is served by the dashboard. */
  readonly metrics?: Metrics;
  /** Makes spans of loads. */
  readonly traces?: Traces | undefined;
}

export interface RunningRoles {
  readonly backend: QueueBackend;
  readonly dashboardUrl: string | undefined;
  isReady(): ReturnType<typeof readReadiness>;
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
    isReady: () => readReadiness(backend, services),
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
    loader: observeLoader(warehouse.loader, options),
    sweep: (now, findBegun) => sweep(services, now, findBegun),
    ...(teller && {
      onSource: (source: Source, reason: string | undefined) => recordSource(services, source, reason),
      tellAlerts: () => teller.tell(),
    }),
    producer,
    clock: io.clock,
    logger,
    thresholds: config.rejects,
    shrink: config.revisions,
    spool: openSpool(config),
    fileSlots: services.fileSlots,
    lateAfterMs: config.schedule.lateAfterHours * HOUR_MS,
    backfillDays: config.backfillDays,
    ...(io.trial && { passing: io.trial.passing }),
    ...(options.onProgress && { onProgress: options.onProgress }),
    ...(options.onUnitEnd && { onUnitEnd: options.onUnitEnd }),
  };
  // what this worker's predecessor left when it was killed; a tick sweeps, too, but the next one may be far
  void sweep(services, io.clock.now()).catch((error: unknown) => {
    logger.warn({ error }, 'leftovers were not cleared away at start');
  });
  const consumer = createConsumer(backend, {
    handlers: createHandlers(handlerServices),
    logger,
    clock: io.clock,
    ...(io.trial && { passing: io.trial.passing, lockMs: io.trial.lockMs }),
    onFailed: (failure) => {
      // a report fails with its part; the part is the one to name
      if (failure.jobName !== 'publish.report')
        options.onUnitFailed?.(`${failure.jobId}: ${failure.error.message}`);
      return settleFailedJob(failure, handlerServices);
    },
  });
  stack.defer(() => consumer.close());
  return consumer;
}

function observeLoader(loader: Loader, { metrics, traces }: RoleOptions): Loader {
  const measured = metrics?.measureLoader(loader) ?? loader;
  return traces === undefined ? measured : createTracedLoader(measured, traces.tracer);
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
  const { config, logger, warehouse, io } = services;
  const { host, port, ...access } = config.dashboard;
  const configured = config.sources.map(({ vendor, account }) => `${vendor}-${account}`);
  const producer = createProducer(backend, { clock: io.clock });
  // with its pages and Bull Board the largest of all modules, which a worker has no use for
  const { createDashboard } = await import('@edgeledger/dashboard');
  const dashboard = await createDashboard({
    queues: listQueues(backend),
    warehouse,
    operator: createOperator({
      ledger: warehouse.ledger,
      findFailed: (filter) => warehouse.browse.failedUnits(filter),
      actions: warehouse.actions,
      hands: createHands(producer),
    }),
    findJobs: (unit, loadIds) => findUnitJobs(backend, unit, loadIds),
    readPresence: () => readPresence(backend),
    sources: [...new Set([...options.sources.map((source) => source.id), ...configured])],
    host: options.host ?? host,
    port: options.port ?? port,
    ...access,
    logger,
    version: VERSION,
    ...(options.metrics && { metrics: options.metrics }),
    ...(config.metrics.token && { metricsToken: config.metrics.token }),
    clock: io.clock,
    isReady: () => readReadiness(backend, services),
  });
  return {
    url: dashboard.url,
    close: async () => {
      await dashboard.close();
      await producer.close();
    },
  };
}

/** What people ask for on the dashboard goes through the queue like everything else. */
function createHands(producer: Producer): Hands {
  return {
    enqueueUnits: async (units) => {
      const payloads = units.map(({ sourceId, unit, confirmedRevision }) => ({
        ...toUnitPayload(sourceId, unit),
        ...(confirmedRevision !== undefined && { confirmedRevision }),
      }));
      return { promoted: 0, ...(await producer.enqueueUnits(payloads, { isUrgent: true })) };
    },
    enqueueBackfill: async ({ sourceId, from, to, datasets }) => {
      const range = { from, to, ...(datasets !== undefined && { datasets: [...datasets] }) };
      return (await producer.enqueueTick({ sourceId, ...range, reason: 'backfill' })).added;
    },
  };
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
