/** The query of `GET /api/v1/reports`: filters, sorts, pages and sparse fields of the Reports page. */
import type { Report } from './reports.ts';

const SORT_FIELDS = ['period_end', 'period_start', 'report_key', 'report_type'] as const;
type SortField = (typeof SORT_FIELDS)[number];

export interface ListingQuery {
  reportType: string | undefined;
  completed: boolean | undefined;
  sorts: readonly { field: SortField; descending: boolean }[];
  /** Zero-based. */
  pageNumber: number;
  pageSize: number;
  /** Attributes to show; undefined = all of them and the relationships. */
  fields: ReadonlySet<string> | undefined;
}

/** `meta.pagination`, exactly the documented members. */
export interface Pagination {
  currentPage: number;
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  /** 0, not null, on the last page (as in the documented example). */
  nextPage: number;
  pageSize: number;
  previousPage: number;
  totalPages: number;
  totalRecords: number;
}

/** A request the vendor answers with 400; the message becomes `errors[0].detail`. */
export class ListingQueryError extends Error {}

const DEFAULT_PAGE_SIZE = 20;

export function parseListingQuery(query: URLSearchParams, maxPageSize: number): ListingQuery {
  const parsed: ListingQuery = {
    reportType: undefined,
    completed: undefined,
    sorts: [],
    pageNumber: 0,
    pageSize: Math.min(DEFAULT_PAGE_SIZE, maxPageSize),
    fields: undefined,
  };
  for (const [name, value] of query) {
    if (name === 'filter[report_type]') parsed.reportType = value;
    else if (name === 'filter[completed]') parsed.completed = toBoolean(value);
    else if (name === 'page[number]') parsed.pageNumber = toWholeNumber(name, value, 0);
    else if (name === 'page[size]') parsed.pageSize = Math.min(toWholeNumber(name, value, 1), maxPageSize);
    else if (name === 'sort') parsed.sorts = value.split(',').map(toSort);
    else if (name === 'fields[reports]') parsed.fields = new Set(value.split(','));
    else if (/^(filter|page)\b/.test(name)) throw new ListingQueryError(`${name} is not supported.`);
  }
  return parsed;
}

export function selectPage(
  reports: readonly Report[],
  query: ListingQuery,
): { page: Report[]; pagination: Pagination } {
  const matching = reports.filter(
    (report) =>
      (query.reportType === undefined || report.type === query.reportType) &&
      (query.completed === undefined || report.completed === query.completed),
  );
  matching.sort((left, right) => compare(left, right, query.sorts));
  const { pageNumber, pageSize } = query;
  const totalPages = Math.ceil(matching.length / pageSize);
  const hasNextPage = pageNumber + 1 < totalPages;
  return {
    page: matching.slice(pageNumber * pageSize, (pageNumber + 1) * pageSize),
    pagination: {
      currentPage: pageNumber,
      hasNextPage,
      hasPreviousPage: pageNumber > 0,
      nextPage: hasNextPage ? pageNumber + 1 : 0,
      pageSize,
      previousPage: Math.max(0, pageNumber - 1),
      totalPages,
      totalRecords: matching.length,
    },
  };
}

/** 0 leaves two reports in the default order, newest first. */
function compare(left: Report, right: Report, sorts: ListingQuery['sorts']): number {
  for (const { field, descending } of sorts) {
    const order = compareField(left, right, field);
    if (order !== 0) return descending ? -order : order;
  }
  return 0;
}

function compareField(left: Report, right: Report, field: SortField): number {
  if (field === 'period_start' || field === 'period_end') return left.day - right.day;
  const [a, b] = field === 'report_key' ? [left.reportKey, right.reportKey] : [left.type, right.type];
  return a < b ? -1 : a > b ? 1 : 0;
}

function toSort(text: string): { field: SortField; descending: boolean } {
  const descending = text.startsWith('-');
  const field = SORT_FIELDS.find((known) => known === text.slice(descending ? 1 : 0));
  if (field === undefined) throw new ListingQueryError(`Cannot sort by '${text}'.`);
  return { field, descending };
}

function toBoolean(value: string): boolean {
  if (value !== 'true' && value !== 'false') {
    throw new ListingQueryError('filter[completed] must be true or false.');
  }
  return value === 'true';
}

function toWholeNumber(name: string, value: string, minimum: number): number {
  if (!/^\d{1,9}$/.test(value) || Number(value) < minimum) {
    throw new ListingQueryError(`${name} must be a whole number from ${minimum}.`);
  }
  return Number(value);
}
