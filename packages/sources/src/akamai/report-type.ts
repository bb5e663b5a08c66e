import { ConfigError, DAY_MS, EdgeledgerError, type Finding, type Logger, MINUTE_MS } from '@edgeledger/core';
import type { AkamaiClient } from './client.ts';
import {
  findReportOptions,
  findReportType,
  type ReportDescription,
  type ReportOffer,
} from './report-offer.ts';
import { type StreamReport, toSuccessor } from './stream-report.ts';

/** What the vendor says of a report before it is used (akamai.md, sections 1.1 and 2.1). */
export interface ReportType {
  /** Rows of an answer beyond which the vendor leaves out the rest; `undefined`: no limit. */
  readonly limit: number | undefined;
  /** True when the vendor folds small rows into one called "Other". */
  readonly groupsOutliers: boolean;
  readonly retentionDays: number;
  /** `undefined`: the vendor did not say. */
  readonly offer?: ReportOffer | undefined;
}

export interface ReadContext {
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

export interface ReportTypes {
  /** Read once a day per process. @throws ConfigError `source.report-unavailable` */
  get(report: StreamReport, context: ReadContext): Promise<ReportType>;
  /** What is known without asking. */
  known(report: StreamReport): ReportType;
  /** What the vendor's description says that a person should know. */
  findings(report: StreamReport): readonly Finding[];
}

const ANSWER_LIMIT_BYTES = 4 * 1024 * 1024;
const DEFAULT_RETENTION_DAYS = 90;
/** Rows of a v2 answer when the report states no limit (akamai.md, section 2.2). */
const DEFAULT_DATA_POINTS = 50_000;

/** Documented default of `apiusagedetails-by-time`; endpoint usage declares no limit. */
const DOCUMENTED_LIMITS: Readonly<Record<string, number>> = { 'apiusagedetails-by-time': 5000 };

/** A description that an outage kept back is asked for again so much later. */
const AFTER_OUTAGE_MS = 10 * MINUTE_MS;

interface Known {
  readonly reportType: ReportType;
  readonly readAtMs: number;
  readonly findings: readonly Finding[];
}

export function createReportTypes(client: AkamaiClient): ReportTypes {
  const cache = new Map<string, Known>();
  const keyOf = (report: StreamReport) => `${report.api}/${report.name}`;

  async function read(report: StreamReport, context: ReadContext): Promise<Known> {
    const { logger, now } = context;
    const described = await readDescription(client, report, context);
    if (described === undefined) {
      logger.warn(
        { report: report.name },
        'the description of the Akamai report is not as documented, using documented limits',
      );
      return { reportType: toDocumented(report), readAtMs: now.getTime(), findings: [] };
    }
    if (!described.available) throw toUnavailableError(report, 'available: false');
    const reportType = toReportType(report, described);
    const before = cache.get(keyOf(report))?.reportType ?? toDocumented(report);
    const findings = [
      ...toDeprecations(report, described),
      ...toChanges(report, before, reportType),
      // a change that was found today stays a finding tomorrow
      ...(cache.get(keyOf(report))?.findings.filter((finding) => finding.kind === 'report-changed') ?? []),
    ];
    for (const finding of findings) logger.warn({ report: report.name }, finding.message);
    return { reportType, readAtMs: now.getTime(), findings };
  }

  return {
    async get(report, context) {
      const cached = cache.get(keyOf(report));
      if (cached !== undefined && Math.abs(context.now.getTime() - cached.readAtMs) < DAY_MS)
        return cached.reportType;
      const known = await read(report, context).catch((thrown: unknown): Known => {
        // the data may well be readable where its description is not; without a known table it is not
        if (!isSurvivable(thrown) || (cached === undefined && report.dataset === undefined)) throw thrown;
        // an outage passes; by a limit that is not Akamai's, a cut answer would be taken for a whole one
        if (isOutage(thrown) && cached === undefined && hasLimit(report)) throw thrown;
        context.logger.warn(
          { report: report.name, reason: String(thrown) },
          'the description of the Akamai report cannot be read, using what is known of it',
        );
        const reportType = cached?.reportType ?? toDocumented(report);
        const readAtMs = context.now.getTime() - (isOutage(thrown) ? DAY_MS - AFTER_OUTAGE_MS : 0);
        return { reportType, readAtMs, findings: cached?.findings ?? [] };
      });
      cache.set(keyOf(report), known);
      return known.reportType;
    },
    known: (report) => cache.get(keyOf(report))?.reportType ?? toDocumented(report),
    findings: (report) => cache.get(keyOf(report))?.findings ?? [],
  };
}

async function readDescription(
  client: AkamaiClient,
  report: StreamReport,
  { signal }: ReadContext,
): Promise<ReportDescription | undefined> {
  const isV1 = report.api === 'v1';
  const answer = await client.request({
    api: report.api,
    method: 'GET',
    path: isV1 ? `/reports/${report.name}/versions/1` : `/reports/${report.name}`,
    accept: 'application/json',
    what: `read the Akamai report type ${report.name}`,
    endpoint: isV1 ? 'report-type' : 'v2-report-options',
    expectStatuses: [403, 404, 410],
    signal,
  });
  if (answer.kind === 'refused') {
    if (answer.status === 404 || answer.status === 410)
      throw toUnavailableError(report, answer.vendorMessage);
    throw answer.error;
  }
  const document = await answer.response.json(ANSWER_LIMIT_BYTES);
  return isV1 ? findReportType(document) : findReportOptions(document);
}

function toReportType(report: StreamReport, described: ReportDescription): ReportType {
  return {
    limit: report.api === 'v1' ? described.limit : (described.limit ?? DEFAULT_DATA_POINTS),
    groupsOutliers: described.groupsOutliers,
    retentionDays: described.retentionDays ?? report.dataset?.retentionDays ?? DEFAULT_RETENTION_DAYS,
    offer: described.offer,
  };
}

function toDeprecations(report: StreamReport, described: ReportDescription): Finding[] {
  const details = { report: report.name, api: report.api };
  const findings: Finding[] = [];
  if (described.deprecated) {
    const message = `Akamai has marked ${report.name} as deprecated. ${toSuccessor(report.name)}`;
    findings.push({ kind: 'deprecated', message, details });
  }
  if (described.endingSoon.length > 0) {
    const message = `Akamai will drop parts of ${report.name}: ${described.endingSoon.join(', ')}.`;
    findings.push({ kind: 'deprecated', message, details: { ...details, parts: described.endingSoon } });
  }
  return findings;
}

/** Limits other than the ones documented, or than those read the day before. */
function toChanges(report: StreamReport, before: ReportType, now: ReportType): Finding[] {
  // of other reports nothing is documented to compare with
  const isDocumented = report.dataset !== undefined && report.api === 'v1';
  if (!isDocumented && before.offer === undefined) return [];
  return (['limit', 'retentionDays', 'groupsOutliers'] as const).flatMap((name): Finding[] => {
    if (before[name] === now[name]) return [];
    const was = before[name] ?? 'none';
    const is = now[name] ?? 'none';
    const message = `Akamai changed ${report.name}: ${name} is ${is}, it was ${was}. It is read by the new value.`;
    return [{ kind: 'report-changed', message, details: { report: report.name, name, was, is } }];
  });
}

function toDocumented(report: StreamReport): ReportType {
  return {
    limit: report.api === 'v1' ? DOCUMENTED_LIMITS[report.name] : DEFAULT_DATA_POINTS,
    groupsOutliers: false,
    retentionDays: report.dataset?.retentionDays ?? DEFAULT_RETENTION_DAYS,
  };
}

function isSurvivable(thrown: unknown): boolean {
  if (!(thrown instanceof EdgeledgerError)) return false;
  const { status } = thrown.context;
  return (
    status === 403 ||
    status === 400 ||
    (typeof status === 'number' && status >= 500) ||
    thrown.code === 'source.response-malformed'
  );
}

/** Whether nothing but the description's limit says that an answer was cut; v2 says so in the answer. */
function hasLimit(report: StreamReport): boolean {
  return report.api === 'v1' && DOCUMENTED_LIMITS[report.name] !== undefined;
}

function isOutage(thrown: unknown): boolean {
  return (
    thrown instanceof EdgeledgerError &&
    typeof thrown.context.status === 'number' &&
    thrown.context.status >= 500
  );
}

export function toUnavailableError(report: Pick<StreamReport, 'name'>, found: string): ConfigError {
  return new ConfigError(
    'source.report-unavailable',
    `Akamai does not offer the report ${report.name} to this API client (${found === '' ? 'not found' : found}). ${toSuccessor(report.name)} Remove the stream, or have the report enabled.`,
  );
}
