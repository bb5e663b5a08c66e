/**
 * Which reports exist at an instant, and in which state. A report of day D
 *
 *     D+1 00:00        is finalized, but not yet listed
 *     D+1 00:40        is listed: completed = false, files = []
 *     D+1 publishHour  is completed and has files
 *     D+1 + 90 days    is gone: not listed, 404
 *
 * The docs give 00:00, "by 04:00 UTC" and 90 days; that a report appears around 00:40 is read off the
 * creation times inside the ids of the docs' examples, which are MongoDB object ids.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS, toCompactDay, toDay } from '../days.ts';
import type { Settings } from '../options.ts';
import { hexOf } from '../random.ts';
import type { ReportType } from './report-types.ts';

export interface Report {
  /** 24 hex characters; the first 8 are the creation time in unix seconds. */
  id: string;
  /** `<report_type>_<YYYYMMDD>` */
  reportKey: string;
  type: ReportType;
  /** Covered day as a day number. */
  day: number;
  completed: boolean;
  /** 0, or how often the report was issued again. */
  revision: number;
}

export interface ReportCalendar {
  /** Newest day first, within a day in the order of the configured types. */
  listReports(): Report[];
  findById(id: string): Report | undefined;
  findByKey(reportKey: string): Report | undefined;
  /** Issues a completed report again under a new id; the old id is not found from then on. */
  reissue(reportKey: string): Report;
}

const LISTED_AFTER_MS = 40 * MINUTE_MS;
const CREATED_AFTER_MS = 37 * MINUTE_MS;

export function createReportCalendar(settings: Settings): ReportCalendar {
  const { seed, now, firstDay, lastDay } = settings;
  const { publishHour, retentionDays, reportTypes } = settings.imgix;
  const reissues = new Map<string, { revision: number; id: string }>();
  const firstIds = new Map<string, string>();

  function describe(type: ReportType, day: number): Report {
    const reportKey = `${type}_${toCompactDay(day)}`;
    const reissued = reissues.get(reportKey);
    const finalizedMs = (day + 1) * DAY_MS;
    const typeOffsetMs = reportTypes.indexOf(type) * 25_000;
    let id = reissued?.id ?? firstIds.get(reportKey);
    if (id === undefined) {
      id = objectId(seed, finalizedMs + CREATED_AFTER_MS + typeOffsetMs, reportKey, 0);
      firstIds.set(reportKey, id);
    }
    return {
      id,
      reportKey,
      type,
      day,
      completed: now().getTime() >= finalizedMs + publishHour * HOUR_MS,
      revision: reissued?.revision ?? 0,
    };
  }

  function listReports(): Report[] {
    const nowMs = now().getTime();
    const newest = Math.min(lastDay, toDay(nowMs - LISTED_AFTER_MS) - 1);
    const oldest = Math.max(firstDay, Math.floor(nowMs / DAY_MS) - retentionDays);
    const reports: Report[] = [];
    for (let day = newest; day >= oldest; day -= 1) {
      // gone at the instant the 90th day after finalization is over
      if ((day + 1 + retentionDays) * DAY_MS <= nowMs) continue;
      for (const type of reportTypes) reports.push(describe(type, day));
    }
    return reports;
  }

  function findByKey(reportKey: string): Report | undefined {
    return listReports().find((report) => report.reportKey === reportKey);
  }

  function reissue(reportKey: string): Report {
    const report = findByKey(reportKey);
    if (report === undefined || !report.completed) {
      throw new Error(`Cannot issue '${reportKey}' again: there is no completed report of that name now.`);
    }
    const revision = report.revision + 1;
    reissues.set(reportKey, { revision, id: objectId(seed, now().getTime(), reportKey, revision) });
    return describe(report.type, report.day);
  }

  return {
    listReports,
    findById: (id) => listReports().find((report) => report.id === id),
    findByKey,
    reissue,
  };
}

function objectId(seed: number, createdMs: number, reportKey: string, revision: number): string {
  const seconds = Math.floor(createdMs / 1000);
  return seconds.toString(16).padStart(8, '0') + hexOf(16, seed, 'report', reportKey, revision);
}
