import { ConfigError, type Dataset, type UnitRef } from '@edgeledger/core';
import type { AkamaiStream } from '../source-config.ts';
import { AKAMAI_DATASETS } from './datasets.ts';
import { findStream, type StreamDataset } from './discover.ts';
import { toGeneratedDataset, toGeneratedTable, toUnreadDataset } from './generated-dataset.ts';
import type { ReportTypes } from './report-type.ts';
import { findStreamReport, type StreamReport } from './stream-report.ts';

/**
 * The streams with their reports and datasets.
 *
 * @throws ConfigError `config.invalid` when streams contradict themselves
 */
export function toStreamDatasets(
  streams: readonly AkamaiStream[],
  reportTypes: ReportTypes,
): readonly StreamDataset[] {
  const seen = new Set<string>();
  return streams.map((stream) => {
    const report = getReport(stream);
    assertConsistent(stream, report);
    const found: StreamDataset = {
      stream,
      report,
      get dataset() {
        return toDataset(report, reportTypes);
      },
    };
    const id = `${found.dataset.name}/${stream.name}`;
    if (seen.has(id))
      throw invalidStream(stream, 'there are two streams of this name and dataset. Rename one.');
    seen.add(id);
    return found;
  });
}

function toDataset(report: StreamReport, reportTypes: ReportTypes): Dataset {
  if (report.dataset !== undefined) return report.dataset;
  const known = reportTypes.known(report);
  return known.offer === undefined
    ? toUnreadDataset(report.name, known.retentionDays)
    : toGeneratedDataset(report.name, known);
}

function getReport(stream: AkamaiStream): StreamReport {
  const report = findStreamReport(stream);
  if (report !== undefined) return report;
  if (stream.dataset === 'report' && stream.report === undefined)
    throw invalidStream(stream, 'it names no report. Add report: <name>, for example hits-by-time.');
  const has = stream.dataset === 'api_usage' ? 'v2' : 'v1';
  throw invalidStream(stream, `only version ${has} of the Reporting API has this report. Set "api: ${has}".`);
}

function assertConsistent(stream: AkamaiStream, report: StreamReport): void {
  const isTaken = AKAMAI_DATASETS.some((dataset) => dataset.name === toGeneratedTable(report.name));
  if (report.dataset === undefined && isTaken)
    throw invalidStream(stream, 'its table would be one that edgeledger has for something else.');
  const { objectIds, windowHours } = stream;
  if (windowHours !== undefined && (windowHours < 1 || 24 % windowHours !== 0))
    throw invalidStream(stream, 'the window must divide a day: 1, 2, 3, 4, 6, 8, 12 or 24 hours.');
  if (stream.splitByObject === true && report.api === 'v2')
    throw invalidStream(stream, 'Reporting API v2 has no object ids for this report. Remove splitByObject.');
  if (stream.splitByObject === true && objectIds === 'all')
    throw invalidStream(stream, 'splitByObject needs the object ids as a list, "all" cannot be split.');
  if (objectIds !== 'all' && objectIds.length === 0)
    throw invalidStream(stream, 'objectIds is empty. List at least one id.');
}

function invalidStream(stream: AkamaiStream, problem: string): ConfigError {
  return new ConfigError(
    'config.invalid',
    `Akamai stream "${stream.name}" (${stream.report ?? stream.dataset}): ${problem}`,
  );
}

export function getStream(streams: readonly StreamDataset[], unit: UnitRef): StreamDataset {
  const found = findStream(streams, unit);
  if (found !== undefined) return found;
  const known = streams.map(({ stream, dataset }) => `${dataset.name}/${stream.name}`).join(', ');
  throw new ConfigError(
    'config.unknown-report',
    `No stream of this Akamai account makes ${unit.reportKey} (${unit.dataset}). Configured streams: ${known}.`,
  );
}

/** One part per object id of a split stream, otherwise one for all. */
export function toPartObjectIds(stream: AkamaiStream | undefined): readonly string[] {
  return stream?.splitByObject === true && stream.objectIds !== 'all' ? [...new Set(stream.objectIds)] : [''];
}
