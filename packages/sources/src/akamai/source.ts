import {
  ContractError,
  HOUR_MS,
  InvariantError,
  MINUTE_MS,
  type PartRef,
  type Readiness,
  type Source,
  type SourceContext,
  toReserve,
  type UnitRef,
} from '@edgeledger/core';
import { configureDataset } from '../dataset-settings.ts';
import type { AkamaiSourceConfig, SourceServices } from '../source-config.ts';
import { createAkamaiClient, REQUESTS_PER_MINUTE } from './client.ts';
import { diagnoseStreams } from './diagnose.ts';
import { discoverUnits, findStream, type StreamDataset } from './discover.ts';
import { parseAkamaiPart } from './parse.ts';
import { createQueryReader } from './query-reader.ts';
import { createReportTypes, type ReportType } from './report-type.ts';
import { assertStream, findInterval } from './stream-checks.ts';
import type { StreamReport } from './stream-report.ts';
import { getStream, toPartObjectIds, toStreamDatasets } from './streams.ts';
import { createUnfolding } from './unfolding.ts';
import { findLeftOut } from './v2-selection.ts';
import { toDueAt, toExpiresAt } from './wait.ts';
import { FIVE_MINUTES_MS, findWindow, toAskableWindow, toPartRef } from './window.ts';
import { createWindowReader } from './window-reader.ts';

/** v2 does not say how far its data reaches; ranges it proposes itself end 9 to 19 minutes ago (section 2.1). */
const V2_LATENCY_MS = 30 * MINUTE_MS;
const STEPS_MS = { FIVE_MINUTES: FIVE_MINUTES_MS, HOUR: HOUR_MS, DAY: 24 * HOUR_MS };

/** @throws ConfigError `config.invalid` when streams contradict themselves */
export function createAkamaiSource(config: AkamaiSourceConfig, services: SourceServices): Source {
  const client = createAkamaiClient(config, services);
  const reportTypes = createReportTypes(client);
  const unfolding = createUnfolding();
  const streams = toStreamDatasets(config.streams, reportTypes);
  const windows = createWindowReader(client, reportTypes);
  const queries = createQueryReader({
    client,
    reportTypes,
    now: () => services.clock.now(),
    timers: services.http?.timers,
  });

  return {
    vendor: 'akamai',
    account: config.account,
    id: `akamai-${config.account}`,
    get datasets() {
      return [...new Map(streams.map(({ dataset }) => [dataset.name, dataset])).values()];
    },
    discover: async (range, context) => discoverUnits(streams, config.account, { range, now: context.now }),
    async check(unit, context) {
      const found = getStream(streams, unit);
      unfolding.forget(unit);
      const gone = findGone(unit, found, context);
      if (gone !== undefined) return gone;
      // a report that is switched off or not allowed should say so before anything is asked of it
      const reportType = await reportTypes.get(found.report, context);
      if (found.report.dataset === undefined && reportType.offer === undefined) throw toUnknownShape(found);
      assertStream(found.stream, found.report, reportType.offer);
      return checkWindow(unit, found, { ...context, reportType });
    },
    async open(unit, part, context) {
      const streamDataset = getStream(streams, unit);
      const window = findWindow(part);
      if (window === undefined) throw new InvariantError(`"${part.name}" is not an Akamai window.`);
      await reportTypes.get(streamDataset.report, context);
      const reader = streamDataset.report.api === 'v1' ? windows : queries;
      return reader.open({ ...context, unit, streamDataset, part, window });
    },
    parse(unit, part, context) {
      const streamDataset = getStream(streams, unit);
      const { stream, dataset, report } = streamDataset;
      return parseAkamaiPart(unit, part, context, {
        ...configureDataset(dataset, undefined),
        reportType: reportTypes.known(report),
        everyMinutes: stream.everyMinutes,
        mayUnfold: unfolding.mayUnfold,
        takeFindings: (window) => [
          ...client.takeFindings(),
          ...windows.takeFindings(),
          // once for the unit, with the part that every unit has; the warehouse keeps one for all units
          ...(window.isInner ? [] : reportTypes.findings(report)),
          ...(window.isInner || report.api === 'v1' ? [] : findLeftOut({ streamDataset }, reportTypes)),
        ],
      });
    },
    diagnose: (context) =>
      diagnoseStreams(streams, { reportTypes, clockOffsetMs: () => client.clockOffsetMs() }, context),
    estimateRequests: (units) =>
      units.reduce((sum, unit) => sum + toPartObjectIds(findStream(streams, unit)?.stream).length, 0),
    estimateMinutes: (units) => estimateMinutes(streams, units),
    close: () => client.close(),
  };
}

/** Reports have budgets of their own, so the longest counts; backfills leave a reserve. */
function estimateMinutes(streams: readonly StreamDataset[], units: readonly UnitRef[]): number {
  const requests = new Map<StreamReport, number>();
  for (const unit of units) {
    const found = findStream(streams, unit);
    if (found === undefined) continue;
    const count = toPartObjectIds(found.stream).length;
    requests.set(found.report, (requests.get(found.report) ?? 0) + count);
  }
  const minutes = [...requests].map(([report, count]) => {
    const allowed = REQUESTS_PER_MINUTE[report.api];
    return Math.ceil(count / (allowed - toReserve(allowed)));
  });
  return Math.max(0, ...minutes);
}

function toUnknownShape({ report }: StreamDataset): ContractError {
  return new ContractError(
    'source.response-malformed',
    `Akamai does not say which metrics ${report.name} has, so its table cannot be made. Check the name of the report in the stream.`,
  );
}

function findGone(unit: UnitRef, { dataset }: StreamDataset, { now }: SourceContext): Readiness | undefined {
  const expiresAt = toExpiresAt(unit.period, dataset.retentionDays);
  if (now < expiresAt) return undefined;
  const reason = `Akamai kept the data of ${unit.reportKey} until ${expiresAt.toISOString()}.`;
  return { kind: 'gone', reason };
}

function checkWindow(
  unit: UnitRef,
  { stream, report, dataset }: StreamDataset,
  { now, reportType }: { readonly now: Date; readonly reportType: ReportType },
): Readiness {
  const isV2 = report.api === 'v2';
  const isHourly = isV2 && !dataset.identity.includes('row_no');
  const stepMs = isHourly ? HOUR_MS : STEPS_MS[findInterval(reportType.offer) ?? 'FIVE_MINUTES'];
  const newest = isV2 ? new Date(now.getTime() - V2_LATENCY_MS) : now;
  const period = toAskableWindow(unit.period, newest, stepMs);
  if (period.end <= period.start) {
    const due = new Date(unit.period.start.getTime() + stepMs + (isV2 ? V2_LATENCY_MS : 0));
    const until = due > now ? due : toDueAt(unit.period);
    return { kind: 'waiting', until, reason: 'the period has no whole interval yet.' };
  }
  const parts = toPartObjectIds(stream).map(
    (objectId): PartRef => toPartRef({ ...period, objectId, isInner: false }),
  );
  return { kind: 'ready', parts, vendorReportId: null, revision: null };
}
