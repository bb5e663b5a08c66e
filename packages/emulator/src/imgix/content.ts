/** The files of a report: its rows split into parts, written as CSV and compressed. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { createBoundedCache } from '../bounded-cache.ts';
import { toCsvLine } from '../data/csv.ts';
import type { Settings } from '../options.ts';
import { at, hash32 } from '../random.ts';
import type { Report } from './reports.ts';
import type { ReportTable, ReportTables } from './tables.ts';

export interface ReportPart {
  name: string;
  /** The stored object, compressed if `gzipped`. */
  body: Buffer;
  gzipped: boolean;
  /** Base64 MD5 of `body`, as `x-goog-hash` shows it. */
  md5: string;
  generation: number;
}

/** How a report differs from what was published first. All members are optional. */
export interface ImgixRevision {
  /** Such as `image_analytics_20261120`; the report must be completed. */
  reportKey: string;
  /** Multiplies counts, bytes and credits (columns of whole or decimal numbers except codes and times). */
  factor?: number;
  /** Keeps only the first rows: the report shrinks. */
  keepRows?: number;
  /** Any other change, after the ones above: rename or add columns, break rows. */
  edit?: (table: { columns: string[]; rows: string[][] }) => { columns: string[]; rows: string[][] };
  /** Replaces the CSV text of the parts altogether, header lines included; `truth` does not see it. */
  rawParts?: readonly (string | Buffer)[];
}

export interface ReportContent {
  /** Names of the parts without making their content. */
  partNames(report: Report): string[];
  parts(report: Report): readonly ReportPart[];
  /** The rows as published now, revisions included. */
  table(report: Report): ReportTable;
  setRevision(report: Report, revision: ImgixRevision): void;
}

const FIXED_COLUMNS = /^(source_id|source_name|timestamp|status_code|avg_response_time|domain|url|referers)$/;
const CACHE_BYTES = 128 * 1024 * 1024;

export function createReportContent(settings: Settings, tables: ReportTables): ReportContent {
  const { gzip, partMaxRows, headerInEveryPart } = settings.imgix;
  const revisions = new Map<string, { table: ReportTable; rawParts: readonly Buffer[] | undefined }>();
  const cache = createBoundedCache<string, readonly ReportPart[]>(CACHE_BYTES, (parts) =>
    parts.reduce((sum, part) => sum + part.body.length, 0),
  );

  function table(report: Report): ReportTable {
    return revisions.get(report.reportKey)?.table ?? tables.table(report.type, report.day);
  }

  function partCount(report: Report): number {
    const revision = revisions.get(report.reportKey);
    if (revision?.rawParts !== undefined) return revision.rawParts.length;
    if (partMaxRows === Number.POSITIVE_INFINITY) return 1;
    const rows = revision ? [...revision.table.rows].length : tables.countRows(report.type, report.day);
    // a report without rows still is one file: a header
    return Math.max(1, Math.ceil(rows / partMaxRows));
  }

  function isGzipped(report: Report, index: number): boolean {
    if (gzip !== 'mixed') return gzip;
    if (report.type.startsWith('credit_') || report.type === 'cdn_logs') return true;
    return hash32(report.reportKey, index) % 2 === 0;
  }

  function partNames(report: Report): string[] {
    const count = partCount(report);
    return Array.from({ length: count }, (_, index) => {
      const stem = count === 1 ? report.reportKey : `part-${index.toString().padStart(5, '0')}`;
      return `${stem}.csv${isGzipped(report, index) ? '.gz' : ''}`;
    });
  }

  function render(report: Report): readonly ReportPart[] {
    const names = partNames(report);
    const texts =
      revisions.get(report.reportKey)?.rawParts ??
      toCsvParts(table(report), names.length, partMaxRows, headerInEveryPart);
    return names.map((name, index): ReportPart => {
      const gzipped = isGzipped(report, index);
      const text = at(texts, index);
      const body = gzipped ? gzipSync(text, { level: 4 }) : text;
      const md5 = createHash('md5').update(body).digest('base64');
      return { name, body, gzipped, md5, generation: report.revision + 1 };
    });
  }

  return {
    partNames,
    parts: (report) => cache.getOrCreate(report.reportKey, () => render(report)),
    table,
    setRevision: (report, revision) => {
      const rawParts = revision.rawParts?.map((part) => Buffer.from(part));
      revisions.set(report.reportKey, { table: reviseTable(table(report), revision), rawParts });
      cache.delete(report.reportKey);
    },
  };
}

function toCsvParts(
  table: ReportTable,
  partCount: number,
  partMaxRows: number,
  headerInEveryPart: boolean,
): Buffer[] {
  const header = toCsvLine(table.columns);
  const parts: Buffer[] = [];
  let chunks: Buffer[] = [];
  let text = header;
  let rowsInPart = 0;
  const finishPart = (): void => {
    parts.push(Buffer.concat([...chunks, Buffer.from(text)]));
    chunks = [];
    text = headerInEveryPart ? header : '';
    rowsInPart = 0;
  };
  for (const row of table.rows) {
    if (rowsInPart >= partMaxRows) finishPart();
    text += toCsvLine(row);
    rowsInPart += 1;
    if (text.length > 1_000_000) {
      chunks.push(Buffer.from(text));
      text = '';
    }
  }
  if (parts.length < partCount) finishPart();
  return parts;
}

function reviseTable(table: ReportTable, revision: ImgixRevision): ReportTable {
  let columns = [...table.columns];
  let rows = Array.from(table.rows, (row) => [...row]);
  const { factor, keepRows, edit } = revision;
  if (factor !== undefined) {
    rows = rows.map((row) => row.map((value, index) => scale(columns[index] ?? '', value, factor)));
  }
  if (keepRows !== undefined) rows = rows.slice(0, keepRows);
  if (edit !== undefined) ({ columns, rows } = edit({ columns, rows }));
  return { columns, rows };
}

function scale(column: string, value: string, factor: number): string {
  if (FIXED_COLUMNS.test(column) || !/^\d+(\.\d+)?$/.test(value)) return value;
  // decimals are credits: keep their six places, whole numbers stay whole
  const scaled = Number(value) * factor;
  return value.includes('.') || column.endsWith('_credits')
    ? scaled.toFixed(6).replace(/\.?0+$/, '')
    : `${Math.round(scaled)}`;
}
