import { z } from 'zod';

/** What a report offers, from the v1 report type or the v2 report options (akamai.md, sections 1.1 and 2.1). */
export interface ReportOffer {
  readonly description: string;
  readonly metrics: readonly OfferedMetric[];
  /** Names of filters: in v2 the dimensions and metrics that are filterable. */
  readonly filters: readonly string[];
  /** Filters without which the report does not run. */
  readonly mandatoryFilters: readonly string[];
  /** `FIVE_MINUTES`, …; empty when the report has none. */
  readonly intervals: readonly string[];
  /** What rows are grouped by; in v2 every dimension that may be asked for. */
  readonly dimensions: readonly string[];
  /** v2: how many dimensions one query may have. */
  readonly maxDimensions: number | undefined;
  readonly businessObject: string | undefined;
}

export interface OfferedMetric {
  readonly name: string;
  readonly description: string;
  readonly label: string;
  /** `BYTE`, `COUNT`, `STRING`, … */
  readonly unit: string;
  readonly isSummary: boolean;
}

/** What of a report's description decides how it is read. */
export interface ReportDescription {
  readonly available: boolean;
  readonly deprecated: boolean;
  readonly limit: number | undefined;
  readonly retentionDays: number | undefined;
  readonly groupsOutliers: boolean;
  /** v2: parts of the report that the vendor will drop, with their date. */
  readonly endingSoon: readonly string[];
  /** `undefined` when the answer does not say what the report offers. */
  readonly offer: ReportOffer | undefined;
}

const optionalNumber = z.coerce
  .number()
  .nullish()
  .transform((value) => (value === null || value === undefined || Number.isNaN(value) ? undefined : value));

const typeSchema = z.looseObject({
  description: z.string().nullish(),
  available: z.boolean().nullish(),
  deprecated: z.boolean().nullish(),
  status: z.string().nullish(),
  businessObjectName: z.string().nullish(),
  limit: optionalNumber,
  dataRetentionDays: optionalNumber,
  groupOutlyingValues: z.looseObject({ enabled: z.boolean().nullish() }).nullish(),
  metrics: z
    .array(
      z.looseObject({
        name: z.string(),
        description: z.string().nullish(),
        label: z.string().nullish(),
        unit: z.string().nullish(),
        summaryStatistic: z.boolean().nullish(),
      }),
    )
    .nullish(),
  filters: z.array(z.looseObject({ name: z.string(), required: z.boolean().nullish() })).nullish(),
  intervals: z.array(z.string()).nullish(),
  groupBy: z.array(z.string()).nullish(),
});

/** `undefined` when the answer is not a report type. */
export function findReportType(document: unknown): ReportDescription | undefined {
  const parsed = typeSchema.safeParse(document);
  if (!parsed.success) return undefined;
  const type = parsed.data;
  const offer: ReportOffer | undefined =
    type.metrics === null || type.metrics === undefined
      ? undefined
      : {
          description: type.description ?? '',
          metrics: type.metrics.map((metric) => ({
            name: metric.name,
            description: metric.description ?? '',
            label: metric.label ?? metric.name,
            unit: metric.unit ?? '',
            isSummary: metric.summaryStatistic ?? false,
          })),
          filters: (type.filters ?? []).map((filter) => filter.name),
          mandatoryFilters: (type.filters ?? [])
            .filter((one) => one.required === true)
            .map((one) => one.name),
          intervals: type.intervals ?? [],
          dimensions: type.groupBy ?? [],
          maxDimensions: undefined,
          businessObject: type.businessObjectName ?? undefined,
        };
  return {
    available: type.available !== false,
    deprecated: type.deprecated === true || type.status === 'DEPRECATED',
    limit: type.limit,
    retentionDays: type.dataRetentionDays,
    groupsOutliers: type.groupOutlyingValues?.enabled ?? false,
    endingSoon: [],
    offer,
  };
}

const optionsSchema = z.looseObject({
  status: z.string().nullish(),
  description: z.string().nullish(),
  metrics: z
    .array(
      z.looseObject({
        name: z.string(),
        description: z.string().nullish(),
        unit: z.string().nullish(),
        filterable: z.boolean().nullish(),
        status: z.string().nullish(),
        eolDate: z.string().nullish(),
      }),
    )
    .nullish(),
  dimensions: z
    .array(
      z.looseObject({
        name: z.string(),
        filterable: z.boolean().nullish(),
        mandatory: z.boolean().nullish(),
        status: z.string().nullish(),
        eolDate: z.string().nullish(),
      }),
    )
    .nullish(),
  limits: z
    .looseObject({
      maxDimensions: optionalNumber,
      dataPointsLimit: optionalNumber,
      maxRetentionInDays: optionalNumber,
    })
    .nullish(),
});

/** `undefined` when the answer is not a set of report options. */
export function findReportOptions(document: unknown): ReportDescription | undefined {
  const parsed = optionsSchema.safeParse(document);
  if (!parsed.success) return undefined;
  const { metrics, dimensions, limits, status, description } = parsed.data;
  const members = [...(metrics ?? []), ...(dimensions ?? [])];
  const offer: ReportOffer | undefined =
    dimensions === null || dimensions === undefined
      ? undefined
      : {
          description: description ?? '',
          metrics: (metrics ?? []).map((metric) => ({
            name: metric.name,
            description: metric.description ?? '',
            label: metric.name,
            unit: metric.unit ?? '',
            isSummary: false,
          })),
          filters: members.filter((member) => member.filterable !== false).map((member) => member.name),
          mandatoryFilters: dimensions.filter((one) => one.mandatory === true).map((one) => one.name),
          intervals: [],
          dimensions: dimensions.map((dimension) => dimension.name),
          maxDimensions: limits?.maxDimensions,
          businessObject: undefined,
        };
  return {
    available: true,
    deprecated: status === 'DEPRECATED',
    limit: limits?.dataPointsLimit,
    retentionDays: limits?.maxRetentionInDays,
    groupsOutliers: false,
    endingSoon: members.flatMap(({ name, status: state, eolDate }) =>
      state === 'DEPRECATED' || (eolDate !== null && eolDate !== undefined)
        ? [`${name}${eolDate ? ` (until ${eolDate})` : ''}`]
        : [],
    ),
    offer,
  };
}
