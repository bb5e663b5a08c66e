import {
  ConfigError,
  DAY_MS,
  type Dataset,
  EdgeledgerError,
  type Finding,
  type Logger,
} from '@edgeledger/core';
import { z } from 'zod';
import type { AkamaiClient } from './client.ts';

/** What the vendor says of a report before it is used (akamai.md, section 1.1). */
export interface ReportType {
  /** Rows of an answer beyond which the vendor leaves out the rest; `undefined`: no limit. */
  readonly limit: number | undefined;
  /** True when the vendor folds small rows into one called "Other". */
  readonly groupsOutliers: boolean;
  readonly retentionDays: number;
}

export interface ReportTypes {
  /** Read once a day per process. @throws ConfigError `source.report-unavailable` */
  get(
    dataset: Dataset,
    context: { readonly now: Date; readonly signal: AbortSignal; readonly logger: Logger },
  ): Promise<ReportType>;
  /** What is known without asking. */
  known(dataset: Dataset): ReportType;
  takeFindings(): Finding[];
}

const schema = z.looseObject({
  available: z.boolean().nullish(),
  deprecated: z.boolean().nullish(),
  status: z.string().nullish(),
  limit: z.coerce.number().nullish(),
  dataRetentionDays: z.coerce.number().nullish(),
  groupOutlyingValues: z.looseObject({ enabled: z.boolean().nullish() }).nullish(),
});

const ANSWER_LIMIT_BYTES = 4 * 1024 * 1024;

/** Documented default of `apiusagedetails-by-time`; the other report declares no limit. */
const DOCUMENTED_LIMITS: Readonly<Record<string, number>> = { 'apiusagedetails-by-time': 5000 };

const SUCCESSORS: Readonly<Record<string, string>> = {
  'apiusagedetails-by-time':
    'Akamai announced to switch it off on 1 July 2025; its successor is common/apis/usage-details of Reporting API v2.',
};

export function createReportTypes(client: AkamaiClient): ReportTypes {
  const cache = new Map<string, { readonly reportType: ReportType; readonly readAtMs: number }>();
  const reportedDeprecated = new Set<string>();
  let findings: Finding[] = [];

  async function read(dataset: Dataset, signal: AbortSignal, logger: Logger): Promise<ReportType> {
    const answer = await client.request({
      method: 'GET',
      path: `/reports/${dataset.report}/versions/1`,
      accept: 'application/json',
      what: `read the Akamai report type ${dataset.report}`,
      endpoint: 'report-type',
      expectStatuses: [403, 404, 410],
      signal,
    });
    if (answer.kind === 'refused') {
      if (answer.status === 404 || answer.status === 410)
        throw toUnavailableError(dataset, answer.vendorMessage);
      throw answer.error;
    }
    const parsed = schema.safeParse(await answer.response.json(ANSWER_LIMIT_BYTES));
    if (!parsed.success) {
      logger.warn(
        { report: dataset.report },
        'the Akamai report type is not as documented, using documented limits',
      );
      return toDocumented(dataset);
    }
    if (parsed.data.available === false) throw toUnavailableError(dataset, 'available: false');
    if (parsed.data.deprecated === true || parsed.data.status === 'DEPRECATED')
      recordDeprecated(dataset, logger);
    return {
      limit: parsed.data.limit ?? undefined,
      groupsOutliers: parsed.data.groupOutlyingValues?.enabled ?? false,
      retentionDays: parsed.data.dataRetentionDays ?? dataset.retentionDays,
    };
  }

  function recordDeprecated(dataset: Dataset, logger: Logger): void {
    if (reportedDeprecated.has(dataset.report)) return;
    reportedDeprecated.add(dataset.report);
    const message = `Akamai has marked ${dataset.report} as deprecated. ${SUCCESSORS[dataset.report] ?? 'Look for its successor in the reporting documentation.'}`;
    logger.warn({ report: dataset.report }, message);
    findings.push({ kind: 'deprecated', message, details: { report: dataset.report } });
  }

  return {
    async get(dataset, { now, signal, logger }) {
      const cached = cache.get(dataset.report);
      if (cached !== undefined && Math.abs(now.getTime() - cached.readAtMs) < DAY_MS)
        return cached.reportType;
      const reportType = await read(dataset, signal, logger).catch((thrown: unknown) => {
        // the data may well be readable where its description is not
        if (!isSurvivable(thrown)) throw thrown;
        logger.warn(
          { report: dataset.report, reason: String(thrown) },
          'using documented limits of the report',
        );
        return toDocumented(dataset);
      });
      cache.set(dataset.report, { reportType, readAtMs: now.getTime() });
      return reportType;
    },
    known: (dataset) => cache.get(dataset.report)?.reportType ?? toDocumented(dataset),
    takeFindings() {
      const taken = findings;
      findings = [];
      return taken;
    },
  };
}

function toDocumented(dataset: Dataset): ReportType {
  return {
    limit: DOCUMENTED_LIMITS[dataset.report],
    groupsOutliers: false,
    retentionDays: dataset.retentionDays,
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

export function toUnavailableError(dataset: Dataset, found: string): ConfigError {
  const successor = SUCCESSORS[dataset.report] ?? 'Look for its successor in the reporting documentation.';
  return new ConfigError(
    'source.report-unavailable',
    `Akamai does not offer the report ${dataset.report} to this API client (${found === '' ? 'not found' : found}). ${successor} Remove the stream, or have the report enabled.`,
  );
}
