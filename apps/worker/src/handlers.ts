import { setTimeout as sleep } from 'node:timers/promises';
import {
  addDays,
  type Clock,
  ConfigError,
  type DiscoverRange,
  type Ledger,
  type Loader,
  type Logger,
  type PassMilestone,
  type RejectThresholds,
  type ShrinkLimits,
  type Source,
  type Spool,
  toUnitId,
  toUtcDay,
  type UnitRef,
} from '@edgeledger/core';
import {
  beginReport,
  checkUnit,
  type FileSlots,
  failReport,
  type Plan,
  type PlannedUnit,
  planSource,
  publishReport,
  readUnit,
  recordPlan,
  stageReportPart,
  type UnitOutcome,
  type UnitRun,
  type UnitServices,
} from '@edgeledger/pipeline';
import {
  fromUnitPayload,
  type Handlers,
  type JobFailure,
  type JobOutcome,
  type LoadUnitPayload,
  type PlanSourcePayload,
  type Producer,
  type PublishReportPayload,
  type StagePartPayload,
  toUnitPayload,
} from '@edgeledger/queue';

export interface HandlerServices {
  readonly sources: readonly Source[];
  readonly ledger: Ledger;
  readonly loader: Loader;
  /** Clears away what killed processes left in staging. */
  readonly sweep: (now: Date) => Promise<unknown>;
  /** A source could be asked for its reports, or could not for the reason. Must not throw. */
  readonly onSource?: (source: Source, reason: string | undefined) => Promise<void>;
  /** Tells what a tick found out. Must not throw. */
  readonly tellAlerts?: () => Promise<unknown>;
  readonly producer: Pick<Producer, 'enqueueUnits' | 'enqueueReport' | 'findBegunReports'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly thresholds: RejectThresholds;
  readonly shrink?: ShrinkLimits;
  readonly spool?: Spool;
  readonly fileSlots?: FileSlots;
  /** How long after its due time a unit that is not there is reported as late, in ms. */
  readonly lateAfterMs?: number;
  /** How many whole days a tick without a range looks back. */
  readonly backfillDays: number;
  readonly onProgress?: UnitRun['onProgress'];
  /** A unit is through in this process: loaded, waiting or lost. */
  readonly onUnitEnd?: (outcome: UnitOutcome) => void;
  readonly passing?: PassMilestone;
}

/** What each job does, composed of pipeline functions. */
export function createHandlers(services: HandlerServices): Handlers {
  return {
    'plan.source': async (payload, { signal }) => {
      const source = getSource(services, payload.sourceId);
      const now = services.clock.now();
      await services.sweep(now);
      const context = {
        now,
        signal,
        logger: services.logger,
        isManual: payload.reason === 'backfill',
        queueLostAt: payload.queueLostAt === undefined ? undefined : new Date(payload.queueLostAt),
      };
      const planned = await planSource(source, services.ledger, toRange(payload, services), context);
      await recordPlan(planned, source, services.ledger, { now, lateAfterMs: services.lateAfterMs });
      services.passing?.('plan.recorded');
      const { load, orphans } = await sortOutBegun(planned, services);
      const { added } = await services.producer.enqueueUnits([
        ...load.map(({ unit, seenLoadId }) => toUnitPayload(source.id, unit, seenLoadId)),
        ...orphans.map(({ unit, seenLoadId }) => ({
          ...toUnitPayload(source.id, unit, seenLoadId),
          isOrphan: true,
        })),
      ]);
      services.passing?.('plan.enqueued');
      const found = {
        added,
        waiting: planned.waiting.length,
        lost: planned.lost.length,
        covered: planned.covered.length,
      };
      services.logger.info({ source: source.id, reason: payload.reason, ...found }, 'planned');
      await services.onSource?.(source, undefined);
      await services.tellAlerts?.();
      return { kind: 'done', result: found };
    },
    'load.unit': (payload, { signal }) => loadUnit(payload, services, toRun(services, signal)),
    'stage.part': async (payload, { signal }) => {
      const part = {
        ...toReport(payload),
        partNo: payload.partNo,
        part: { name: payload.partName },
        partCount: payload.partCount,
      };
      const outcome = await stageReportPart(part, unitServices(payload, services), toRun(services, signal));
      if (outcome.kind === 'waiting') return outcome;
      // the report that it belongs to finds out what is to be done
      if (outcome.kind === 'stale') return { kind: 'done', result: { superseded: true } };
      return { kind: 'done', result: { rows: outcome.rows, rejects: outcome.rejects } };
    },
    'publish.report': async (payload) => {
      const { vendorReportId, revision, partCount } = payload;
      const report = { ...toReport(payload), vendorReportId, revision, partCount };
      const outcome = await publishReport(report, withConfirmation(payload, revision, services));
      if (outcome.kind === 'superseded') return { kind: 'done', result: { superseded: true } };
      if (outcome.kind !== 'stale') return endUnit(outcome, services);
      await services.producer.enqueueUnits([toUnitPayload(payload.sourceId, fromUnitPayload(payload))]);
      return { kind: 'done', result: { loadedAnew: true } };
    },
  };
}

/**
 * What the ledger says of a unit under way, against what the queue knows. Without a job of it the queue was lost, and it is
 * begun anew. (Adding one that is in the queue as a whole adds nothing; one that a person's `run` is at is read twice at
 * worst.) With one, its parts may only have waited long for a worker: that is no interruption.
 */
async function sortOutBegun(
  { load, running }: Plan,
  { producer }: HandlerServices,
): Promise<{ readonly load: readonly PlannedUnit[]; readonly orphans: readonly PlannedUnit[] }> {
  const isInterrupted = ({ reason }: PlannedUnit): boolean => reason === 'interrupted';
  if (running.length === 0 && !load.some(isInterrupted)) return { load, orphans: [] };
  const begun = await producer.findBegunReports();
  const hasJob = (unit: UnitRef): boolean => begun.has(toUnitId(unit));
  return {
    load: load.filter((item) => !isInterrupted(item) || !hasJob(item.unit)),
    orphans: running.filter(({ unit }) => !hasJob(unit)),
  };
}

/** Small units are one job; a report of several files becomes a job per file and one that publishes them. */
async function loadUnit(
  payload: LoadUnitPayload,
  services: HandlerServices,
  run: UnitRun,
): Promise<JobOutcome> {
  const unit = fromUnitPayload(payload);
  if (await isLoadedMeanwhile(payload, services)) return { kind: 'done', result: { loadedMeanwhile: true } };
  if (await isBegunMeanwhile(payload, services)) return { kind: 'done', result: { begunMeanwhile: true } };
  const own = unitServices(payload, services);
  const readiness = await checkUnit(unit, own, run);
  if (readiness.kind !== 'ready') return endUnit(readiness, services);
  if (readiness.independentParts !== true || readiness.parts.length < 2) {
    const confirmed = withConfirmation(payload, readiness.revision, services);
    return endUnit(await readUnit(unit, readiness, confirmed, run), services);
  }
  const { loadId, parts } = await beginReport(unit, readiness, own);
  services.passing?.('report.begun');
  await services.producer.enqueueReport({
    unit: payload,
    loadId,
    vendorReportId: readiness.vendorReportId,
    revision: readiness.revision,
    partCount: readiness.parts.length,
    parts: parts.map(({ partNo, part }) => ({ partNo, partName: part.name })),
  });
  services.passing?.('report.enqueued');
  return { kind: 'done', result: { parts: readiness.parts.length, loadId } };
}

/**
 * Two ticks at once plan the same units, and what was loaded between the two would be read twice: the queue knows only
 * what waits or runs.
 */
async function isLoadedMeanwhile(
  { seenLoadId, ...payload }: LoadUnitPayload,
  { ledger }: HandlerServices,
): Promise<boolean> {
  if (seenLoadId === undefined) return false;
  const record = await ledger.findUnit(fromUnitPayload(payload));
  if (record?.state !== 'loaded' || record.loadId === seenLoadId) return false;
  // this job may run again because its worker was killed, and only a later load clears away what it had begun
  return !(await ledger.hasLaterLoad(fromUnitPayload(payload)));
}

/** The job that was at it when the tick looked may have made the jobs of its parts since then. */
async function isBegunMeanwhile(
  { isOrphan, ...payload }: LoadUnitPayload,
  { producer }: HandlerServices,
): Promise<boolean> {
  if (isOrphan !== true) return false;
  return (await producer.findBegunReports()).has(toUnitId(fromUnitPayload(payload)));
}

/** Gives up the load of a report that failed for good; for the consumer's `onFailed`. */
export async function settleFailedJob(failure: JobFailure, services: HandlerServices): Promise<void> {
  if (failure.jobName === 'plan.source') {
    const { sourceId } = failure.payload as PlanSourcePayload;
    const source = services.sources.find(({ id }) => id === sourceId);
    if (source !== undefined) await services.onSource?.(source, failure.error.message);
    await services.tellAlerts?.();
    return;
  }
  if (failure.jobName !== 'stage.part' && failure.jobName !== 'publish.report') return;
  // the catalog parsed it when the job was made
  const payload = failure.payload as StagePartPayload | PublishReportPayload;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await failReport(toReport(payload), failure.error, unitServices(payload, services));
      return;
    } catch (error) {
      if (attempt >= SETTLE_ATTEMPTS) {
        services.logger.error({ job: failure.jobId, error }, 'could not record the failure of a report');
        return;
      }
      // what failed the job may be what fails this: Postgres is away
      await sleep(SETTLE_PAUSE_MS * attempt, undefined, { ref: false });
    }
  }
}

const SETTLE_ATTEMPTS = 8;
const SETTLE_PAUSE_MS = 500;

function endUnit(outcome: UnitOutcome, services: HandlerServices): JobOutcome {
  services.onUnitEnd?.(outcome);
  if (outcome.kind === 'waiting') return outcome;
  // the next tick after that time reads it again
  if (outcome.kind === 'held') return { kind: 'done', result: { held: outcome.reason } };
  if (outcome.kind === 'lost') return { kind: 'done', result: { lost: outcome.reason } };
  const { held: _, ...result } = outcome.result;
  return { kind: 'done', result };
}

function toReport(payload: LoadUnitPayload & { readonly loadId: string }) {
  return { unit: fromUnitPayload(payload), loadId: payload.loadId };
}

function toRun(services: HandlerServices, signal: AbortSignal): UnitRun {
  return services.onProgress === undefined ? { signal } : { signal, onProgress: services.onProgress };
}

function unitServices(payload: { readonly sourceId: string }, services: HandlerServices): UnitServices {
  return { ...services, source: getSource(services, payload.sourceId) };
}

/** A confirmation is of the revision that the person saw: another one is judged anew. */
function withConfirmation(
  payload: LoadUnitPayload,
  revision: string | null,
  services: HandlerServices,
): UnitServices {
  const { confirmedRevision } = payload;
  const isConfirmed = confirmedRevision !== undefined && confirmedRevision === revision;
  return { ...unitServices(payload, services), isConfirmed };
}

function getSource(services: HandlerServices, sourceId: string): Source {
  const source = services.sources.find((candidate) => candidate.id === sourceId);
  if (source === undefined) {
    const known = services.sources.map((candidate) => candidate.id).join(', ') || 'none';
    throw new ConfigError(
      'config.missing',
      `A job is for the source "${sourceId}", which this worker does not have (it has: ${known}). Give all workers the same sources, or remove the job.`,
    );
  }
  return source;
}

/** A tick for the running day looks at today alone; the others look back over whole days. */
function toRange(payload: PlanSourcePayload, services: HandlerServices): DiscoverRange {
  const today = toUtcDay(services.clock.now());
  const datasets = payload.datasets === undefined ? {} : { datasets: payload.datasets };
  if (payload.reason === 'running-day') return { from: today, to: today, ...datasets };
  const to = payload.to ?? addDays(today, -1);
  return { from: payload.from ?? addDays(to, 1 - services.backfillDays), to, ...datasets };
}
