import { createHash } from 'node:crypto';
import type {
  Column,
  ColumnType,
  Dataset,
  Load,
  ParsedColumn,
  ParsedPart,
  PublishRequest,
  Reject,
  Row,
  UnitRef,
} from '@edgeledger/core';
import { dayPeriod, parseUtcDay } from '@edgeledger/core';

/** Small datasets of the shapes that exist, on the real tables. */
export const LOGS: Dataset = {
  name: 'imgix.cdn_logs',
  vendor: 'imgix',
  report: 'cdn_logs',
  accumulation: 'daily',
  strategy: 'partition',
  identity: ['part', 'row_no'],
  columns: [],
  retentionDays: 90,
};

export const CREDITS: Dataset = {
  ...LOGS,
  name: 'imgix.credit_analytics_daily',
  report: 'credit_analytics_daily',
  strategy: 'upsert',
  identity: ['source_id'],
  monthSum: {
    check: 'credits-month',
    dataset: 'imgix.credit_analytics_mtd',
    view: 'imgix.credits_month_check',
    subject: { name: 'Source', column: 'source_id' },
    figure: { name: 'credits', monthToDate: 'month_to_date_credits', sumOfDaily: 'sum_of_daily_credits' },
    tolerance: 0.001,
  },
};

export const USAGE: Dataset = {
  ...LOGS,
  name: 'akamai.endpoint_usage_by_time',
  vendor: 'akamai',
  report: 'endpoint-usage-by-time',
  accumulation: 'interval',
  strategy: 'upsert',
  identity: ['object_id'],
};

export const SUMMARIES: Dataset = {
  ...USAGE,
  name: 'akamai.report_summaries',
  accumulation: 'window',
  identity: ['metric'],
};

export function unitOf(dataset: Dataset, day = '2026-11-20', account = 'default'): UnitRef {
  const reportKey = `${dataset.report}_${day.replaceAll('-', '')}`;
  return { account, dataset: dataset.name, reportKey, period: dayPeriod(parseUtcDay(day, 'day')) };
}

export type ColumnSpec = readonly [name: string, type: ColumnType, unknown?: boolean];
export type Values = readonly (string | null)[];

export function columnOf([name, type, unknown = false]: ColumnSpec): ParsedColumn {
  return { name, type, header: name, unknown };
}

export interface PartSpec {
  readonly columns: readonly ColumnSpec[];
  readonly rows?: readonly Values[];
  /** Complete rows, for what `rows` cannot say: own numbers and periods. */
  readonly fullRows?: readonly Row[];
  readonly rejects?: readonly Reject[];
  /** Thrown after the rows. */
  readonly breaksWith?: Error;
  readonly bytes?: number;
}

export function partOf(spec: PartSpec): ParsedPart {
  const rows = spec.fullRows ?? (spec.rows ?? []).map((values, index) => ({ rowNo: index + 1, values }));
  const bytes = spec.bytes ?? 100;
  return {
    columns: spec.columns.map(columnOf),
    header: spec.columns.map(([name]) => name),
    batches: (async function* () {
      const half = Math.ceil(rows.length / 2);
      yield { rows: rows.slice(0, half), rejects: [], bytes: bytes / 2 };
      yield { rows: rows.slice(half), rejects: spec.rejects ?? [], bytes: bytes / 2 };
      if (spec.breaksWith !== undefined) throw spec.breaksWith;
    })(),
    facts: () => ({
      sha256: createHash('sha256').update(JSON.stringify(rows)).digest('hex'),
      bytes,
      availability: { kind: 'complete' },
      settlesAfterMs: 0,
      companions: [],
      findings: [],
    }),
  };
}

export const NOW = new Date('2026-11-21T04:30:00Z');

export function publishRequest(change: Partial<PublishRequest> = {}): PublishRequest {
  return {
    now: NOW,
    vendorReportId: '5f7911e0aaaaaaaaaaaaaaaa',
    revision: 'r1',
    companions: [],
    findings: [],
    availableAt: NOW,
    isSettled: () => false,
    nextCheckAt: null,
    ...change,
  };
}

/** Stages the given parts as 0, 1, … and gives the load. */
export async function stageAll(load: Load, specs: readonly PartSpec[]): Promise<Load> {
  for (const [partNo, spec] of specs.entries())
    await load.stagePart(partNo, `part-${partNo}.csv`, partOf(spec));
  return load;
}

export function rejectOf(line: number, raw = 'a,b'): Reject {
  return { line, columnName: 'bytes', code: 'type-mismatch', message: `"x" is not a bigint`, raw };
}

export function companionColumns(): readonly Column[] {
  return [
    { name: 'metric', type: 'text' },
    { name: 'value', type: 'numeric' },
    { name: 'details', type: 'jsonb' },
  ];
}
