/** Reporting API v2: list, report options, data by POST, and queries that are answered later. */
import { DAY_MS, HOUR_MS } from '../../days.ts';
import type { HttpReply, HttpRequest } from '../../http-server.ts';
import { jsonReply } from '../../http-server.ts';
import type { Settings } from '../../options.ts';
import { hexOf } from '../../random.ts';
import type { RateLimiter } from '../../rate-limit.ts';
import type { UsageDetails } from '../usage-details.ts';
import { problemReply, V2Problem } from './problem.ts';
import { computeRows, readQuery, type V2Query, type V2Row } from './query.ts';
import { reportOptionsOf, V2_REPORTS_PATH, type V2ReportName } from './report-options.ts';

const REPORTS: readonly V2ReportName[] = ['common/apis/usage-details', 'common/apis/usage'];

interface PendingQuery {
  name: V2ReportName;
  rows: readonly V2Row[];
  pageSize: number;
  pollsLeft: number;
  requestTime: string;
  evictionTime: string;
}

export interface V2Parts {
  settings: Settings;
  details: UsageDetails;
  limiter: RateLimiter;
}

export function createV2Api(parts: V2Parts): (request: HttpRequest) => HttpReply {
  const { settings, limiter } = parts;
  const queries = new Map<string, PendingQuery>();
  let count = 0;

  function handle(request: HttpRequest): HttpReply {
    const path = request.path.slice(V2_REPORTS_PATH.length + 1);
    if (request.path === V2_REPORTS_PATH) {
      const reports = REPORTS.map((name) => ({ reportName: name, reportLink: `${V2_REPORTS_PATH}/${name}` }));
      return jsonReply(200, { reports }, 'application/json');
    }
    const name = REPORTS.find((known) => path === known || path.startsWith(`${known}/`));
    if (name === undefined || settings.akamai.withdrawnReports.includes(name))
      throw new V2Problem(404, 'report-not-found', 'Report not found');
    const waitMs = limiter.take(`${name} ${request.method === 'POST' ? 'data' : 'read'}`);
    if (waitMs > 0) throw tooMany(settings, waitMs);
    const rest = path.slice(name.length);
    if (rest === '' && request.method === 'GET')
      return jsonReply(200, reportOptionsOf(name, settings), 'application/json');
    if (rest === '/data' && request.method === 'POST') return generate(request, name);
    if (rest.startsWith('/queries/') && request.method === 'GET') return readResult(request, rest.slice(9));
    throw new V2Problem(404, 'report-not-found', 'There is nothing here');
  }

  function generate(request: HttpRequest, name: V2ReportName): HttpReply {
    const options = reportOptionsOf(name, settings);
    const query = readQuery(request, options, settings.now());
    if (query.end - query.start > settings.akamai.maxWindowHours * HOUR_MS)
      throw new V2Problem(422, 'query-cost-exceeded', 'The query costs more than the maximum');
    const rows = computeRows(settings, parts.details, name, query);
    if (request.query.get('async') !== 'true') return syncReply(name, query, rows);
    const pageSize = Number(request.query.get('pageSize') ?? options.limits.dataPointsLimit);
    // opaque, with characters that decoding and encoding again would change
    const id = `q.${hexOf(24, settings.seed, 'query', queries.size)}+${queries.size}.x`;
    const now = settings.now();
    queries.set(id, {
      name,
      rows,
      pageSize,
      pollsLeft: settings.akamai.asyncPolls,
      requestTime: now.toISOString(),
      evictionTime: new Date(now.getTime() + 7 * DAY_MS).toISOString(),
    });
    return pendingReply(name, id);
  }

  function readResult(request: HttpRequest, id: string): HttpReply {
    const query = queries.get(id);
    if (query === undefined) throw new V2Problem(404, 'query-not-found', 'There is no such query');
    if (query.pollsLeft > 0) {
      query.pollsLeft -= 1;
      return pendingReply(query.name, id);
    }
    const page = Number(request.query.get('page') ?? 0);
    const pages = Math.max(1, Math.ceil(query.rows.length / query.pageSize));
    const data = query.rows.slice(page * query.pageSize, (page + 1) * query.pageSize);
    const href = (number: number) => `${V2_REPORTS_PATH}/${query.name}/queries/${id}?page=${number}`;
    const links = [
      { rel: 'first', href: href(0) },
      { rel: 'self', href: href(page) },
      ...(page + 1 < pages ? [{ rel: 'next', href: href(page + 1) }] : []),
      { rel: 'last', href: href(pages - 1) },
    ];
    const { requestTime, evictionTime } = query;
    const totalRows = query.rows.length + settings.akamai.v2LostRows;
    const metadata = { name: query.name, links, rows: data.length, totalRows, requestTime, evictionTime };
    return jsonReply(200, { data, metadata }, 'application/json');
  }

  function pendingReply(name: V2ReportName, id: string): HttpReply {
    const headers = {
      Location: `${V2_REPORTS_PATH}/${name}/queries/${id}`,
      'Retry-After': `${settings.akamai.retryAfterSeconds}`,
    };
    return { status: 303, headers, body: Buffer.alloc(0) };
  }

  return (request) => {
    count += 1;
    try {
      return handle(request);
    } catch (error) {
      if (error instanceof V2Problem) return problemReply(error, count);
      throw error;
    }
  };
}

function syncReply(name: V2ReportName, query: V2Query, rows: readonly V2Row[]): HttpReply {
  const metadata = {
    name,
    // the vendor's instants carry nanoseconds
    start: new Date(query.start).toISOString().replace('Z', '000000Z'),
    end: new Date(query.end).toISOString().replace('Z', '000000Z'),
    metrics: query.metrics,
    dimensions: query.dimensions,
    filters: query.filters,
    sortBys: [],
    limit: query.limit,
    links: [],
    hasMoreRows: rows.length > query.limit,
  };
  return jsonReply(200, { data: rows.slice(0, query.limit), metadata }, 'application/json');
}

function tooMany(settings: Settings, waitMs: number): V2Problem {
  const { v2RequestsPerMinute } = settings.akamai;
  const next = new Date(settings.now().getTime() + Math.ceil(waitMs));
  return new V2Problem(
    429,
    'rate-limit-exceeded',
    'Rate limit exceeded',
    {
      rateLimit: `${v2RequestsPerMinute}`,
      rateLimitRemaining: '0',
      rateLimitRefill: `${v2RequestsPerMinute}`,
      rateLimitNextRequest: next.toUTCString().replace('GMT', 'Z'),
    },
    {
      'akamai-sync-ratelimit-limit': `${v2RequestsPerMinute}`,
      'akamai-sync-ratelimit-next': next.toISOString(),
    },
  );
}
