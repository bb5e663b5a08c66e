import {
  addDays,
  ContractError,
  type Dataset,
  type DiscoverRange,
  dayPeriod,
  type ExpectedUnit,
  eachDay,
  findDayInReportKey,
  type Logger,
  type Period,
  toCompactDay,
  toUtcDay,
  type UtcDay,
} from '@edgeledger/core';
import type { ImgixReport } from './client.ts';
import { toListed } from './report-links.ts';
import { toDueAt, toExpiresAt } from './wait.ts';

export interface DiscoverRequest {
  readonly account: string;
  readonly datasets: readonly Dataset[];
  /** A person named the report types, so they are expected even where nothing was ever listed. */
  readonly isExplicit: boolean;
  readonly range: DiscoverRange;
  readonly now: Date;
  readonly logger: Logger;
}

export const NOT_LISTED = 'imgix does not list the report yet.';
export const NOT_COMPLETED = 'imgix is still making the report.';

interface Listed {
  readonly report: ImgixReport;
  readonly day: UtcDay;
}

/**
 * Units that the vendor lists, and those the calendar says it should: a type that the account has had once is due
 * every day from then on. What is missing in the middle is a gap, not a day without a report.
 */
export function discoverUnits(reports: readonly ImgixReport[], request: DiscoverRequest): ExpectedUnit[] {
  const wanted = request.datasets.filter((dataset) => request.range.datasets?.includes(dataset.name) ?? true);
  const byType = groupByType(reports, request);
  return wanted.flatMap((dataset) => {
    const listed = byType.get(dataset.report) ?? [];
    const inRange = listed.filter(({ day }) => day >= request.range.from && day <= request.range.to);
    assertFewADay(inRange, dataset);
    const units = inRange.map(({ report, day }) => toUnit(request.account, dataset, { day, report }));
    const seen = new Set(listed.map(({ day }) => day));
    const keys = new Set(listed.map(({ report }) => report.reportKey));
    const missing = expectedDays(listed, dataset, request).filter(
      (day) => !seen.has(day) && !keys.has(toReportKey(dataset, day)),
    );
    return [...units, ...missing.map((day) => toUnit(request.account, dataset, { day }))];
  });
}

function groupByType(reports: readonly ImgixReport[], request: DiscoverRequest): Map<string, Listed[]> {
  const known = new Set(request.datasets.map((dataset) => dataset.report));
  const byType = new Map<string, Listed[]>([...known].map((type) => [type, []]));
  for (const report of reports) {
    const day = dayOf(report);
    const ofType = byType.get(report.reportType ?? '');
    if (ofType !== undefined && day !== undefined) ofType.push({ report, day });
    else {
      const { reportType, reportKey } = report;
      request.logger.debug({ reportType, reportKey }, 'imgix report left out');
    }
  }
  return byType;
}

/**
 * A day has one report of a type. It may be issued again under another key, and if those of a month were all dated by its
 * first day, they were 31. Each becomes a unit of the ledger for good, so with more than this the listing is not believed:
 * leaving out some would lose a report silently if it was right.
 */
const MAX_REPORTS_A_DAY = 100;

function assertFewADay(listed: readonly Listed[], dataset: Dataset): void {
  for (const [day, ofDay] of Map.groupBy(listed, (one) => one.day)) {
    if (ofDay.length <= MAX_REPORTS_A_DAY) continue;
    const keys = ofDay.slice(0, 3).map(({ report }) => report.reportKey);
    throw new ContractError(
      'source.response-malformed',
      `Could not plan ${dataset.name}: imgix lists ${ofDay.length} reports of ${day}, at most ${MAX_REPORTS_A_DAY} are loaded ` +
        `(${keys.join(', ')}, …). Look at the listing, and report it if it is right; until then nothing new of imgix is planned.`,
    );
  }
}

/** Reports say start = end = midnight of the day they cover, cumulative ones too (imgix.md, section 2.1). */
function dayOf(report: ImgixReport): UtcDay | undefined {
  if (report.periodStart !== undefined) return toUtcDay(report.periodStart);
  return report.reportKey === undefined ? undefined : findDayInReportKey(report.reportKey);
}

function expectedDays(listed: readonly Listed[], dataset: Dataset, request: DiscoverRequest): UtcDay[] {
  const yesterday = addDays(toUtcDay(request.now), -1);
  // a type that is listed no longer stays expected: that is how a vendor's outage looks
  const firstListed = listed.reduce<UtcDay | undefined>(
    (first, { day }) => (first === undefined || day < first ? day : first),
    request.range.firstDays?.get(dataset.name),
  );
  const oldestKept = addDays(toUtcDay(request.now), -dataset.retentionDays);
  const first = firstListed ?? (request.isExplicit ? oldestKept : undefined);
  if (first === undefined) return [];
  const from = first > request.range.from ? first : request.range.from;
  const to = yesterday < request.range.to ? yesterday : request.range.to;
  return eachDay(from, to);
}

function toUnit(
  account: string,
  dataset: Dataset,
  found: { readonly day: UtcDay; readonly report?: ImgixReport },
): ExpectedUnit {
  const period: Period = dayPeriod(found.day);
  const unit = {
    account,
    dataset: dataset.name,
    reportKey: found.report?.reportKey ?? toReportKey(dataset, found.day),
    period,
    expiresAt: toExpiresAt(period, dataset.retentionDays),
    dueAt: toDueAt(period),
  };
  if (found.report === undefined) return { ...unit, notYet: NOT_LISTED };
  const listed = toListed(found.report);
  return listed.completed ? { ...unit, listed } : { ...unit, listed, notYet: NOT_COMPLETED };
}

function toReportKey(dataset: Dataset, day: UtcDay): string {
  return `${dataset.report}_${toCompactDay(day)}`;
}
