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
export function toDimensions({ streamDataset }: Selecting, reportTypes: ReportTypes): readonly string[] {
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
  const withTime = wanted.includes('timestamp') ? wanted : ['timestamp', ...wanted];
  return withTime.slice(0, offer?.maxDimensions ?? withTime.length);
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
