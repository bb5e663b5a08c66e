import { ContractError, type OpenedPart, TransientError } from '@edgeledger/core';
import { findVendorWaitMs, systemTimers, type Timers } from '@edgeledger/http';
import { z } from 'zod';
import { assertFew } from '../json/assert-few.ts';
import { type JsonRow, type JsonRows, readRowDocument } from '../json/row-document.ts';
import type { AkamaiAnswer, AkamaiClient, AkamaiRequest } from './client.ts';
import { toPagedPart, toTooCostlyPart } from './made-answer.ts';
import { type ReportTypes, toUnavailableError } from './report-type.ts';
import { toDimensions, toMetricNames } from './v2-selection.ts';
import { toLane, toSecondText } from './window.ts';
import type { OpenWindowRequest } from './window-reader.ts';

/** Reads one window of Reporting API v2 (akamai.md, sections 2.2 to 2.4). */
export interface QueryReader {
  open(request: OpenWindowRequest): Promise<OpenedPart>;
}

/** A page has 50,000 rows if nobody asks for fewer (akamai.md, section 2.2). */
const PAGE_LIMIT_BYTES = 64 * 1024 * 1024;
/** first, self, next, last. */
const MAX_LINKS = 100;
const LINK_LIMIT = 100_000;
/** A query that takes longer than this is given up and asked again later. */
const QUERY_DEADLINE_MS = 40 * 60_000;
const DEFAULT_POLL_MS = 10_000;
const LONGEST_POLL_MS = 10 * 60_000;

const metadataSchema = z
  .looseObject({
    links: z.array(z.looseObject({ rel: z.string(), href: z.string() })).nullish(),
    totalRows: z.coerce.number().nullish(),
    hasMoreRows: z.boolean().nullish(),
  })
  .nullish();

interface Page {
  readonly rows: JsonRows;
  readonly metadata: z.infer<typeof metadataSchema>;
}

export interface QueryReaderOptions {
  readonly client: AkamaiClient;
  readonly reportTypes: ReportTypes;
  readonly now: () => Date;
  readonly timers?: Timers | undefined;
}

export function createQueryReader(options: QueryReaderOptions): QueryReader {
  return {
    async open(request) {
      const { window, streamDataset, part } = request;
      const isAsync = window.isAsync === true || streamDataset.stream.async === true;
      const query = toQuery(request, options.reportTypes);
      const answer = await options.client.request({
        ...query,
        ...(isAsync ? { query: { ...query.query, async: 'true' }, followsRedirects: false } : {}),
      });
      if (answer.kind === 'ok' && !isAsync)
        return { name: part.name, bytes: answer.response.body, destroy: () => answer.response.destroy() };
      const first = await untilReady(answer, { options, query, request });
      if (first === 'too-costly') return toTooCostlyPart(part.name);
      const columns = [
        ...toDimensions(request, options.reportTypes),
        ...toMetricNames(request, options.reportTypes),
      ];
      return toPagedPart(part.name, columns, readPages(first, { options, query, request }));
    },
  };
}

interface Reading {
  readonly options: QueryReaderOptions;
  readonly query: AkamaiRequest;
  readonly request: OpenWindowRequest;
}

function toQuery(request: OpenWindowRequest, reportTypes: ReportTypes): AkamaiRequest {
  const { window, streamDataset, now, signal } = request;
  const { report, stream } = streamDataset;
  const start = toSecondText(window.start);
  const end = toSecondText(window.end);
  const { limit } = reportTypes.known(report);
  const metrics = toMetricNames(request, reportTypes);
  const body = {
    ...(metrics.length === 0 ? {} : { metrics }),
    dimensions: toDimensions(request, reportTypes),
    ...(stream.filters === undefined ? {} : { filters: toFilters(stream.filters) }),
    ...(limit === undefined ? {} : { limit }),
  };
  return {
    api: 'v2',
    method: 'POST',
    path: `/reports/${report.name}/data`,
    query: { start, end },
    body: JSON.stringify(body),
    accept: 'application/json',
    what: `read ${report.name} (stream ${stream.name}) from ${start} to ${end}`,
    endpoint: report.name,
    expectStatuses: [404, 410, 422],
    lane: toLane(window, now),
    signal,
  };
}

function toFilters(filters: Readonly<Record<string, readonly string[]>>) {
  return Object.entries(filters).map(([dimensionName, expressions]) => ({
    dimensionName,
    operator: 'IN_LIST',
    expressions,
  }));
}

/** Polls while the answer is 303, each time where the newest Location leads, and not before Retry-After. */
async function untilReady(first: AkamaiAnswer, reading: Reading): Promise<Page | 'too-costly'> {
  const { options, query, request } = reading;
  const timers = options.timers ?? systemTimers;
  let waitedMs = 0;
  for (let answer = first; ; ) {
    if (answer.kind === 'ok') return readPage(answer, query.what);
    if (answer.status === 422) return 'too-costly';
    if (answer.status === 404 || answer.status === 410) {
      // once it was accepted, what is gone is the query and not the report
      if (answer !== first) throw toQueryLostError(query.what, answer.vendorMessage);
      throw toUnavailableError(request.streamDataset.report, answer.vendorMessage);
    }
    if (answer.status !== 303) throw answer.error;
    const location = answer.headers.location ?? '';
    const waitMs = Math.min(
      LONGEST_POLL_MS,
      Math.max(findVendorWaitMs(answer.headers, options.now()) ?? DEFAULT_POLL_MS, 100),
    );
    waitedMs += waitMs;
    if (waitedMs > QUERY_DEADLINE_MS) {
      throw new TransientError(
        'source.timeout',
        `Could not ${query.what}: Akamai has not computed the query in ${QUERY_DEADLINE_MS / 60_000} minutes. It is asked again.`,
      );
    }
    await timers.sleep(waitMs, request.signal);
    answer = await options.client.request(toFollowUp(query, location));
  }
}

function toFollowUp(query: AkamaiRequest, location: string): AkamaiRequest {
  const { body: _body, query: _query, ...rest } = query;
  return { ...rest, method: 'GET', location, followsRedirects: false };
}

/** Every page by its `next` link; the rows must add up to what the vendor says there are. */
async function* readPages(first: Page, { options, query }: Reading): AsyncGenerator<readonly JsonRow[]> {
  let rows = 0;
  const seen = new Set<string>();
  for (let page = first; ; ) {
    rows += page.rows.count;
    yield* page.rows.batches();
    const next = page.metadata?.links?.find((link) => link.rel === 'next')?.href;
    if (next === undefined) {
      assertTotal(page, rows, query.what);
      return;
    }
    if (seen.has(next) || seen.size > LINK_LIMIT) throw toEndlessError(query.what);
    seen.add(next);
    const answer = await options.client.request(toFollowUp(query, next));
    if (answer.kind !== 'ok') throw toQueryLostError(query.what, answer.vendorMessage);
    page = await readPage(answer, query.what);
  }
}

function assertTotal(page: Page, rows: number, what: string): void {
  const total = page.metadata?.totalRows;
  if (total === null || total === undefined || Number.isNaN(total) || total === rows) return;
  throw new TransientError(
    'source.truncated',
    `Could not ${what}: the pages have ${rows} rows, Akamai says there are ${total}. It is asked again.`,
  );
}

async function readPage(answer: Extract<AkamaiAnswer, { kind: 'ok' }>, what: string): Promise<Page> {
  const document = readRowDocument(await answer.response.bytes(PAGE_LIMIT_BYTES), {
    what: `Could not ${what}`,
    toBrokenError: () =>
      new ContractError('source.response-malformed', `Could not ${what}: a page of the answer is not JSON.`),
  });
  assertFew(document.rest.metadata, 'links', { what: `Could not ${what}`, limit: MAX_LINKS });
  const metadata = metadataSchema.safeParse(document.rest.metadata);
  if (document.rows !== undefined && metadata.success)
    return { rows: document.rows, metadata: metadata.data };
  throw new ContractError(
    'source.response-malformed',
    `Could not ${what}: a page of the answer has no list of data. Please report it with the answer.`,
  );
}

function toQueryLostError(what: string, vendorMessage: string): TransientError {
  const said = vendorMessage === '' ? '' : ` (${vendorMessage})`;
  return new TransientError(
    'source.truncated',
    `Could not ${what}: Akamai no longer has the query${said}. It is asked again.`,
  );
}

function toEndlessError(what: string): ContractError {
  return new ContractError(
    'source.response-malformed',
    `Could not ${what}: the pages of the answer lead in a circle. Please report it.`,
  );
}
