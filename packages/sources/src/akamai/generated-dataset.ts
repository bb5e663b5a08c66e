import type { Column, ColumnType, Dataset } from '@edgeledger/core';
import { toColumnName } from './answer-columns.ts';
import type { OfferedMetric } from './report-offer.ts';
import type { ReportType } from './report-type.ts';

/** Units whose values are whole numbers that may be added up. */
const WHOLE_UNITS: ReadonlySet<string> = new Set(['BYTE', 'BYTES', 'COUNT', 'HIT', 'HITS', 'REQUESTS']);
const TIME_GROUP = 'startdatetime';

/** `akamai.hits_by_time` of `hits-by-time`. */
export function toGeneratedTable(report: string): string {
  return `akamai.${report.toLowerCase().replace(/[^a-z0-9]+/g, '_')}`;
}

/** A report of which only the name is known, before its type was read. */
export function toUnreadDataset(report: string, retentionDays: number): Dataset {
  return {
    name: toGeneratedTable(report),
    vendor: 'akamai',
    report,
    accumulation: 'interval',
    strategy: 'upsert',
    identity: ['object_id'],
    columns: [{ name: 'object_id', type: 'text' }],
    retentionDays,
  };
}

/**
 * What the rows of a v1 report are, from its type: groups other than time are part of the key, metrics get the
 * type of their unit, and the vendor's descriptions become comments.
 */
export function toGeneratedDataset(report: string, reportType: ReportType): Dataset {
  const unread = toUnreadDataset(report, reportType.retentionDays);
  const { offer } = reportType;
  if (offer === undefined) return unread;
  const groups = offer.dimensions.filter((name) => name.toLowerCase() !== TIME_GROUP).map(toColumnName);
  const metrics = offer.metrics.filter((metric) => !metric.isSummary);
  const object = offer.businessObject ?? 'object';
  return {
    ...unread,
    accumulation: groups.length === offer.dimensions.length ? 'window' : 'interval',
    identity: ['object_id', ...groups],
    columns: [
      {
        name: 'object_id',
        type: 'text',
        comment: `The ${object} the figures are of; blank when the stream adds all of its objects up.`,
      },
      ...groups.map(
        (name): Column => ({ name, type: 'text', comment: `What the row is grouped by (${name}).` }),
      ),
      ...metrics.map(toColumn),
    ],
    generated: {
      comment: `${offer.description || `Report ${report}.`} (Akamai Reporting API v1 report ${report}; made from its report type.)`,
    },
  };
}

function toColumn(metric: OfferedMetric): Column {
  const unit = metric.unit === '' ? '' : ` Unit: ${metric.unit.toLowerCase()}.`;
  const meaning = metric.description || metric.label;
  return {
    name: toColumnName(metric.name),
    type: toType(metric.unit),
    comment: `${meaning}${/[.!?]$/.test(meaning) ? '' : '.'}${unit} (${metric.name}); NULL when the vendor writes N/A.`,
  };
}

function toType(unit: string): ColumnType {
  const name = unit.toUpperCase();
  if (WHOLE_UNITS.has(name)) return 'bigint';
  return name === 'STRING' || name === 'TEXT' || name === '' ? 'text' : 'numeric';
}
