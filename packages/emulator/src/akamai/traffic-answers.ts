/** Answers of the traffic reports, from the same five-minute values as endpoint usage. */
import type { Settings } from '../options.ts';
import { freshnessOf, type ReportAnswer } from './answers.ts';
import type { EndpointUsage, UsageValues } from './endpoint-usage.ts';
import { formatInstant, nextBoundary } from './instants.ts';
import type { ReportTypeResource } from './report-type.ts';
import type { ReportQuery } from './validate.ts';

export function answerHitsByTime(
  settings: Settings,
  usage: EndpointUsage,
  type: ReportTypeResource,
  query: ReportQuery,
): ReportAnswer {
  const { start, end, interval = 'FIVE_MINUTES' } = query;
  const freshness = freshnessOf(settings, query);
  const shown = ['edgeHits', 'hitsOffload', 'originHits'].filter((name) => query.metrics.includes(name));
  const rows: string[][] = [];
  let total = 0;
  let rowCount = 0;
  for (let fromMs = start.ms; fromMs < end.ms; fromMs = nextBoundary(fromMs, interval)) {
    const toMs = nextBoundary(fromMs, interval);
    rowCount += 1;
    if (toMs > freshness.finalMs || !usage.hasData(fromMs, toMs)) continue;
    const values = toHits(usage.sum(query.objectIds, fromMs, toMs));
    total += Number(values.edgeHits);
    rows.push([formatInstant(fromMs, start.offsetMinutes), ...shown.map((name) => values[name] ?? '')]);
  }
  const summary = query.metrics.includes('edgeHitsTotal') ? [['edgeHitsTotal', `${total}`] as const] : [];
  return { type, query, ...freshness.members, rowCount, columns: ['startdatetime', ...shown], rows, summary };
}

/** What a row of hits-by-time says of these values. */
export function toHits({ edgeHits }: UsageValues): Record<string, string> {
  const originHits = Math.floor(edgeHits / 5);
  const offload = edgeHits === 0 ? 'N/A' : ((100 * (edgeHits - originHits)) / edgeHits).toFixed(4);
  return { edgeHits: `${edgeHits}`, originHits: `${originHits}`, hitsOffload: offload };
}

export function answerBytesByCpcode(
  settings: Settings,
  usage: EndpointUsage,
  type: ReportTypeResource,
  query: ReportQuery,
): ReportAnswer {
  const freshness = freshnessOf(settings, query);
  const toMs = Math.min(query.end.ms, freshness.finalMs);
  const shown = (['edgeBytes', 'midgressBytes'] as const).filter((name) => query.metrics.includes(name));
  const sums = query.objectIds.map((id) => ({ id, sum: usage.sum([id], query.start.ms, toMs) }));
  const rows = sums.map(({ id, sum }) => [id, ...shown.map((name) => `${sum[name]}`)]);
  const total = sums.reduce((all, { sum }) => all + sum.edgeBytes, 0);
  return {
    type,
    query,
    ...freshness.members,
    rowCount: rows.length,
    columns: ['cpcode', ...shown],
    rows,
    summary: query.metrics.includes('edgeBytesTotal') ? [['edgeBytesTotal', `${total}`]] : [],
  };
}
