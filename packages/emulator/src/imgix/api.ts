/** The Management API: `GET /api/v1/reports` and `GET /api/v1/reports/:id`, as JSON:API documents. */
import { DAY_MS } from '../days.ts';
import type { HttpReply, HttpRequest } from '../http-server.ts';
import { jsonReply } from '../http-server.ts';
import type { Settings } from '../options.ts';
import { hexOf } from '../random.ts';
import type { RateLimiter } from '../rate-limit.ts';
import type { ReportContent } from './content.ts';
import type { LinkSigner } from './links.ts';
import type { ListingQuery, Pagination } from './listing.ts';
import { ListingQueryError, parseListingQuery, selectPage } from './listing.ts';
import type { Report, ReportCalendar } from './reports.ts';

export interface ImgixApiParts {
  settings: Settings;
  accountId: string;
  calendar: ReportCalendar;
  content: ReportContent;
  links: LinkSigner;
  limiter: RateLimiter;
  /** Origin of the file host; known once it listens. */
  filesUrl: () => string;
}

const JSON_API = 'application/vnd.api+json';
const REPORTS_PATH = '/api/v1/reports';
const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  429: 'Too Many Requests',
};

export function createImgixApi(parts: ImgixApiParts): (request: HttpRequest) => HttpReply {
  let errorCount = 0;
  const refuse = (status: number, detail: string): HttpReply => {
    errorCount += 1;
    const id = hexOf(24, parts.settings.seed, 'error', errorCount);
    const errors = [{ detail, id, status: `${status}`, title: TITLES[status] ?? 'Error' }];
    return jsonReply(status, { errors, jsonapi: { version: '1.0' }, meta: serviceMeta() }, JSON_API);
  };

  return function handle(request) {
    // the vendor documents 4/s and 429, and no header that says when to come back
    if (parts.limiter.take('account') > 0) return refuse(429, 'Rate limit exceeded.');
    if (request.headers.authorization !== `Bearer ${parts.settings.imgix.apiKey}`) {
      return refuse(401, 'The API key is missing or not valid.');
    }
    const path = request.path.replace(/\/$/, '');
    const isListing = path === REPORTS_PATH;
    const reportId = /^\/api\/v1\/reports\/([^/]+)$/.exec(path)?.[1];
    if (!isListing && reportId === undefined) return refuse(404, `There is nothing at ${path}.`);
    if (request.method !== 'GET') return refuse(405, `${request.method} is not allowed here.`);
    try {
      return isListing ? listReports(parts, request) : showReport(parts, request, reportId ?? '', refuse);
    } catch (error) {
      if (error instanceof ListingQueryError) return refuse(400, error.message);
      throw error;
    }
  };
}

function listReports(parts: ImgixApiParts, request: HttpRequest): HttpReply {
  const query = parseListingQuery(request.query, parts.settings.imgix.maxPageSize);
  const { page, pagination } = selectPage(parts.calendar.listReports(), query);
  const data = page.map((report) => toResource(parts, report, query.fields, request.expireLinks));
  return documentReply(data, pagination);
}

function showReport(
  parts: ImgixApiParts,
  request: HttpRequest,
  id: string,
  refuse: (status: number, detail: string) => HttpReply,
): HttpReply {
  const { fields } = parseListingQuery(request.query, parts.settings.imgix.maxPageSize);
  const report = parts.calendar.findById(id);
  if (report === undefined) return refuse(404, `There is no report ${id}.`);
  return documentReply(toResource(parts, report, fields, request.expireLinks));
}

function documentReply(data: unknown, pagination?: Pagination): HttpReply {
  const meta = pagination === undefined ? serviceMeta() : { ...serviceMeta(), pagination };
  return jsonReply(200, { data, included: [], jsonapi: { version: '1.0' }, meta }, JSON_API);
}

/** The docs elide the content of both members; these are the ones a sibling API of the vendor shows. */
function serviceMeta(): Record<string, unknown> {
  return {
    authentication: { authorized: true, clientId: null, mode: 'PUBLIC_APIKEY', tag: 'emulator', user: null },
    server: {
      commit: 'emulator',
      status: { healthy: true, read_only: false, tombstone: false },
      version: '1',
    },
  };
}

function toResource(
  parts: ImgixApiParts,
  report: Report,
  fields: ListingQuery['fields'],
  expireLinks: boolean,
): unknown {
  // the docs' examples have start = end = midnight of the covered day, also for month-to-date reports
  const periodSeconds = (report.day * DAY_MS) / 1000;
  const shows = (field: string): boolean => fields === undefined || fields.has(field);
  const attributes = {
    ...(shows('completed') && { completed: report.completed }),
    ...(shows('files') && { files: fileLinks(parts, report, expireLinks) }),
    ...(shows('period_end') && { period_end: periodSeconds }),
    ...(shows('period_start') && { period_start: periodSeconds }),
    ...(shows('report_key') && { report_key: report.reportKey }),
    ...(shows('report_type') && { report_type: report.type }),
  };
  const account = { data: { id: parts.accountId, type: 'accounts' } };
  return {
    attributes,
    id: report.id,
    relationships: fields === undefined ? { account } : {},
    type: 'reports',
  };
}

function fileLinks(parts: ImgixApiParts, report: Report, expireLinks: boolean): string[] {
  if (!report.completed) return [];
  const { now, imgix } = parts.settings;
  const expiresMs = now().getTime() + (expireLinks ? -1000 : imgix.linkTtlSeconds * 1000);
  return parts.content.partNames(report).map((name) => {
    const path = filePath(parts.accountId, report.reportKey, name);
    return parts.filesUrl() + parts.links.sign(path, new Date(expiresMs));
  });
}

/** Path of a file on the file host. */
export function filePath(accountId: string, reportKey: string, partName: string): string {
  return `/imgix-reports/${accountId}/${reportKey}/${partName}`;
}
