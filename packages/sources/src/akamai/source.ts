import {
  ConfigError,
  InvariantError,
  type PartRef,
  type Readiness,
  type Source,
  type SourceContext,
  type UnitRef,
} from '@edgeledger/core';
import { configureDataset } from '../dataset-settings.ts';
import type { AkamaiSourceConfig, AkamaiStream, SourceServices } from '../source-config.ts';
import { createAkamaiClient } from './client.ts';
import { API_USAGE_DETAILS, ENDPOINT_USAGE_BY_TIME } from './datasets.ts';
import { discoverUnits, findStream, type StreamDataset } from './discover.ts';
import { createWindowReader } from './files.ts';
import { parseAkamaiPart } from './parse.ts';
import { createReportTypes } from './report-type.ts';
import { toDueAt, toExpiresAt } from './wait.ts';
import { findWindow, toAskableWindow, toPartRef } from './window.ts';

const STREAM_DATASETS = {
  endpoint_usage_by_time: ENDPOINT_USAGE_BY_TIME,
  api_usage_details: API_USAGE_DETAILS,
};

/** @throws ConfigError `config.invalid` when streams contradict themselves */
export function createAkamaiSource(config: AkamaiSourceConfig, services: SourceServices): Source {
  const streams = config.streams.map((stream) => ({ stream, dataset: STREAM_DATASETS[stream.dataset] }));
  assertStreams(streams);
  const client = createAkamaiClient(config, services);
  const reportTypes = createReportTypes(client);
  const windows = createWindowReader(client, reportTypes);
  const takeFindings = () => [
    ...client.takeFindings(),
    ...reportTypes.takeFindings(),
    ...windows.takeFindings(),
  ];

  return {
    vendor: 'akamai',
    account: config.account,
    id: `akamai-${config.account}`,
    datasets: [...new Set(streams.map(({ dataset }) => dataset))],
    discover: async (range, context) => discoverUnits(streams, config.account, { range, now: context.now }),
    async check(unit, context) {
      const found = getStream(streams, unit);
      const readiness = checkWindow(unit, found, context);
      // a report that is switched off or not allowed should say so before anything is asked of it
      if (readiness.kind === 'ready') await reportTypes.get(found.dataset, context);
      return readiness;
    },
    async open(unit, part, context) {
      const streamDataset = getStream(streams, unit);
      const window = findWindow(part);
      if (window === undefined) throw new InvariantError(`"${part.name}" is not an Akamai window.`);
      await reportTypes.get(streamDataset.dataset, context);
      return windows.open({ ...context, streamDataset, part, window });
    },
    parse(unit, part, context) {
      const { stream, dataset } = getStream(streams, unit);
      return parseAkamaiPart(unit, part, context, {
        ...configureDataset(dataset, undefined),
        reportType: reportTypes.known(dataset),
        everyMinutes: stream.everyMinutes,
        takeFindings,
      });
    },
    estimateRequests: (units) =>
      units.reduce((sum, unit) => sum + toObjectIds(findStream(streams, unit)?.stream).length, 0),
    close: () => client.close(),
  };
}

function assertStreams(streams: readonly StreamDataset[]): void {
  const seen = new Set<string>();
  for (const { stream, dataset } of streams) {
    const id = `${dataset.name}/${stream.name}`;
    if (seen.has(id))
      throw invalidStream(stream, 'there are two streams of this name and dataset. Rename one.');
    seen.add(id);
    if (stream.api === 'v2') {
      throw invalidStream(stream, 'only version v1 of the Reporting API is supported. Remove "api: v2".');
    }
    if (stream.splitByObject === true && stream.objectIds === 'all') {
      throw invalidStream(stream, 'splitByObject needs the object ids as a list, "all" cannot be split.');
    }
    if (stream.objectIds !== 'all' && stream.objectIds.length === 0) {
      throw invalidStream(stream, 'objectIds is empty. List at least one id.');
    }
  }
}

function invalidStream(stream: AkamaiStream, problem: string): ConfigError {
  return new ConfigError('config.invalid', `Akamai stream "${stream.name}" (${stream.dataset}): ${problem}`);
}

function getStream(streams: readonly StreamDataset[], unit: UnitRef): StreamDataset {
  const found = findStream(streams, unit);
  if (found !== undefined) return found;
  const known = streams.map(({ stream, dataset }) => `${dataset.name}/${stream.name}`).join(', ');
  throw new ConfigError(
    'config.unknown-report',
    `No stream of this Akamai account makes ${unit.reportKey} (${unit.dataset}). Configured streams: ${known}.`,
  );
}

/** One part per object id of a split stream, otherwise one for all. */
function toObjectIds(stream: AkamaiStream | undefined): readonly string[] {
  return stream?.splitByObject === true && stream.objectIds !== 'all' ? [...new Set(stream.objectIds)] : [''];
}

function checkWindow(unit: UnitRef, { stream, dataset }: StreamDataset, { now }: SourceContext): Readiness {
  const expiresAt = toExpiresAt(unit.period, dataset.retentionDays);
  if (now >= expiresAt) {
    return {
      kind: 'gone',
      reason: `Akamai kept the data of ${unit.reportKey} until ${expiresAt.toISOString()}.`,
    };
  }
  const period = toAskableWindow(unit.period, now);
  if (period.end <= period.start) {
    return { kind: 'waiting', until: toDueAt(unit.period), reason: 'the day has no whole interval yet.' };
  }
  const parts = toObjectIds(stream).map(
    (objectId): PartRef => toPartRef({ ...period, objectId, isInner: false }),
  );
  return { kind: 'ready', parts, vendorReportId: null, revision: null };
}
