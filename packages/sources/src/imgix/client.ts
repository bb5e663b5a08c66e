import { ContractError, type Logger, TransientError } from '@edgeledger/core';
import { createHttpClient, type HttpClient, type HttpResponse } from '@edgeledger/http';
import { type ImgixSourceConfig, type SourceServices, toHttpOptions } from '../source-config.ts';
import { createListedReports } from './listed-reports.ts';
import { readReport, readReportPage } from './report-document.ts';

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
      const asked = { url, what, signal, expectStatuses: [200, 404, 410] };
      const json = await readAnswer(api, asked, (response) => response.json(PAGE_LIMIT_BYTES));
      return json === undefined ? undefined : readReport(json, what);
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
  const listed = createListedReports();
  const totals = new Set<number | undefined>();
  let pagesWithoutNews = 0;
  for (let pageNo = 0; pageNo < MAX_PAGES; pageNo += 1) {
    const page = await readPage(api, request, pageNo);
    if (page === undefined) return undefined;
    const countBefore = listed.count();
    for (const report of page.reports) listed.add(report);
    totals.add(page.total);
    if (!page.hasNext) return { reports: listed.all(), hasMoved: totals.size > 1 };
    pagesWithoutNews = listed.count() === countBefore ? pagesWithoutNews + 1 : 0;
    if (pagesWithoutNews >= MAX_PAGES_WITHOUT_NEWS) break;
  }
  throw new ContractError(
    'source.response-malformed',
    `Could not list imgix reports: the listing says there are more pages without end (${listed.count()} reports so far). Please report it to imgix support.`,
  );
}

async function readPage(
  api: Api,
  request: ListRequest,
  pageNo: number,
): Promise<{ reports: Iterable<ImgixReport>; hasNext: boolean; total: number | undefined } | undefined> {
  const what = 'list imgix reports';
  const url = toUrl(api.config.apiUrl, '/api/v1/reports');
  url.searchParams.set('page[number]', String(pageNo));
  url.searchParams.set('page[size]', String(request.pageSize));
  url.searchParams.set('sort', '-period_end');
  if (request.reportType !== undefined) url.searchParams.set('filter[report_type]', request.reportType);
  const mayRefuse = pageNo === 0 && request.pageSize !== PAGE_SIZES[1];
  const expectStatuses = mayRefuse ? [200, 400, 422] : [200];
  const asked = { url, what, signal: request.signal, expectStatuses };
  const bytes = await readAnswer(api, asked, (response) => response.bytes(PAGE_LIMIT_BYTES));
  if (bytes === undefined) {
    api.logger.debug({ pageSize: request.pageSize }, 'imgix refuses this page size');
    return undefined;
  }
  const { reports, pagination } = readReportPage(bytes, what);
  const currentPage = pagination?.currentPage ?? pageNo;
  if (currentPage !== pageNo) {
    const message = `Could not ${what}: asked for page ${pageNo}, got page ${currentPage}. Reading on could miss reports.`;
    throw new ContractError('source.response-malformed', message);
  }
  // nextPage is 0 on the last page, so only hasNextPage tells (imgix.md, section 1)
  const hasNext = pagination?.hasNextPage ?? pageNo + 1 < (pagination?.totalPages ?? 0);
  const total = pagination?.totalRecords ?? undefined;
  return { reports, hasNext, total };
}

interface ApiRequest {
  readonly url: URL;
  readonly what: string;
  readonly signal: AbortSignal;
  readonly expectStatuses: readonly number[];
}

/** What is read of the answer; `undefined` for any other expected status. An answer that is cut is asked for again. */
async function readAnswer<Result>(
  api: Api,
  request: ApiRequest,
  read: (response: HttpResponse) => Promise<Result>,
): Promise<Result | undefined> {
  for (let readNo = 1; ; readNo += 1) {
    const response = await send(api, request);
    if (response.status !== 200) {
      response.destroy();
      return undefined;
    }
    try {
      return await read(response);
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
