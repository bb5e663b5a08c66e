import { type CompanionRows, type Finding, fieldReader, type ParsedColumn, type Row } from '@edgeledger/core';
import { toColumnName } from './answer-columns.ts';
import { REPORT_SUMMARIES } from './datasets.ts';
import type { Summary } from './report-answer.ts';
import { type AkamaiWindow, toSecondText } from './window.ts';

/** Sums of whole-number columns over the rows of an answer. */
export interface ColumnSums {
  add(values: readonly (string | null)[]): void;
  find(columnName: string): bigint | undefined;
}

export function createColumnSums(columns: readonly ParsedColumn[]): ColumnSums {
  const summed = columns.flatMap(({ name, type }, index) => (type === 'bigint' ? [{ name, index }] : []));
  const sums = new Map(summed.map(({ name }) => [name, 0n]));
  return {
    add(values) {
      for (const { name, index } of summed) {
        const value = values[index];
        if (value !== null && value !== undefined) sums.set(name, (sums.get(name) ?? 0n) + BigInt(value));
      }
    },
    find: (columnName) => sums.get(columnName),
  };
}

const readNumber = fieldReader('numeric');
const readJson = fieldReader('jsonb');
/** It is part of a key; the longest that is documented has 40 characters. */
const LONGEST_METRIC = 500;

function toNumber(summary: Summary): string | null {
  return readNumber(summary.value) ?? null;
}

/**
 * The vendor's own totals as rows for `akamai.report_summaries`. Series of single objects share their unit and
 * window, so their metric carries the object id: `edgeBytesTotal#12345`.
 */
export function toSummaryRows(summaries: readonly Summary[], window: AkamaiWindow): CompanionRows[] {
  if (summaries.length === 0) return [];
  const suffix = window.objectId === '' ? '' : `#${window.objectId}`;
  const period = { start: toSecondText(window.start), end: toSecondText(window.end) };
  const rows = summaries.map((summary, index): Row => {
    const metric = `${summary.metric.slice(0, LONGEST_METRIC).replaceAll('\0', '\u2400').toWellFormed()}${suffix}`;
    const values = [metric, toNumber(summary), readJson(summary.details) ?? '{}'];
    return { rowNo: index + 1, period, values };
  });
  return [{ dataset: REPORT_SUMMARIES, columns: REPORT_SUMMARIES.columns, rows }];
}

/**
 * Totals that are not the sum of the rows. While a day is running the total may or may not include intervals that
 * are not final yet, so it may agree with either sum.
 */
export function findSumMismatches(
  summaries: readonly Summary[],
  sums: { readonly kept: ColumnSums; readonly received: ColumnSums },
  window: AkamaiWindow,
): Finding[] {
  return summaries.flatMap((summary): Finding[] => {
    const metric = /^(.+)Total$/.exec(summary.metric)?.[1];
    const total = toNumber(summary);
    if (metric === undefined || total === null) return [];
    const kept = sums.kept.find(toColumnName(metric));
    const received = sums.received.find(toColumnName(metric));
    if (kept === undefined || received === undefined) return [];
    if (isEqual(total, kept) || isEqual(total, received)) return [];
    const start = toSecondText(window.start);
    const end = toSecondText(window.end);
    const message = `${summary.metric} of ${start} to ${end} is ${total} by Akamai, the rows add up to ${kept}.`;
    const details = { metric: summary.metric, vendorTotal: total, sumOfRows: kept.toString(), start, end };
    return [{ kind: 'sum-mismatch', message, details: { ...details, objectId: window.objectId } }];
  });
}

function isEqual(total: string, sum: bigint): boolean {
  const whole = total.replace(/\.0*$/, '');
  return /^[+-]?\d+$/.test(whole) ? BigInt(whole) === sum : Number(total) === Number(sum);
}
