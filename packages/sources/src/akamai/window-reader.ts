import {
  ConfigError,
  DAY_MS,
  type Finding,
  type OpenedPart,
  type PartRef,
  type UnitKey,
} from '@edgeledger/core';
import type { HttpResponse } from '@edgeledger/http';
import type { AkamaiAnswer, AkamaiClient } from './client.ts';
import type { StreamDataset } from './discover.ts';
import { createForbiddenObjects } from './forbidden-objects.ts';
import { toEmptyPart, toTooCostlyPart } from './made-answer.ts';
import { type ReadContext, type ReportTypes, toUnavailableError } from './report-type.ts';
import { findInterval, isOverTime } from './stream-checks.ts';
import { type AkamaiWindow, FIVE_MINUTES_MS, floorTo, toLane, toSecondText } from './window.ts';

export interface WindowReader {
  open(request: OpenWindowRequest): Promise<OpenedPart>;
  takeFindings(): Finding[];
}

export interface OpenWindowRequest extends ReadContext {
  readonly unit: UnitKey;
  readonly streamDataset: StreamDataset;
  readonly part: PartRef;
  readonly window: AkamaiWindow;
}

/** How a request is put; what the documents leave open is settled by what the server refuses. */
interface Dialect {
  readonly withInterval: boolean;
  /** `objectIds: ["all"]` instead of `"all"`. */
  readonly allAsList: boolean;
}

type Refused = Extract<AkamaiAnswer, { kind: 'refused' }>;

/**
 * Asks v1 for one window. Always by POST: the GET form is cacheable, and a cached answer would hide late data
 * (akamai.md, section 1.2). Without metrics in the body the report has all it can.
 */
export function createWindowReader(client: AkamaiClient, reportTypes: ReportTypes): WindowReader {
  /** By report, what the server has turned out to want. */
  const dialects = new Map<string, Dialect>();
  const forbidden = createForbiddenObjects();
  let findings: Finding[] = [];

  async function openWindow(request: OpenWindowRequest): Promise<OpenedPart> {
    const { report, stream } = request.streamDataset;
    let window = request.window;
    let dialect = dialects.get(report.name) ?? {
      withInterval: needsInterval(request, reportTypes),
      allAsList: false,
    };
    for (;;) {
      const allowed = forbidden.allowed(request, window);
      findings.push(...allowed.findings);
      if (allowed.objectIds !== 'all' && allowed.objectIds.length === 0)
        return toEmptyPart(request.part.name);
      const answer = await post(request, window, { dialect, objectIds: allowed.objectIds });
      if (answer.kind === 'ok') {
        dialects.set(report.name, dialect);
        return toOpenedPart(answer.response, request.part);
      }
      const next = findOtherDialect(answer, dialect, stream.objectIds === 'all');
      const younger = answer.status === 400 ? findKeptWindow(window, request, reportTypes) : undefined;
      if (next !== undefined) dialect = next;
      else if (younger !== undefined) {
        findings.push(toLostFinding(window, younger, request));
        window = younger;
      } else if (forbidden.learn(request, answer, allowed.objectIds)) continue;
      else return endWith(answer, request);
    }
  }

  function post(
    request: OpenWindowRequest,
    window: AkamaiWindow,
    { dialect, objectIds }: { readonly dialect: Dialect; readonly objectIds: 'all' | readonly string[] },
  ): Promise<AkamaiAnswer> {
    const { report, stream } = request.streamDataset;
    const interval = findInterval(reportTypes.known(report).offer) ?? 'FIVE_MINUTES';
    return client.request({
      api: 'v1',
      method: 'POST',
      path: `/reports/${report.name}/versions/1/report-data`,
      query: {
        start: toSecondText(window.start),
        end: toSecondText(window.end),
        ...(dialect.withInterval ? { interval } : {}),
      },
      body: JSON.stringify({
        objectIds: objectIds === 'all' && dialect.allAsList ? ['all'] : objectIds,
        ...(stream.metrics === undefined ? {} : { metrics: toMetrics(stream.metrics, request) }),
        ...(stream.filters === undefined ? {} : { filters: stream.filters }),
      }),
      accept: 'text/csv',
      what: `read ${report.name} (stream ${stream.name}) from ${toSecondText(window.start)} to ${toSecondText(window.end)}`,
      endpoint: report.name,
      expectStatuses: [403, 404, 410, 422],
      lane: toLane(window, request.now),
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

function needsInterval({ streamDataset }: OpenWindowRequest, reportTypes: ReportTypes): boolean {
  const { report } = streamDataset;
  const { offer } = reportTypes.known(report);
  return offer === undefined ? report.name === 'endpoint-usage-by-time' : isOverTime(offer);
}

/** Single calls are filed by their time, so it is always asked for. */
function toMetrics(metrics: readonly string[], { streamDataset }: OpenWindowRequest): readonly string[] {
  const isDetails = streamDataset.dataset.identity.includes('row_no');
  return isDetails && !metrics.includes('timestamp') ? [...metrics, 'timestamp'] : metrics;
}

/** What is left when a refusal cannot be helped: halves of the window, or an error that says what to do. */
function endWith(answer: Refused, { streamDataset, part }: OpenWindowRequest): OpenedPart {
  const { dataset, report, stream } = streamDataset;
  if (answer.status === 422 && dataset.accumulation !== 'window') return toTooCostlyPart(part.name);
  if (answer.status === 404 || answer.status === 410) throw toUnavailableError(report, answer.vendorMessage);
  if (answer.status === 403 && stream.dropForbiddenObjects !== true && stream.objectIds !== 'all') {
    throw new ConfigError(
      'source.forbidden',
      `${answer.error.message} Or set dropForbiddenObjects: true in the stream ${stream.name} to read the others without them.`,
      { cause: answer.error },
    );
  }
  throw answer.error;
}

function findOtherDialect(refused: Refused, dialect: Dialect, asksForAll: boolean): Dialect | undefined {
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
  const { retentionDays } = reportTypes.known(request.streamDataset.report);
  const oldest = new Date(request.now.getTime() - retentionDays * DAY_MS);
  if (window.start >= oldest) return undefined;
  // a margin, so that the window does not age out of retention while it travels
  const start = new Date(floorTo(oldest, FIVE_MINUTES_MS).getTime() + 2 * FIVE_MINUTES_MS);
  return start < window.end ? { ...window, start } : undefined;
}

function toLostFinding(asked: AkamaiWindow, kept: AkamaiWindow, request: OpenWindowRequest): Finding {
  const from = toSecondText(asked.start);
  const to = toSecondText(kept.start);
  const message = `Akamai no longer keeps ${request.streamDataset.report.name} from ${from} to ${to}; the rest of the day was loaded.`;
  request.logger.warn({ part: request.part.name }, message);
  return { kind: 'lost', message, details: { from, to } };
}

function toOpenedPart(response: HttpResponse, part: PartRef): OpenedPart {
  return { name: part.name, bytes: response.body, destroy: () => response.destroy() };
}
