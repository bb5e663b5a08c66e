/** Writes an answer as JSON or as the sectioned CSV, both as the two documentation pages show them. */
import type { ReportAnswer } from './answers.ts';
import { formatInstant } from './instants.ts';

export function renderJson(answer: ReportAnswer): unknown {
  const { type, query } = answer;
  const label = (name: string): string => type.metrics.find((metric) => metric.name === name)?.label ?? name;
  return {
    metadata: {
      name: type.name,
      version: `${type.version}`,
      outputType: type.outputType,
      ...(type.groupBy !== undefined && { groupBy: type.groupBy }),
      ...(query.interval !== undefined && { interval: query.interval }),
      ...periodOf(answer),
      rowCount: answer.rowCount,
      filters: query.filters,
      columns: answer.columns.map((name) =>
        type.groupBy?.includes(name) ? { name: 'groupBy', label: name } : { name, label: label(name) },
      ),
      objectType: type.businessObjectName,
      objectIds: query.objectIds,
    },
    data: answer.rows.map((row) =>
      Object.fromEntries(answer.columns.map((name, index) => [name, row[index] ?? ''])),
    ),
    summaryStatistics: Object.fromEntries(
      answer.summary.map(([metric, value]) => [metric, { value, details: {} }]),
    ),
  };
}

export function renderCsv(answer: ReportAnswer): string {
  const { type, query } = answer;
  const period = periodOf(answer);
  const lines = [
    '#METADATA_START',
    toLine(['name', type.name]),
    toLine(['version', `${type.version}`]),
    toLine(['source', `${type.name}/versions/${type.version}`]),
    ...(type.groupBy === undefined ? [] : [toLine(['groupBy', ...type.groupBy])]),
    toLine(['start', period.start]),
    toLine(['end', period.end]),
    // the documented sample writes the interval, and nothing else, between backticks
    ...(query.interval === undefined ? [] : [toLine(['interval', `\`${query.interval}\``])]),
    toLine(['availableDataEnds', period.availableDataEnds ?? '']),
    toLine(['suggestedRetryTime', period.suggestedRetryTime ?? '']),
    toLine(['rowCount', `${answer.rowCount}`]),
    toLine(['objectType', type.businessObjectName]),
    toLine(['objectIds', ...query.objectIds]),
    ...query.filters.map((filter) => toLine([filter.name, ...filter.values])),
    '#METADATA_END',
    '',
    '#SUMMARYSTATISTICS_START',
    ...(answer.summary.length === 0 ? [''] : answer.summary.map((pair) => toLine(pair))),
    '#SUMMARYSTATISTICS_END',
    '',
    '#COLUMNS_START',
    toLine(answer.columns),
    '#COLUMNS_END',
    '',
    '#DATA_START',
    ...answer.rows.map((row) => toLine(row)),
    '#DATA_END',
  ];
  return `${lines.join('\n')}\n`;
}

function periodOf(answer: ReportAnswer): {
  start: string;
  end: string;
  availableDataEnds: string | null;
  suggestedRetryTime: string | null;
} {
  const { start, end } = answer.query;
  return {
    start: formatInstant(start.ms, start.offsetMinutes),
    end: formatInstant(end.ms, end.offsetMinutes),
    availableDataEnds: answer.availableDataEnds,
    suggestedRetryTime: answer.suggestedRetryTime,
  };
}

/** The vendor quotes values that hold a comma or a blank; how it escapes a quote is not documented. */
function toLine(values: readonly string[]): string {
  return values.map((value) => (/[",\s]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(',');
}
