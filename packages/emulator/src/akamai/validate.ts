/** Turns a report-data request into a checked query, or throws the problem the vendor would answer. */
import { DAY_MS, toDay } from '../days.ts';
import type { HttpRequest } from '../http-server.ts';
import type { Interval, ZonedInstant } from './instants.ts';
import { isAligned, isInterval, maxRangeMs, parseInstant } from './instants.ts';
import { RequestProblem } from './problem.ts';
import type { ReportTypeResource } from './report-type.ts';

export interface ReportFilterValues {
  name: string;
  values: readonly string[];
}

export interface ReportQuery {
  start: ZonedInstant;
  end: ZonedInstant;
  /** Always there for a report over time. */
  interval: Interval | undefined;
  objectIds: readonly string[];
  /** Names in the order of the documentation, all of them when the request names none. */
  metrics: readonly string[];
  /** Ordered by name. */
  filters: readonly ReportFilterValues[];
}

interface RequestedSelection {
  objectIds: readonly string[] | 'all' | undefined;
  metrics: readonly string[] | undefined;
  filters: readonly ReportFilterValues[];
}

export function validateRequest(
  request: HttpRequest,
  type: ReportTypeResource,
  permittedIds: readonly string[],
  now: Date,
): ReportQuery {
  const start = readInstant(request.query, 'start');
  const end = readInstant(request.query, 'end');
  const interval = readInterval(request.query, type);
  assertRange(start, end, interval, type, now);
  const selection = request.method === 'POST' ? readBody(request.body) : readQuery(request.query);
  return {
    start,
    end,
    interval,
    objectIds: permitObjectIds(selection.objectIds, type, permittedIds),
    metrics: selectMetrics(selection.metrics, type),
    filters: checkFilters(selection.filters, type),
  };
}

function readInstant(query: URLSearchParams, name: 'start' | 'end'): ZonedInstant {
  const text = query.get(name);
  if (text === null) throw invalid(`date.range.missing.${name}`, `The ${name} of the period is required`);
  const instant = parseInstant(text);
  if (instant === undefined) throw invalid('date.range.invalid.date.format', 'Could not parse provided date');
  return instant;
}

function readInterval(query: URLSearchParams, type: ReportTypeResource): Interval | undefined {
  const text = query.get('interval');
  if (text === null && !type.timeBased) return undefined;
  if (text === null || !isInterval(text)) {
    throw invalid(
      'date.range.invalid.unrecognized.interval',
      'Missing or invalid interval, should be one of [FIVE_MINUTES, HOUR, DAY, WEEK, MONTH]',
    );
  }
  return type.timeBased ? text : undefined;
}

function assertRange(
  start: ZonedInstant,
  end: ZonedInstant,
  interval: Interval | undefined,
  type: ReportTypeResource,
  now: Date,
): void {
  const fail = (errorType: string, title: string): never => {
    throw invalid(`date.range.invalid.${errorType}`, title);
  };
  if (start.ms >= end.ms) fail('start.not.before.end', 'The start must be before the end');
  if (start.ms >= now.getTime()) fail('start.in.future', 'The start must be before the current time');
  // whole days are kept: a request for the 90th day back is good until that day is over
  const oldestMs = (toDay(now) - type.dataRetentionDays) * DAY_MS;
  if (start.ms < oldestMs) {
    fail('outside.retention', `Data is available for the last ${type.dataRetentionDays} days only`);
  }
  if (interval === undefined) return;
  if (!isAligned(start.ms, interval) || !isAligned(end.ms, interval)) {
    fail('unaligned', `The start and the end must be aligned to the interval ${interval} in UTC`);
  }
  if (end.ms - start.ms > maxRangeMs(interval)) {
    fail('too.long', `The period is too long for the interval ${interval}`);
  }
}

function readQuery(query: URLSearchParams): RequestedSelection {
  const ids = query.get('objectIds');
  const all = query.get('allObjectIds') === 'true' ? 'all' : undefined;
  const filters = new Map<string, string[]>();
  for (const pair of query.get('filters')?.split(',') ?? []) {
    const separator = pair.indexOf('=');
    if (separator < 1) throw invalid('filters.invalid', `Not a filter: ${pair}`);
    const name = pair.slice(0, separator);
    filters.set(name, [...(filters.get(name) ?? []), pair.slice(separator + 1)]);
  }
  return {
    // vendor: allObjectIds is ignored when there are objectIds
    objectIds: ids?.split(',') ?? all,
    metrics: query.get('metrics')?.split(','),
    filters: Array.from(filters, ([name, values]) => ({ name, values })),
  };
}

function readBody(body: Buffer): RequestedSelection {
  const parsed = parseJson(body);
  if (!isRecord(parsed)) throw invalid('body.invalid', 'The body must be a JSON object');
  for (const name of Object.keys(parsed)) {
    if (!['objectIds', 'metrics', 'filters'].includes(name)) {
      throw invalid('body.unknown.member', `Unknown member: ${name}`);
    }
  }
  const { objectIds, metrics, filters = {} } = parsed;
  if (objectIds !== undefined && objectIds !== 'all' && !isStringList(objectIds)) {
    throw invalid('objectIds.invalid', 'objectIds must be a list of texts');
  }
  if (metrics !== undefined && !isStringList(metrics)) {
    throw invalid('metrics.invalid', 'metrics must be a list of texts');
  }
  if (!isRecord(filters)) throw invalid('filters.invalid', 'filters must be a map of lists');
  return {
    objectIds,
    metrics,
    filters: Object.entries(filters).map(([name, values]) => {
      if (!isStringList(values))
        throw invalid('filters.invalid', `The filter ${name} must be a list of texts`);
      return { name, values };
    }),
  };
}

function permitObjectIds(
  requested: RequestedSelection['objectIds'],
  type: ReportTypeResource,
  permittedIds: readonly string[],
): readonly string[] {
  if (requested === undefined || requested.length === 0) {
    throw invalid('objectIds.missing', 'objectIds are required');
  }
  if (requested === 'all') {
    // only the CP code report documents the word
    if (type.businessObjectName !== 'cpcode') {
      throw invalid('objectIds.invalid', 'This report needs a list of object IDs');
    }
    return permittedIds;
  }
  const forbidden = requested.filter((id) => !permittedIds.includes(id));
  if (forbidden.length > 0) {
    const title = `Some of the requested objects are unauthorized: [${forbidden.join(', ')}]`;
    throw new RequestProblem(403, 'reporting.re.problem.forbidden.objects', title);
  }
  return [...new Set(requested)];
}

function selectMetrics(
  requested: readonly string[] | undefined,
  type: ReportTypeResource,
): readonly string[] {
  const known = type.metrics.map((metric) => metric.name).sort();
  const unknown = requested?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalid('metrics.unknown', `Unknown metric: ${unknown}`);
  return requested === undefined || requested.length === 0
    ? known
    : known.filter((name) => requested.includes(name));
}

function checkFilters(
  requested: readonly ReportFilterValues[],
  type: ReportTypeResource,
): readonly ReportFilterValues[] {
  for (const { name, values } of requested) {
    const filter = type.filters.find((known) => known.name === name);
    if (filter === undefined) throw invalid('filters.unknown', `Unknown filter: ${name}`);
    const wrong = values.find(
      (value) =>
        (filter.type === 'int' && !/^\d+$/.test(value)) ||
        (filter.values !== undefined && !filter.values.some((choice) => choice.value === value)),
    );
    if (wrong !== undefined) throw invalid('filters.invalid', `The filter ${name} has no value ${wrong}`);
  }
  return requested.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

function invalid(errorType: string, title: string): RequestProblem {
  return new RequestProblem(400, errorType, title);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw invalid('body.invalid', 'The body is not JSON');
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}
