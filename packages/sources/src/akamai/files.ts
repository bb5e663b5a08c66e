import { DAY_MS, type Finding, type Logger, type OpenedPart, type PartRef } from '@edgeledger/core';
import type { HttpResponse } from '@edgeledger/http';
import type { AkamaiAnswer, AkamaiClient } from './client.ts';
import type { StreamDataset } from './discover.ts';
import { type ReportTypes, toUnavailableError } from './report-type.ts';
import { type AkamaiWindow, FIVE_MINUTES_MS, floorTo, toSecondText } from './window.ts';

export interface WindowReader {
  open(request: OpenWindowRequest): Promise<OpenedPart>;
  takeFindings(): Finding[];
}

export interface OpenWindowRequest {
  readonly streamDataset: StreamDataset;
  readonly part: PartRef;
  readonly window: AkamaiWindow;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** How a request is put; what the documents leave open is settled by what the server refuses. */
interface Dialect {
  readonly withInterval: boolean;
  /** `objectIds: ["all"]` instead of `"all"`. */
  readonly allAsList: boolean;
}

/**
 * Asks for one window. Always by POST: the GET form is cacheable, and a cached answer would hide late data
 * (akamai.md, section 1.2). Without metrics in the body the report has all it can.
 */
export function createWindowReader(client: AkamaiClient, reportTypes: ReportTypes): WindowReader {
  /** By report, what the server has turned out to want. */
  const dialects = new Map<string, Dialect>();
  let findings: Finding[] = [];

  async function openWindow(request: OpenWindowRequest): Promise<OpenedPart> {
    const { dataset, stream } = request.streamDataset;
    let window = request.window;
    let dialect = dialects.get(dataset.report) ?? {
      withInterval: stream.dataset === 'endpoint_usage_by_time',
      allAsList: false,
    };
    for (;;) {
      const answer = await post(request, window, dialect);
      if (answer.kind === 'ok') {
        dialects.set(dataset.report, dialect);
        return toOpenedPart(answer.response, request.part);
      }
      const next = findOtherDialect(answer, dialect, stream.objectIds === 'all');
      const younger = answer.status === 400 ? findKeptWindow(window, request, reportTypes) : undefined;
      if (next !== undefined) dialect = next;
      else if (younger !== undefined) {
        findings.push(toLostFinding(window, younger, request));
        window = younger;
      } else if (answer.status === 404 || answer.status === 410) {
        throw toUnavailableError(dataset, answer.vendorMessage);
      } else throw answer.error;
    }
  }

  function post(request: OpenWindowRequest, window: AkamaiWindow, dialect: Dialect): Promise<AkamaiAnswer> {
    const { dataset, stream } = request.streamDataset;
    return client.request({
      method: 'POST',
      path: `/reports/${dataset.report}/versions/1/report-data`,
      query: {
        start: toSecondText(window.start),
        end: toSecondText(window.end),
        ...(dialect.withInterval ? { interval: 'FIVE_MINUTES' } : {}),
      },
      body: JSON.stringify({
        objectIds: toObjectIds(window, stream.objectIds, dialect),
        ...(stream.filters === undefined ? {} : { filters: stream.filters }),
      }),
      accept: 'text/csv',
      what: `read ${dataset.report} (stream ${stream.name}) from ${toSecondText(window.start)} to ${toSecondText(window.end)}`,
      endpoint: dataset.report,
      expectStatuses: [404, 410],
      signal: request.signal,
    });
  }

  return {
    open: openWindow,
    takeFindings() {
      const taken = findings;
      findings = [];
      return taken;
    },
  };
}

function toObjectIds(
  window: AkamaiWindow,
  objectIds: 'all' | readonly string[],
  dialect: Dialect,
): string | readonly string[] {
  if (window.objectId !== '') return [window.objectId];
  return objectIds === 'all' && dialect.allAsList ? ['all'] : objectIds;
}

function findOtherDialect(
  refused: Extract<AkamaiAnswer, { kind: 'refused' }>,
  dialect: Dialect,
  asksForAll: boolean,
): Dialect | undefined {
  if (refused.status !== 400) return undefined;
  if (!dialect.withInterval && /interval/i.test(refused.vendorMessage))
    return { ...dialect, withInterval: true };
  if (asksForAll && !dialect.allAsList && /objectids?/i.test(refused.vendorMessage)) {
    return { ...dialect, allAsList: true };
  }
  return undefined;
}

/** The part of a refused window that the vendor still keeps; `undefined` when age cannot be why it refused. */
function findKeptWindow(
  window: AkamaiWindow,
  request: OpenWindowRequest,
  reportTypes: ReportTypes,
): AkamaiWindow | undefined {
  const { retentionDays } = reportTypes.known(request.streamDataset.dataset);
  const oldest = new Date(request.now.getTime() - retentionDays * DAY_MS);
  if (window.start >= oldest) return undefined;
  // a margin, so that the window does not age out of retention while it travels
  const start = new Date(floorTo(oldest, FIVE_MINUTES_MS).getTime() + 2 * FIVE_MINUTES_MS);
  return start < window.end ? { ...window, start } : undefined;
}

function toLostFinding(asked: AkamaiWindow, kept: AkamaiWindow, request: OpenWindowRequest): Finding {
  const from = toSecondText(asked.start);
  const to = toSecondText(kept.start);
  const message = `Akamai no longer keeps ${request.streamDataset.dataset.report} from ${from} to ${to}; the rest of the day was loaded.`;
  request.logger.warn({ part: request.part.name }, message);
  return { kind: 'lost', message, details: { from, to } };
}

function toOpenedPart(response: HttpResponse, part: PartRef): OpenedPart {
  return { name: part.name, bytes: response.body, destroy: () => response.destroy() };
}
