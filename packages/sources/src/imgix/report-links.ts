import { createHash } from 'node:crypto';
import { type Clock, ContractError, type ListedReport, MINUTE_MS, type UnitRef } from '@edgeledger/core';
import type { ImgixClient, ImgixReport } from './client.ts';

/** Links are signed for a time nobody documents; seen less than this ago they are worth a try. */
const LINK_LIFETIME_MS = MINUTE_MS;

/** What the API said lately, in memory only: ids for long, links for a minute. */
export interface ReportLinks {
  /** Everything the vendor lists, asked anew. */
  listAll(signal: AbortSignal): Promise<readonly ImgixReport[]>;
  /** The unit's report with links young enough to use; asks when needed. `undefined`: not listed. */
  findReport(unit: UnitRef, reportType: string, signal: AbortSignal): Promise<ImgixReport | undefined>;
  /** The same, asked anew whatever is remembered. */
  refreshReport(unit: UnitRef, reportType: string, signal: AbortSignal): Promise<ImgixReport | undefined>;
}

interface Remembered {
  readonly report: ImgixReport;
  readonly seenAtMs: number;
}

export function createReportLinks(client: ImgixClient, clock: Clock): ReportLinks {
  const byKey = new Map<string, Remembered>();
  const listedAtMs = new Map<string, number>();

  const remember = (reports: readonly ImgixReport[]) => {
    const seenAtMs = clock.now().getTime();
    for (const [key, report] of chooseReports(reports)) byKey.set(key, { report, seenAtMs });
  };
  const isFresh = (seenAtMs: number | undefined) =>
    seenAtMs !== undefined && Math.abs(clock.now().getTime() - seenAtMs) <= LINK_LIFETIME_MS;

  async function listType(reportType: string, signal: AbortSignal): Promise<void> {
    const reports = await client.listReports({ reportType, signal });
    forgetType(reportType);
    remember(reports.filter((report) => report.reportType === reportType || report.reportType === undefined));
    listedAtMs.set(reportType, clock.now().getTime());
  }
  function forgetType(reportType: string): void {
    for (const [key, { report }] of byKey) if (report.reportType === reportType) byKey.delete(key);
  }

  async function refreshReport(unit: UnitRef, reportType: string, signal: AbortSignal) {
    const known = byKey.get(unit.reportKey);
    const report = known === undefined ? undefined : await client.findReport(known.report.id, signal);
    if (report !== undefined) {
      byKey.set(unit.reportKey, { report, seenAtMs: clock.now().getTime() });
      return report;
    }
    // never seen, expired, or issued again under another id: the listing knows
    await listType(reportType, signal);
    return byKey.get(unit.reportKey)?.report;
  }

  return {
    refreshReport,
    async listAll(signal) {
      const reports = await client.listReports({ signal });
      byKey.clear();
      remember(reports);
      const now = clock.now().getTime();
      for (const report of reports)
        if (report.reportType !== undefined) listedAtMs.set(report.reportType, now);
      return [...chooseReports(reports).values()];
    },
    async findReport(unit, reportType, signal) {
      const known = byKey.get(unit.reportKey);
      if (known !== undefined && isFresh(known.seenAtMs)) return known.report;
      if (known === undefined && isFresh(listedAtMs.get(reportType))) return undefined;
      return refreshReport(unit, reportType, signal);
    },
  };
}

/** One report per key. A report that was issued again stands twice: the newest completed one counts. */
export function chooseReports(reports: readonly ImgixReport[]): Map<string, ImgixReport> {
  const chosen = new Map<string, ImgixReport>();
  for (const report of reports) {
    if (report.reportKey === undefined) continue;
    const rival = chosen.get(report.reportKey);
    if (rival === undefined || isPreferred(report, rival)) chosen.set(report.reportKey, report);
  }
  return chosen;
}

/** Ids begin with their creation time (imgix.md, section 2.1), so the greater one is the newer one. */
function isPreferred(report: ImgixReport, rival: ImgixReport): boolean {
  if (isReadable(report) !== isReadable(rival)) return isReadable(report);
  return report.id > rival.id;
}

/** An incomplete report may list files already, and a complete one none yet: neither is ready. */
export function isReadable(report: ImgixReport): boolean {
  return report.completed && report.files.length > 0;
}

/**
 * Path of a file link; the query is its signature and changes every time. Not a URL: the text itself, or its hash where it may
 * hold a user and a password all the same.
 */
export function toLinkPath(link: string): string {
  const parsed = URL.parse(link)?.pathname;
  const path = parsed?.startsWith('/') ? parsed : toPathOfText(link);
  // names of parts stand in the ledger and in jobs: a strange one becomes one that can
  if (/^[\x20-\x7e]{1,1024}$/.test(path)) return path;
  return `${path.slice(0, 200).replaceAll(/[^\x20-\x7e]/g, '_')}~${toShortHash(path)}`;
}

function toShortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function toPathOfText(link: string): string {
  const [path = ''] = link.split(/[?#]/, 1);
  // a password may hold what ends a path, so that only a text without any @ shows where it is
  return link.includes('@') ? `not-a-link~${toShortHash(path)}` : path;
}

const naturalOrder = new Intl.Collator('en', { numeric: true });

/** Paths of the report's files, each once, `part-2` before `part-10`. */
export function toPartNames(report: ImgixReport): string[] {
  const paths = [...new Set(report.files.map(toLinkPath))];
  return paths.sort((a, b) => naturalOrder.compare(a, b) || (a < b ? -1 : 1));
}

/** A day's log of 640 GB: each is a job, and a line of the ledger. */
const MAX_PARTS = 10_000;

/** @throws ContractError when the report has more files than are read */
export function assertFewParts(report: ImgixReport, reportKey: string): void {
  if (report.files.length <= MAX_PARTS) return;
  throw new ContractError(
    'source.response-malformed',
    `Could not load ${reportKey}: imgix lists ${report.files.length} files of it, at most ${MAX_PARTS} are read. Look at the report, and report it if it is right.`,
  );
}

export function toListed(report: ImgixReport): ListedReport {
  // one with too many files is not loaded: sorting them would hold up the plan of all others
  const parts = report.files.length > MAX_PARTS ? report.files.length : toPartNames(report);
  const text = JSON.stringify([report.id, parts]);
  const revision = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return { vendorReportId: report.id, completed: isReadable(report), revision };
}
