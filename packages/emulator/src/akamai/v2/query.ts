/** Reads a v2 data request and computes its rows. */
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../days.ts';
import type { HttpRequest } from '../../http-server.ts';
import type { Settings } from '../../options.ts';
import { responseClass } from '../endpoint-usage.ts';
import { parseInstant } from '../instants.ts';
import type { ApiCall, UsageDetails } from '../usage-details.ts';
import { V2Problem } from './problem.ts';
import type { ReportOptions, V2ReportName } from './report-options.ts';

export interface V2Query {
  start: number;
  end: number;
  dimensions: readonly string[];
  metrics: readonly string[];
  filters: readonly V2Filter[];
  limit: number;
}

interface V2Filter {
  dimensionName: string;
  operator: string;
  expressions: readonly string[];
}

export type V2Row = Record<string, string | number>;

const MEMBERS = ['metrics', 'dimensions', 'filters', 'sortBys', 'limit'];
const BYTES_PER_CALL = 731;

export function readQuery(request: HttpRequest, options: ReportOptions, now: Date): V2Query {
  const instant = (name: 'start' | 'end'): number => {
    const parsed = parseInstant(request.query.get(name) ?? '');
    if (parsed === undefined) throw invalid(name, `Invalid ${name}`);
    return parsed.ms;
  };
  const start = instant('start');
  const end = instant('end');
  if (start >= end) throw invalid('start', 'The start must be before the end');
  if (start < now.getTime() - (options.limits.maxRetentionInDays + 1) * DAY_MS)
    throw invalid('start', `Data is kept for ${options.limits.maxRetentionInDays} days`);
  const body = readBody(request.body);
  for (const member of Object.keys(body))
    if (!MEMBERS.includes(member)) throw invalid(member, 'Unknown member');
  const known = options.dimensions.map((dimension) => dimension.name);
  const dimensions = readNames(body.dimensions, known, 'dimensions');
  if (dimensions.length > options.limits.maxDimensions) throw invalid('dimensions', 'Too many dimensions');
  const limit = body.limit ?? options.limits.dataPointsLimit;
  if (typeof limit !== 'number' || limit < 0 || limit > options.limits.dataPointsLimit)
    throw invalid('limit', 'Invalid limit');
  return {
    start,
    end,
    dimensions,
    metrics: readNames(
      body.metrics,
      options.metrics.map((metric) => metric.name),
      'metrics',
    ),
    filters: readFilters(body.filters, options),
    limit,
  };
}

export function computeRows(
  settings: Settings,
  details: UsageDetails,
  name: V2ReportName,
  query: V2Query,
): V2Row[] {
  const newest = settings.now().getTime() - settings.akamai.v2LagMinutes * MINUTE_MS;
  const calls = details
    .calls(settings.akamai.accountIds, query.start, Math.min(query.end, newest))
    .map((call) => toDimensionValues(call))
    .filter((values) => query.filters.every((filter) => passes(values, filter)));
  if (name === 'common/apis/usage-details') return calls.map((values) => pick(values, query.dimensions));
  const groups = Map.groupBy(calls, (values) => JSON.stringify(pick(values, query.dimensions)));
  return [...groups].map(([key, members]): V2Row => {
    const share = (100 * members.length) / calls.length;
    const sums: V2Row = {
      requestsSum: members.length,
      requestsPercentage: share,
      bytesSum: members.length * BYTES_PER_CALL,
      bytesPercentage: share,
    };
    return { ...(JSON.parse(key) as V2Row), ...pick(sums, query.metrics) };
  });
}

function toDimensionValues(call: ApiCall): V2Row {
  const method = call.method.toUpperCase();
  return {
    timestamp: call.timestampMs / 1000,
    time1hour: Math.floor(call.timestampMs / HOUR_MS) * (HOUR_MS / 1000),
    time1day: Math.floor(call.timestampMs / DAY_MS) * (DAY_MS / 1000),
    clientOwner: call.clientOwner,
    clientIp: call.clientIp,
    clientId: call.clientId,
    authorizationClientToken: call.clientToken,
    requestMethod: ['HEAD', 'GET', 'POST', 'PUT', 'DELETE'].includes(method) ? method : 'OTHER',
    endpoint: call.endpoint,
    requestUri: call.uri,
    responseStatus: Number(call.responseCode) < 400 ? 'success' : 'error',
    responseCode: call.responseCode,
    responseClass: responseClass(call.responseCode),
    contractType: call.contractId,
  };
}

function pick(values: V2Row, names: readonly string[]): V2Row {
  return Object.fromEntries(names.map((name) => [name, values[name] ?? '']));
}

function passes(values: V2Row, { dimensionName, operator, expressions }: V2Filter): boolean {
  const value = `${values[dimensionName] ?? ''}`;
  const kind = operator.replace(/^NOT_/, '');
  const found = expressions.some((expression) => {
    if (kind === 'CONTAINS') return value.includes(expression);
    if (kind === 'BEGINS_WITH') return value.startsWith(expression);
    if (kind === 'ENDS_WITH') return value.endsWith(expression);
    if (kind === 'MATCH_REGEXP') return new RegExp(expression).test(value);
    return value === expression;
  });
  return operator.startsWith('NOT_') ? !found : found;
}

function readBody(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  } catch {
    throw invalid('body', 'The body is not JSON');
  }
}

function readNames(value: unknown, known: readonly string[], what: string): readonly string[] {
  if (value === undefined) return known;
  if (!Array.isArray(value) || new Set(value).size !== value.length) throw invalid(what, `Invalid ${what}`);
  const unknown = value.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw invalid(what, `Unknown ${what}: ${unknown.join(', ')}`);
  return value;
}

function readFilters(value: unknown, options: ReportOptions): readonly V2Filter[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalid('filters', 'Invalid filters');
  return value.map((filter: V2Filter) => {
    const dimension = options.dimensions.find((known) => known.name === filter.dimensionName);
    if (dimension?.filterable !== true || !Array.isArray(filter.expressions))
      throw invalid('filters', `Not filterable: ${filter.dimensionName}`);
    return filter;
  });
}

function invalid(type: string, title: string): V2Problem {
  return new V2Problem(400, 'invalid-request', 'Invalid request', {
    errors: [{ type, title, detail: title }],
  });
}
