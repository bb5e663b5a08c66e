import { ContractError, toCompactDay, toUtcDay } from '@edgeledger/core';
import { z } from 'zod';
import { type JsonRows, readRowDocument } from '../json/row-document.ts';
import type { ImgixReport } from './client.ts';

const instant = z.union([z.number(), z.string()]).nullish();
const reportSchema = z.looseObject({
  id: z
    .union([z.string(), z.number()])
    .transform(String)
    .pipe(z.string().regex(/^[\x21-\x7e]{1,200}$/)),
  attributes: z
    .looseObject({
      completed: z.boolean().nullish(),
      files: z.array(z.string()).nullish(),
      period_start: instant,
      report_key: z.string().nullish(),
      report_type: z.string().nullish(),
    })
    .nullish(),
});
const metaSchema = z
  .looseObject({
    pagination: z
      .looseObject({
        currentPage: z.number().nullish(),
        hasNextPage: z.boolean().nullish(),
        totalPages: z.number().nullish(),
        totalRecords: z.number().nullish(),
      })
      .nullish(),
  })
  .nullish();
const singleSchema = z.looseObject({ data: reportSchema });

export interface ReportPage {
  /** Read while they are gone through. Throws at the first that is none. */
  readonly reports: Iterable<ImgixReport>;
  readonly pagination: Pagination | null | undefined;
}

type Pagination = NonNullable<NonNullable<z.infer<typeof metaSchema>>['pagination']>;

/** A page of the listing. @throws ContractError when it is not the document that is documented */
export function readReportPage(bytes: Uint8Array, what: string): ReportPage {
  const { rest, rows } = readRowDocument(bytes, {
    what: `Could not ${what}`,
    toBrokenError: () =>
      new ContractError(
        'source.response-malformed',
        `Could not ${what}: the answer is something that is not JSON. Check IMGIX_API_URL.`,
      ),
  });
  const meta = metaSchema.safeParse(rest.meta);
  if (!meta.success) throw toShapeError(what, meta.error, ['meta']);
  if (rows === undefined) throw toDocumentError(what, ' (data: not a list)');
  return { reports: toReports(rows, what), pagination: meta.data?.pagination };
}

function* toReports(rows: JsonRows, what: string): Generator<ImgixReport> {
  let index = 0;
  for (const batch of rows.batches()) {
    for (const row of batch) {
      const parsed = reportSchema.safeParse(row);
      if (!parsed.success) throw toShapeError(what, parsed.error, ['data', index]);
      yield toReport(parsed.data);
      index += 1;
    }
  }
}

/** The one report that was asked for by its id. */
export function readReport(json: unknown, what: string): ImgixReport {
  const document = singleSchema.safeParse(json);
  if (document.success) return toReport(document.data.data);
  throw toShapeError(what, document.error);
}

/** What stands in keys of tables and jobs: printable, and short enough for an index. */
const SOUND_KEY = /^[\x21-\x7e]{1,200}$/;

function toReport(resource: z.infer<typeof reportSchema>): ImgixReport {
  const attributes = resource.attributes ?? {};
  const reportType = attributes.report_type ?? undefined;
  const periodStart = toInstant(attributes.period_start);
  const derivedKey =
    reportType === undefined || periodStart === undefined
      ? undefined
      : `${reportType}_${toCompactDay(toUtcDay(periodStart))}`;
  return {
    id: resource.id,
    // a key that cannot be stored does not make a report disappear: the vendor's pattern gives one
    reportKey: SOUND_KEY.test(attributes.report_key ?? '')
      ? (attributes.report_key ?? undefined)
      : derivedKey,
    reportType,
    completed: attributes.completed ?? false,
    files: attributes.files ?? [],
    periodStart,
  };
}

const MILLISECONDS_FROM = 100_000_000_000;
/** No report is of a day before there was the vendor, or of the next century. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

function toInstant(value: number | string | null | undefined): Date | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds)
    ? Date.parse(String(value))
    : seconds < MILLISECONDS_FROM
      ? seconds * 1000
      : seconds;
  return ms >= EARLIEST_MS && ms < LATEST_MS ? new Date(ms) : undefined;
}

function toShapeError(what: string, error: z.ZodError, at: readonly (string | number)[] = []): ContractError {
  const issue = error.issues[0];
  return toDocumentError(
    what,
    issue === undefined ? '' : ` (${[...at, ...issue.path].join('.')}: ${issue.message})`,
  );
}

function toDocumentError(what: string, where: string): ContractError {
  return new ContractError(
    'source.response-malformed',
    `Could not ${what}: the answer is not the JSON:API document that imgix documents${where}. Check IMGIX_API_URL.`,
  );
}
