import type { Dataset } from '@edgeledger/core';
import type { AkamaiStream } from '../source-config.ts';
import { API_USAGE, API_USAGE_DETAILS, ENDPOINT_USAGE_BY_TIME } from './datasets.ts';

/** A report as the Reporting API knows it. */
export interface StreamReport {
  readonly api: 'v1' | 'v2';
  /** The vendor's name: `endpoint-usage-by-time`, `common/apis/usage-details`. */
  readonly name: string;
  /** What its rows are; `undefined`: that follows from the report type, which has to be read first. */
  readonly dataset: Dataset | undefined;
}

const USAGE: StreamReport = { api: 'v1', name: 'endpoint-usage-by-time', dataset: ENDPOINT_USAGE_BY_TIME };
const DETAILS_V1: StreamReport = { api: 'v1', name: 'apiusagedetails-by-time', dataset: API_USAGE_DETAILS };
const DETAILS_V2: StreamReport = { api: 'v2', name: 'common/apis/usage-details', dataset: API_USAGE_DETAILS };
const API_TOTALS: StreamReport = { api: 'v2', name: 'common/apis/usage', dataset: API_USAGE };

/** The report that a stream reads; `undefined` when the API version it names does not have it. */
export function findStreamReport(stream: AkamaiStream): StreamReport | undefined {
  const { api } = stream;
  if (stream.dataset === 'endpoint_usage_by_time') return api === 'v2' ? undefined : USAGE;
  if (stream.dataset === 'api_usage_details') return api === 'v2' ? DETAILS_V2 : DETAILS_V1;
  if (stream.dataset === 'api_usage') return api === 'v1' ? undefined : API_TOTALS;
  if (stream.report === undefined || api === 'v2') return undefined;
  // a report we know by heart keeps its table, however the stream names it
  return (
    [USAGE, DETAILS_V1].find((known) => known.name === stream.report) ?? {
      api: 'v1',
      name: stream.report,
      dataset: undefined,
    }
  );
}

/** What Akamai offers instead (akamai.md, section 1.1). */
const SUCCESSORS: readonly (readonly [RegExp, string])[] = [
  [
    /^apiusagedetails-by-time$/,
    'Akamai announced to switch it off on 1 July 2025; its successor is common/apis/usage-details of Reporting API v2: set api: v2 in the stream.',
  ],
  [
    /^(apiusage|apirequests|apivolume)/,
    'Its successor is common/apis/usage of Reporting API v2: use dataset: api_usage with api: v2.',
  ],
  [
    /^(bytes|hits|todaytraffic|traffic|hostname)-/,
    'Akamai moves traffic reports to delivery/traffic/current of Reporting API v2.',
  ],
];

export function toSuccessor(report: string): string {
  const found = SUCCESSORS.find(([pattern]) => pattern.test(report));
  return found?.[1] ?? 'Look for its successor in the reporting documentation.';
}
