import { ContractError, type Logger, TransientError, toCompactDay, toUtcDay } from '@edgeledger/core';
import { createHttpClient, type HttpClient, type HttpResponse } from '@edgeledger/http';
import { z } from 'zod';
import { type ImgixSourceConfig, type SourceServices, toHttpOptions } from '../source-config.ts';

/** One report as the API lists it. File links are signed and short-lived: they stay in memory. */
export interface ImgixReport {
  readonly id: string;
  readonly reportKey: string | undefined;
  readonly reportType: string | undefined;
  readonly completed: boolean;
  readonly files: readonly string[];
  readonly periodStart: Date | undefined;
}

export interface ImgixClient {
  /** All reports the vendor has, every page; with a type only those. */
  listReports(request: {
    readonly reportType?: string | undefined;
    readonly signal: AbortSignal;
  }): Promise<readonly ImgixReport[]>;
  /** `undefined` when the vendor does not know the id (any more). */
  findReport(id: string, signal: AbortSignal): Promise<ImgixReport | undefined>;
  close(): Promise<void>;
}

const instant = z.union([z.number(), z.string()]).nullish();
const reportSchema = z.looseObject({
  id: z
    .union([z.string(), z.number()])
    .transform(String)
    .pipe(z.string().regex(/^[\x21-\x7e]{1,200}$/)),
  attributes: z
    .looseObject({
      completed: z.boolean().nullish(),
      files: z.array(z.string()).nullish(),
      period_start: instant,
      report_key: z.string().nullish(),
      report_type: z.string().nullish(),
    })
    .nullish(),
});
const pageSchema = z.looseObject({
  data: z.array(reportSchema),
  meta: z
    .looseObject({
      pagination: z
        .looseObject({
          currentPage: z.number().nullish(),
          hasNextPage: z.boolean().nullish(),
          totalPages: z.number().nullish(),
          totalRecords: z.number().nullish(),
        })
        .nullish(),
    })
    .nullish(),
});
const singleSchema = z.looseObject({ data: reportSchema });

/** imgix documents a default of 20 and no maximum; a server that refuses more gets the default. */
const PAGE_SIZES = [100, 20] as const;
/** Six types for 90 days are 27 pages of 20: far more than this means the listing never ends. */
const MAX_PAGES = 1000;
const MAX_PAGES_WITHOUT_NEWS = 3;
const PAGE_LIMIT_BYTES = 64 * 1024 * 1024;
/** What the API allows to the account (imgix.md, LIMITS). */
const REQUESTS_PER_SECOND = 4;

const ADVICE = {
  401: 'Check IMGIX_API_KEY (or apiKey in edgeledger.yaml): imgix does not accept it.',
  403: 'The imgix API key needs the Analytics permission, and the plan must include the report.',
  404: 'Check IMGIX_API_URL: there is no reports API at this address.',
};

export function createImgixClient(config: ImgixSourceConfig, services: SourceServices): ImgixClient {
  const http = createHttpClient(
    toHttpOptions(services, {
      rateLimit: { requests: REQUESTS_PER_SECOND, perMs: 1000 },
      rateScope: `imgix/${config.account}`,
      concurrency: 4,
    }),
  );
  const api = { http, config, logger: services.logger };
  return {
    async listReports({ reportType, signal }) {
      const [large, small] = PAGE_SIZES;
      const pages = await readPages(api, { reportType, signal, pageSize: large });
      return pages ?? (await readPages(api, { reportType, signal, pageSize: small })) ?? [];
    },
    async findReport(id, signal) {
      const url = toUrl(config.apiUrl, `/api/v1/reports/${encodeURIComponent(id)}`);
      const what = `get imgix report ${id}`;
      const json = await readJson(api, { url, what, signal, expectStatuses: [200, 404, 410] });
      if (json === undefined) return undefined;
      const document = singleSchema.safeParse(json);
      if (!document.success) throw toShapeError(what, document.error);
      return toReport(document.data.data);
    },
    close: () => http.close(),
  };
}

interface Api {
  readonly http: HttpClient;
  readonly config: ImgixSourceConfig;
  readonly logger: Logger;
}

interface ListRequest {
  readonly reportType: string | undefined;
  readonly signal: AbortSignal;
  readonly pageSize: number;
}

const MAX_READS = 3;

/**
 * `undefined` when the server refuses the page size. A listing that changed between two of its pages is read again: what
 * went from one page to another may have been on none that was read, and its report would seem not to be there.
 */
async function readPages(api: Api, request: ListRequest): Promise<readonly ImgixReport[] | undefined> {
  for (let readNo = 1; ; readNo += 1) {
    const listing = await readListing(api, request);
    if (listing === undefined || !listing.hasMoved || readNo >= MAX_READS) return listing?.reports;
    api.logger.debug({ reports: listing.reports.length }, 'the imgix listing changed while it was read');
  }
}

interface Listing {
  readonly reports: readonly ImgixReport[];
  /** Its pages say different numbers of reports. */
  readonly hasMoved: boolean;
}

async function readListing(api: Api, request: ListRequest): Promise<Listing | undefined> {
  const reports = new Map<string, ImgixReport>();
  const totals = new Set<number | undefined>();
  let pagesWithoutNews = 0;
  for (let pageNo = 0; pageNo < MAX_PAGES; pageNo += 1) {
    const page = await readPage(api, request, pageNo);
    if (page === undefined) return undefined;
    const countBefore = reports.size;
    for (const report of page.reports) if (!reports.has(report.id)) reports.set(report.id, report);
    totals.add(page.total);
    if (!page.hasNext) return { reports: [...reports.values()], hasMoved: totals.size > 1 };
    pagesWithoutNews = reports.size === countBefore ? pagesWithoutNews + 1 : 0;
    if (pagesWithoutNews >= MAX_PAGES_WITHOUT_NEWS) break;
  }
  throw new ContractError(
    'source.response-malformed',
    `Could not list imgix reports: the listing says there are more pages without end (${reports.size} reports so far). Please report it to imgix support.`,
  );
}

async function readPage(
  api: Api,
  request: ListRequest,
  pageNo: number,
): Promise<{ reports: ImgixReport[]; hasNext: boolean; total: number | undefined } | undefined> {
  const what = 'list imgix reports';
  const url = toUrl(api.config.apiUrl, '/api/v1/reports');
  url.searchParams.set('page[number]', String(pageNo));
  url.searchParams.set('page[size]', String(request.pageSize));
  url.searchParams.set('sort', '-period_end');
  if (request.reportType !== undefined) url.searchParams.set('filter[report_type]', request.reportType);
  const mayRefuse = pageNo === 0 && request.pageSize !== PAGE_SIZES[1];
  const expectStatuses = mayRefuse ? [200, 400, 422] : [200];
  const json = await readJson(api, { url, what, signal: request.signal, expectStatuses });
  if (json === undefined) {
    api.logger.debug({ pageSize: request.pageSize }, 'imgix refuses this page size');
    return undefined;
  }
  const document = pageSchema.safeParse(json);
  if (!document.success) throw toShapeError(what, document.error);
  const pagination = document.data.meta?.pagination;
  const currentPage = pagination?.currentPage ?? pageNo;
  if (currentPage !== pageNo) {
    const message = `Could not ${what}: asked for page ${pageNo}, got page ${currentPage}. Reading on could miss reports.`;
    throw new ContractError('source.response-malformed', message);
  }
  // nextPage is 0 on the last page, so only hasNextPage tells (imgix.md, section 1)
  const hasNext = pagination?.hasNextPage ?? pageNo + 1 < (pagination?.totalPages ?? 0);
  const total = pagination?.totalRecords ?? undefined;
  return { reports: document.data.data.map(toReport), hasNext, total };
}

interface ApiRequest {
  readonly url: URL;
  readonly what: string;
  readonly signal: AbortSignal;
  readonly expectStatuses: readonly number[];
}

/** The answer's JSON; `undefined` for any other expected status. An answer that is cut is asked for again. */
async function readJson(api: Api, request: ApiRequest): Promise<unknown> {
  for (let readNo = 1; ; readNo += 1) {
    const response = await send(api, request);
    if (response.status !== 200) {
      response.destroy();
      return undefined;
    }
    try {
      return await response.json(PAGE_LIMIT_BYTES);
    } catch (thrown) {
      if (!(thrown instanceof TransientError) || readNo >= MAX_READS) throw thrown;
      api.logger.debug({ reason: thrown.message }, 'imgix answer was cut, asking again');
    }
  }
}

function send(api: Api, request: ApiRequest): Promise<HttpResponse> {
  return api.http.request({
    ...request,
    method: 'GET',
    advice: ADVICE,
    headers: () => ({
      accept: 'application/vnd.api+json',
      authorization: `Bearer ${api.config.apiKey.reveal()}`,
    }),
  });
}

/** Keeps a path prefix of the configured URL, for proxies. */
function toUrl(apiUrl: URL, path: string): URL {
  const url = new URL(apiUrl);
  url.pathname = `${apiUrl.pathname.replace(/\/+$/, '')}${path}`;
  return url;
}

/** What stands in keys of tables and jobs: printable, and short enough for an index. */
const SOUND_KEY = /^[\x21-\x7e]{1,200}$/;

function toReport(resource: z.infer<typeof reportSchema>): ImgixReport {
  const attributes = resource.attributes ?? {};
  const reportType = attributes.report_type ?? undefined;
  const periodStart = toInstant(attributes.period_start);
  const derivedKey =
    reportType === undefined || periodStart === undefined
      ? undefined
      : `${reportType}_${toCompactDay(toUtcDay(periodStart))}`;
  return {
    id: resource.id,
    // a key that cannot be stored does not make a report disappear: the vendor's pattern gives one
    reportKey: SOUND_KEY.test(attributes.report_key ?? '')
      ? (attributes.report_key ?? undefined)
      : derivedKey,
    reportType,
    completed: attributes.completed ?? false,
    files: attributes.files ?? [],
    periodStart,
  };
}

const MILLISECONDS_FROM = 100_000_000_000;
/** No report is of a day before there was the vendor, or of the next century. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

function toInstant(value: number | string | null | undefined): Date | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds)
    ? Date.parse(String(value))
    : seconds < MILLISECONDS_FROM
      ? seconds * 1000
      : seconds;
  return ms >= EARLIEST_MS && ms < LATEST_MS ? new Date(ms) : undefined;
}

function toShapeError(what: string, error: z.ZodError): ContractError {
  const issue = error.issues[0];
  const where = issue === undefined ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
  return new ContractError(
    'source.response-malformed',
    `Could not ${what}: the answer is not the JSON:API document that imgix documents${where}. Check IMGIX_API_URL.`,
  );
}
