import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, type Source, toUnitId } from '@edgeledger/core';
import {
  beginReport,
  checkUnit,
  failReport,
  publishReport,
  readUnit,
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
  type PublishReportPayload,
  type StagePartPayload,
  toUnitPayload,
} from '@edgeledger/queue';
import type { HandlerServices } from './handler-services.ts';
import { planTick } from './plan-tick.ts';

/** What each job does, composed of pipeline functions. */
export function createHandlers(services: HandlerServices): Handlers {
  return {
    'plan.source': (payload, { signal }) =>
      planTick(payload, getSource(services, payload.sourceId), services, signal),
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

/** Small units are one job; a report of several files becomes a job per file and one that publishes them. */
async function loadUnit(
  payload: LoadUnitPayload,
  services: HandlerServices,
  run: UnitRun,
): Promise<JobOutcome> {
  const unit = fromUnitPayload(payload);
  const overtaker = await findOvertaker(payload, services);
  if (overtaker !== undefined) return { kind: 'done', result: { [overtaker]: true } };
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
 * Two ticks at once plan the same units, and what was loaded or begun between the two would be read twice: the queue keeps
 * the second job away only for as long as the first one waits or runs.
 */
async function findOvertaker(
  payload: LoadUnitPayload,
  { ledger, producer }: HandlerServices,
): Promise<'loadedMeanwhile' | 'begunMeanwhile' | undefined> {
  const unit = fromUnitPayload(payload);
  const { seenLoadId, isOrphan } = payload;
  const record = await ledger.findUnit(unit);
  if (seenLoadId !== undefined && record?.state === 'loaded' && record.loadId !== seenLoadId) {
    // this job may run again because its worker was killed, and only a later load clears away what it had begun
    return (await ledger.hasLaterLoad(unit)) ? undefined : 'loadedMeanwhile';
  }
  if (record?.isBeingLoaded !== true && isOrphan !== true) return undefined;
  return (await producer.findBegunReports()).has(toUnitId(unit)) ? 'begunMeanwhile' : undefined;
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
