import { loadConfig } from '@edgeledger/config';
import {
  addDays,
  createManualClock,
  type ManualClock,
  Secret,
  type Source,
  silentLogger,
  toUtcDay,
  type UtcDay,
} from '@edgeledger/core';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { createFileSlots, planSource, recordPlan, runPlan } from '@edgeledger/pipeline';
import { DEFAULT_SCHEDULE, type QueueBackend, registerSchedules } from '@edgeledger/queue';
import { createSources } from '@edgeledger/sources';
import { createWarehouse, type Warehouse } from '@edgeledger/warehouse';
import { type RunningRoles, startRoles } from '../../src/roles.ts';
import { createStatusLine } from '../../src/status-line.ts';

/** Before the vendors publish a day, so that its reports wait. */
export const SITE_NOW = new Date('2026-11-21T02:40:00Z');
export const ACCOUNT = 'demo';

export interface DemoSite extends AsyncDisposable {
  readonly emulator: Emulator;
  readonly warehouse: Warehouse;
  readonly clock: ManualClock;
  readonly url: string;
  /** UTC day so many days before the clock's. */
  daysAgo(count: number): UtcDay;
  /** The vendor serves the report that fails until then. */
  repair(): void;
}

export interface DemoSiteOptions {
  readonly databaseUrl: string;
  readonly days: number;
  /** Variables of the dashboard. */
  readonly env?: Readonly<Record<string, string>>;
  /** Only one that runs does what is asked for; an idle one is connected all the same. */
  readonly worker: 'runs' | 'idle' | 'none';
  /** After everything is loaded, before the dashboard starts. */
  readonly prepare?: (site: { readonly warehouse: Warehouse }) => Promise<void>;
}

/** Days before the clock's with something to see: each is a real situation that the emulated vendors make. */
export const DAYS = { failed: 3, held: 5, rejects: 7, newColumn: 9 } as const;

export function toKey(report: string, day: UtcDay): string {
  return `${report}_${day.replaceAll('-', '')}`;
}

/**
 * Both vendors emulated, their days loaded, one of each thing that can go wrong, and the roles on a clock that
 * stands still.
 */
export async function openDemoSite(options: DemoSiteOptions): Promise<DemoSite> {
  await using stack = new AsyncDisposableStack();
  const clock = createManualClock(SITE_NOW);
  const daysAgo = (count: number): UtcDay => addDays(toUtcDay(clock.now()), -count);
  const emulator = stack.use(
    await createEmulator({
      seed: 7,
      clock,
      historyDays: options.days + 40,
      imgix: { requestsPerSecond: 0, partMaxRows: 300 },
      akamai: { requestsPerMinute: 0 },
    }),
  );
  const warehouse = stack.use(
    await createWarehouse({ connectionString: options.databaseUrl, worker: 'worker 1' }),
  );
  const sources = openSources(emulator, clock);
  for (const source of sources) stack.defer(() => source.close());

  const failing = emulator.faults.add({
    server: 'files',
    match: new RegExp(toKey('cdn_logs', daysAgo(DAYS.failed))),
    times: Number.POSITIVE_INFINITY,
    action: { kind: 'status', status: 503 },
  });
  damage(emulator, daysAgo);
  const load = () => loadAll(sources, warehouse, clock, { from: daysAgo(options.days), to: daysAgo(1) });
  await load();
  emulator.revise({ reportKey: toKey('cdn_logs', daysAgo(DAYS.held)), keepRows: 12 });
  await load();
  await options.prepare?.({ warehouse });
  const roles = await startSite(options, { warehouse, clock, sources });
  stack.defer(() => roles.close());
  const owned = stack.move();
  return {
    emulator,
    warehouse,
    clock,
    url: roles.dashboardUrl ?? '',
    daysAgo,
    repair: () => failing.remove(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function openSources(emulator: Emulator, clock: ManualClock): Source[] {
  const { imgix, akamai } = emulator.credentials;
  const reportTypes = [
    'cdn_logs',
    'credit_analytics_daily',
    'credit_analytics_mtd',
    'image_analytics',
    'mild_errors',
    'source_analytics',
  ];
  return createSources(
    [
      {
        vendor: 'imgix',
        account: ACCOUNT,
        apiKey: new Secret(imgix.apiKey),
        apiUrl: new URL(emulator.imgixUrl),
        fileHosts: [emulator.filesHost],
        reportTypes,
        reportTypesExplicit: true,
      },
      {
        vendor: 'akamai',
        account: ACCOUNT,
        clientToken: new Secret(akamai.clientToken),
        clientSecret: new Secret(akamai.clientSecret),
        accessToken: new Secret(akamai.accessToken),
        apiUrl: new URL(emulator.akamaiUrl),
        streams: [
          { name: 'default', dataset: 'endpoint_usage_by_time', objectIds: 'all' },
          { name: 'default', dataset: 'api_usage_details', objectIds: emulator.scope.accountIds },
        ],
      },
    ],
    { clock, logger: silentLogger, rateBudget: () => UNLIMITED, http: { maxAttempts: 1 } },
  );
}

/** The emulated vendors limit nothing here. */
const UNLIMITED = {
  take: async () => ({ release: () => undefined }),
  pause: async () => undefined,
};

/** A record that no bigint column takes, with markup in it, and a column that nobody knows. */
function damage(emulator: Emulator, daysAgo: (count: number) => UtcDay): void {
  emulator.revise({
    reportKey: toKey('cdn_logs', daysAgo(DAYS.rejects)),
    edit: ({ columns, rows }) => {
      const column = columns.findIndex((name) => /bytes|size/i.test(name));
      return {
        columns,
        rows: rows.map((row, index) => (index === 41 || index === 97 ? row.with(column, '<b>n/a</b>') : row)),
      };
    },
  });
  emulator.revise({
    reportKey: toKey('cdn_logs', daysAgo(DAYS.newColumn)),
    edit: ({ columns, rows }) => ({
      columns: [...columns, 'Edge "POP" <beta>'],
      rows: rows.map((row) => [...row, 'FRA']),
    }),
  });
}

async function loadAll(
  sources: readonly Source[],
  warehouse: Warehouse,
  clock: ManualClock,
  range: { readonly from: UtcDay; readonly to: UtcDay },
): Promise<void> {
  const { signal } = new AbortController();
  for (const source of sources) {
    const now = clock.now();
    const services = {
      source,
      ledger: warehouse.ledger,
      loader: warehouse.loader,
      clock,
      logger: silentLogger,
    };
    const planned = await planSource(source, warehouse.ledger, range, {
      now,
      signal,
      logger: silentLogger,
      isManual: false,
    });
    await recordPlan(planned, source, warehouse.ledger, { now });
    await runPlan(planned.load, services, {
      signal,
      concurrency: 4,
      attempts: 1,
      pause: async () => undefined,
    });
  }
}

async function startSite(
  options: DemoSiteOptions,
  site: { readonly warehouse: Warehouse; readonly clock: ManualClock; readonly sources: readonly Source[] },
): Promise<RunningRoles> {
  const config = loadConfig({ env: { PORT: '0', BACKFILL_DAYS: '10', ...options.env }, cwd: '/' });
  const silent = { isTTY: false, write: () => true };
  const io = {
    stdout: silent,
    status: createStatusLine(silent),
    clock: site.clock,
    signal: new AbortController().signal,
    pause: async () => undefined,
  };
  const services = {
    io,
    config,
    logger: silentLogger,
    shared: {},
    warehouse: site.warehouse,
    databaseUrl: options.databaseUrl,
    fileSlots: createFileSlots(),
  };
  const { sources } = site;
  const roles = options.worker === 'runs' ? (['worker', 'dashboard'] as const) : (['dashboard'] as const);
  const running = await startRoles(roles, services, { sources });
  if (options.worker === 'idle') await pretendWorker(running.backend, sources);
  return running;
}

/** As if all roles ran somewhere else and had nothing to do; it ends with the backend. */
async function pretendWorker(backend: QueueBackend, sources: readonly Source[]): Promise<void> {
  const scheduled = sources.map(({ id, vendor }) => ({ sourceId: id, vendor }));
  await registerSchedules(backend, scheduled, DEFAULT_SCHEDULE);
  const worker = backend.createWorker('imgix', async () => undefined, { autorun: false });
  await worker.waitUntilReady();
}
