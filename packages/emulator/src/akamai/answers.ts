/** Computes the content of a report-data answer, before it is written as JSON or CSV. */
import { FIVE_MINUTES_MS, MINUTE_MS } from '../days.ts';
import type { Settings } from '../options.ts';
import type { EndpointUsage, UsageValues } from './endpoint-usage.ts';
import { formatInstant, nextBoundary } from './instants.ts';
import type { ReportTypeResource } from './report-type.ts';
import type { ApiCall, UsageDetails } from './usage-details.ts';
import type { ReportQuery } from './validate.ts';

export interface ReportAnswer {
  type: ReportTypeResource;
  query: ReportQuery;
  /** From here on data is not final yet; null when the whole period is. */
  availableDataEnds: string | null;
  suggestedRetryTime: string | null;
  /** Over time: the expected number of intervals. Details: the number of rows. */
  rowCount: number;
  /** Names of the values of a row, the grouping first. */
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  /** Summary metric and value. */
  summary: readonly (readonly [string, string])[];
}

const VALUE_METRICS = [
  'edgeBytes',
  'edgeHits',
  'midgressBytes',
] as const satisfies readonly (keyof UsageValues)[];

export function answerEndpointUsage(
  settings: Settings,
  usage: EndpointUsage,
  type: ReportTypeResource,
  query: ReportQuery,
): ReportAnswer {
  const { start, end, interval = 'FIVE_MINUTES' } = query;
  const freshness = freshnessOf(settings, query);
  const shown = VALUE_METRICS.filter((metric) => query.metrics.includes(metric));
  const values: UsageValues[] = [];
  const rows: string[][] = [];
  let rowCount = 0;
  for (let fromMs = start.ms; fromMs < end.ms; fromMs = nextBoundary(fromMs, interval)) {
    const toMs = nextBoundary(fromMs, interval);
    rowCount += 1;
    // a row needs its whole interval (seen in the vendor's example: data to 13:40 has no row for 13:00)
    if (toMs > freshness.finalMs || !usage.hasData(fromMs, toMs)) continue;
    const sum = usage.sum(query.objectIds, fromMs, toMs, query.filters, settings.now());
    values.push(sum);
    rows.push([formatInstant(fromMs, start.offsetMinutes), ...shown.map((metric) => `${sum[metric]}`)]);
  }
  return {
    type,
    query,
    ...freshness.members,
    rowCount,
    columns: ['startdatetime', ...shown],
    rows,
    summary: summarize(values, query.metrics),
  };
}

export function answerUsageDetails(
  settings: Settings,
  details: UsageDetails,
  type: ReportTypeResource,
  query: ReportQuery,
): ReportAnswer {
  const freshness = freshnessOf(settings, query);
  const toMs = Math.min(query.end.ms, freshness.finalMs);
  const calls = details.calls(query.objectIds, query.start.ms, toMs, query.filters);
  const { detailsLimit, detailsOtherRow } = settings.akamai;
  const isTruncated = calls.length > detailsLimit;
  const otherRows = isTruncated && detailsOtherRow ? 1 : 0;
  // "latest individual API calls": what does not fit is the older end
  const kept = isTruncated ? calls.slice(calls.length - detailsLimit + otherRows) : calls;
  const rows = kept.map((call) => query.metrics.map((metric) => fieldOf(call, metric, query)));
  if (otherRows > 0) rows.unshift(query.metrics.map(() => 'Other'));
  return {
    type,
    query,
    ...freshness.members,
    rowCount: rows.length,
    columns: query.metrics,
    rows,
    summary: [],
  };
}

/** A call's fields by the vendor's metric names. */
export function fieldOf(call: ApiCall, metric: string, query: Pick<ReportQuery, 'start'>): string {
  switch (metric) {
    case 'clientId':
    case 'clientIp':
    case 'clientOwner':
    case 'clientToken':
    case 'method':
    case 'responseCode':
    case 'uri':
      return call[metric];
    case 'timestamp':
      return formatInstant(call.timestampMs, query.start.offsetMinutes);
    default:
      throw new Error(`No such metric: ${metric}`);
  }
}

/** Data younger than the lag is missing; it is complete when the end of the period is older than that. */
export function freshnessOf(
  settings: Settings,
  query: ReportQuery,
): { finalMs: number; members: Pick<ReportAnswer, 'availableDataEnds' | 'suggestedRetryTime'> } {
  const lagMs = settings.akamai.lagMinutes * MINUTE_MS;
  const newestMs = settings.now().getTime() - lagMs;
  const finalMs = Math.floor(newestMs / FIVE_MINUTES_MS) * FIVE_MINUTES_MS;
  if (query.end.ms <= newestMs) {
    return { finalMs: query.end.ms, members: { availableDataEnds: null, suggestedRetryTime: null } };
  }
  const offset = query.start.offsetMinutes;
  return {
    finalMs,
    members: {
      availableDataEnds: formatInstant(finalMs, offset),
      // real answers carry fractions of a second here
      suggestedRetryTime: formatInstant(query.end.ms + lagMs + 316, offset),
    },
  };
}

/** Without rows there is no highest or lowest value: the vendor's `N/A`. */
function summarize(
  values: readonly UsageValues[],
  metrics: readonly string[],
): (readonly [string, string])[] {
  const summary: (readonly [string, string])[] = [];
  for (const metric of VALUE_METRICS) {
    const column = values.map((value) => value[metric]);
    const extreme = (pick: (left: number, right: number) => number): string =>
      column.length === 0 ? 'N/A' : `${column.reduce((left, right) => pick(left, right))}`;
    const statistics = [
      [`${metric}Max`, extreme(Math.max)],
      [`${metric}Min`, extreme(Math.min)],
      [`${metric}Total`, `${column.reduce((left, right) => left + right, 0)}`],
    ] as const;
    summary.push(...statistics.filter(([name]) => metrics.includes(name)));
  }
  return summary;
}
