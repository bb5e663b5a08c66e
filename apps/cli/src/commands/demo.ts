import { addDays, HOUR_MS, MINUTE_MS, type Source, toUtcDay } from '@edgeledger/core';
import { createEmulator, type Emulator } from '@edgeledger/emulator';
import { planSource, recordPlan } from '@edgeledger/pipeline';
import { createProducer, toUnitPayload } from '@edgeledger/queue';
import { createSources } from '@edgeledger/sources';
import type { Metrics } from '@edgeledger/telemetry';
import type { DayRange } from '../day-range.ts';
import { DEMO_QUESTIONS } from '../demo-questions.ts';
import { DEMO_ACCOUNT, toDemoSources } from '../demo-sources.ts';
import { EXIT } from '../exit-codes.ts';
import { type Io, printExact, printLine, printNote, terminalWidth } from '../io.ts';
import { connectMetrics, openRoleMetrics } from '../observation.ts';
import { createProgress, type Progress } from '../progress.ts';
import { type RunningRoles, startRoles } from '../roles.ts';
import { readSetup, type Services, withServices } from '../services.ts';
import { renderTable, toInstantText } from '../text-table.ts';
import { untilAborted } from './serve.ts';

export interface DemoOptions {
  readonly days: number;
  readonly once?: boolean;
  readonly port?: number;
}

/** Older than the longest demo, so that month-to-date reports start before its first day. */
const HISTORY_DAYS = 125;
const ROWS_PER_FILE = 300;

/**
 * Everything in one process: both vendors emulated, an embedded Postgres, the queue on it, a scheduler, a
 * worker and the dashboard. The first run loads the days asked for, a second one finds them covered.
 */
export async function runDemoCommand(io: Io, options: DemoOptions): Promise<number> {
  const setup = readSetup(io, (config) => ({
    ...config,
    databaseUrl: undefined,
    redisUrl: undefined,
    sources: [],
    backfillDays: options.days,
    // the progress display says what seven hundred info lines would
    log: config.log.level === 'info' ? { ...config.log, level: 'warn' } : config.log,
  }));
  return withServices(setup, { role: 'demo', announce: true }, (services) => runDemo(services, options));
}

async function runDemo(services: Services, options: DemoOptions): Promise<number> {
  const { io } = services;
  await using stack = new AsyncDisposableStack();
  const emulator = stack.use(
    await createEmulator({
      now: () => io.clock.now(),
      historyDays: HISTORY_DAYS,
      imgix: { partMaxRows: ROWS_PER_FILE },
    }),
  );
  const metrics = await openRoleMetrics(['worker', 'scheduler', 'dashboard']);
  const sources = createDemoSources(emulator, services, metrics);
  for (const source of sources) stack.defer(() => source.close());
  printNote(io, `Emulated vendors: imgix ${emulator.imgixUrl}, Akamai ${emulator.akamaiUrl}`);

  const progress = createProgress(io.status, io.clock);
  const roles = await startRoles(options.once ? ['worker'] : ['worker', 'dashboard'], services, {
    sources,
    metrics,
    port: options.port ?? 0,
    onProgress: (delta) => progress.watcher.onProgress?.(delta),
    onUnitEnd: () => progress.end(),
    onUnitFailed: (reason) => progress.end(reason),
  });
  stack.defer(() => roles.close());
  connectMetrics(metrics, services, roles.backend);

  const range = lastDays(options.days, io.clock.now());
  const enqueued = await enqueueMissing(services, sources, range, { roles, progress });
  await untilLoaded(roles, io);
  if (enqueued > 0) progress.finish();
  const isComplete = await printAnswers(services, range, enqueued);
  if (options.once) return isComplete ? EXIT.done : EXIT.incomplete;

  const scheduler = await startRoles(['scheduler'], services, { sources });
  stack.defer(() => scheduler.close());
  printLine(io, `\nDashboard: ${roles.dashboardUrl}   queues: ${new URL('/queues', roles.dashboardUrl)}`);
  printLine(io, 'SQL:       npx --yes pnpm@12 edgeledger sql   (read-only, in another terminal)');
  printExact(io, `           psql '${services.databaseUrl}'`);
  printLine(io, 'The scheduler goes on. Press Ctrl-C to stop; the data stays for the next run.');
  await untilAborted(io.signal);
  return EXIT.done;
}

function createDemoSources(emulator: Emulator, { io, logger, shared }: Services, metrics: Metrics): Source[] {
  const facts = { ...emulator, ...emulator.credentials, ...emulator.scope };
  return createSources(toDemoSources(facts), {
    clock: io.clock,
    logger,
    rateBudget: () => shared.rateBudget,
    http: { onAttempt: metrics.countRequest },
  });
}

/** The last days whose reports are out: yesterday's are promised by 04:00 UTC. */
function lastDays(days: number, now: Date): DayRange {
  const to = addDays(toUtcDay(new Date(now.getTime() - 4 * HOUR_MS)), -1);
  return { from: addDays(to, 1 - days), to };
}

async function enqueueMissing(
  services: Services,
  sources: readonly Source[],
  range: DayRange,
  running: { readonly roles: RunningRoles; readonly progress: Progress },
): Promise<number> {
  const { io, warehouse, logger } = services;
  await using stack = new AsyncDisposableStack();
  const producer = stack.adopt(createProducer(running.roles.backend, { clock: io.clock }), (opened) =>
    opened.close(),
  );
  let enqueued = 0;
  for (const source of sources) {
    const now = io.clock.now();
    const planned = await planSource(source, warehouse.ledger, range, {
      now,
      signal: io.signal,
      logger,
      isManual: true,
    });
    await recordPlan(planned, source, warehouse.ledger, { now });
    if (planned.load.length === 0) continue;
    running.progress.expect(planned.load.length);
    enqueued += planned.load.length;
    await producer.enqueueUnits(
      planned.load.map(({ unit, seenLoadId }) => toUnitPayload(source.id, unit, seenLoadId)),
    );
  }
  return enqueued;
}

/** Jobs may be delayed for a moment (a throttled vendor, a second attempt); they are waited for, but not for long. */
async function untilLoaded(roles: RunningRoles, io: Io): Promise<void> {
  const deadline = io.clock.now().getTime() + MINUTE_MS;
  for (;;) {
    const { delayed } = await roles.idle(io.signal);
    if (delayed === 0 || io.clock.now().getTime() > deadline) return;
    await io.pause(500, io.signal);
  }
}

/** Prints coverage and the answers; true when every unit of the range is loaded. */
async function printAnswers(services: Services, range: DayRange, enqueued: number): Promise<boolean> {
  const { io, warehouse } = services;
  const totals = (await warehouse.questions.totals()).filter((total) => total.account === DEMO_ACCOUNT);
  const missing = (await warehouse.questions.gaps()).filter((gap) => gap.account === DEMO_ACCOUNT);
  if (enqueued === 0) {
    printLine(io, `Nothing to load: ${range.from} to ${range.to} are covered by an earlier run.`);
  }
  printLine(io, `\nCoverage, ${range.from} to ${range.to} (UTC)\n`);
  const header = ['dataset', 'reports', 'loaded', 'rows', 'rejects', 'first day', 'last day'];
  const rows = totals.map((total) => [
    total.dataset,
    total.units,
    total.loaded,
    total.rows,
    total.rejects,
    toInstantText(total.first_period),
    toInstantText(total.last_period),
  ]);
  printLine(io, renderTable(header, rows, terminalWidth(io)));
  for (const question of DEMO_QUESTIONS) {
    const answer = await warehouse.questions.query(question.sql);
    printLine(io, `\n${question.title}\n`);
    printLine(io, renderTable(answer.columns, answer.rows, terminalWidth(io)));
  }
  if (missing.length > 0)
    printLine(io, `\n${missing.length} reports are missing; \`edgeledger gaps\` lists them.`);
  return missing.length === 0;
}
