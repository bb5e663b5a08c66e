import type { Finding } from '@edgeledger/core';
import type { OfferedMetric } from './report-offer.ts';
import type { ReportTypes } from './report-type.ts';
import type { OpenWindowRequest } from './window-reader.ts';

/** The dimensions of common/apis/usage-details that we know columns for, those of the v1 report first (section 2.7). */
const DETAILS_DIMENSIONS = [
  'timestamp',
  'clientId',
  'clientIp',
  'clientOwner',
  'authorizationClientToken',
  'requestMethod',
  'requestUri',
  'responseCode',
  'endpoint',
  'responseStatus',
  'responseClass',
  'contractType',
] as const;
/** What the documents are sure of, for when the report options cannot be read. */
const SURE_DETAILS = DETAILS_DIMENSIONS.slice(0, 7);
const HOURLY = 'time1hour';
const USAGE_METRICS = ['requestsSum', 'requestsPercentage', 'bytesSum', 'bytesPercentage'];

type Selecting = Pick<OpenWindowRequest, 'streamDataset'>;

/**
 * The dimensions to ask for: those of the stream, else all that are known and offered, as many as the report allows.
 * Time always is one, because rows are filed by it.
 */
export function toDimensions(selecting: Selecting, reportTypes: ReportTypes): readonly string[] {
  const wanted = toWanted(selecting, reportTypes);
  const { offer } = reportTypes.known(selecting.streamDataset.report);
  return wanted.slice(0, offer?.maxDimensions ?? wanted.length);
}

/** A report that allows fewer dimensions than there are of use: what is not asked for is not in the table. */
export function findLeftOut(selecting: Selecting, reportTypes: ReportTypes): Finding[] {
  const { report, stream } = selecting.streamDataset;
  const asked = new Set(toDimensions(selecting, reportTypes));
  const leftOut = toWanted(selecting, reportTypes).filter((name) => !asked.has(name));
  if (leftOut.length === 0) return [];
  const message = `Akamai allows ${asked.size} dimensions in a query of ${report.name}: ${leftOut.join(', ')} are left out. Choose with dimensions: [...] in the stream ${stream.name}.`;
  return [{ kind: 'truncated', message, details: { leftOut } }];
}

function toWanted({ streamDataset }: Selecting, reportTypes: ReportTypes): readonly string[] {
  const { report, stream, dataset } = streamDataset;
  if (!dataset.identity.includes('row_no')) return [HOURLY];
  const { offer } = reportTypes.known(report);
  const offered = offer?.dimensions;
  const wanted =
    stream.dimensions ??
    (offered === undefined
      ? SURE_DETAILS
      : [
          ...DETAILS_DIMENSIONS.filter((name) => offered.includes(name)),
          // whatever else the vendor adds lands in a column of its own
          ...offered.filter((name) => !isKnown(name) && !/^time\d/.test(name)),
        ]);
  return wanted.includes('timestamp') ? wanted : ['timestamp', ...wanted];
}

export function toMetricNames({ streamDataset }: Selecting, reportTypes: ReportTypes): readonly string[] {
  const { report, stream, dataset } = streamDataset;
  if (dataset.identity.includes('row_no')) return [];
  const offered = reportTypes.known(report).offer?.metrics.map((metric: OfferedMetric) => metric.name);
  return stream.metrics ?? USAGE_METRICS.filter((name) => offered?.includes(name) ?? true);
}

function isKnown(name: string): boolean {
  return (DETAILS_DIMENSIONS as readonly string[]).includes(name);
}
