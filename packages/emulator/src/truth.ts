/** What the tables of a warehouse must hold, asked past HTTP, files, pages and formats. */
import { fieldOf } from './akamai/answers.ts';
import type { EndpointUsage, UsageValues } from './akamai/endpoint-usage.ts';
import { formatInstant } from './akamai/instants.ts';
import type { UsageDetails } from './akamai/usage-details.ts';
import { FIVE_MINUTES_MS, fromIsoDay, toCompactDay } from './days.ts';
import type { ReportContent } from './imgix/content.ts';
import type { ReportType } from './imgix/report-types.ts';
import type { Report } from './imgix/reports.ts';
import type { Settings } from './options.ts';

export interface ImgixTruth {
  columns: string[];
  /** Values as in the CSV, `''` for blank, in the order of the files. */
  rows: string[][];
  /** For each row: index of its file from 0, number of its record there from 1 (header not counted). */
  positions: { part: number; row: number }[];
}

/** One five-minute interval; `start` as `2026-11-20T13:40:00Z`. */
export interface EndpointUsageTruth extends UsageValues {
  start: string;
}

/** One call with the vendor's metric names; `timestamp` as `2026-11-20T13:40:07Z`. */
export interface ApiUsageDetailsTruth {
  clientId: string;
  clientIp: string;
  clientOwner: string;
  clientToken: string;
  method: string;
  responseCode: string;
  timestamp: string;
  uri: string;
}

export interface Truth {
  /** A report as published now (revisions included), or as it will be. `day` is `YYYY-MM-DD`. */
  imgix(reportType: ReportType, day: string): ImgixTruth;
  /** All five-minute intervals in `[start, end)` on which the account has data, whatever the lag. */
  endpointUsage(cpCodes: readonly string[] | 'all', start: Date, end: Date): EndpointUsageTruth[];
  /** All calls in `[start, end)`, oldest first, whatever the lag and the row limit. */
  apiUsageDetails(accountIds: readonly string[], start: Date, end: Date): ApiUsageDetailsTruth[];
}

export function createTruth(parts: {
  settings: Settings;
  content: ReportContent;
  usage: EndpointUsage;
  details: UsageDetails;
}): Truth {
  const { settings, content, usage, details } = parts;
  const utc = { start: { ms: 0, offsetMinutes: 0 } };
  return {
    imgix: (reportType, isoDay) => {
      const day = fromIsoDay(isoDay);
      const reportKey = `${reportType}_${toCompactDay(day)}`;
      const report: Report = { id: '', reportKey, type: reportType, day, completed: true, revision: 0 };
      const table = content.table(report);
      const rows = Array.from(table.rows, (row) => [...row]);
      const { partMaxRows } = settings.imgix;
      const positions = rows.map((_, index) => {
        const part = partMaxRows === Number.POSITIVE_INFINITY ? 0 : Math.floor(index / partMaxRows);
        return { part, row: part === 0 ? index + 1 : index - part * partMaxRows + 1 };
      });
      return { columns: [...table.columns], rows, positions };
    },
    endpointUsage: (cpCodes, start, end) => {
      const ids = cpCodes === 'all' ? settings.akamai.cpCodes : cpCodes;
      const intervals: EndpointUsageTruth[] = [];
      for (let fromMs = start.getTime(); fromMs < end.getTime(); fromMs += FIVE_MINUTES_MS) {
        const toMs = fromMs + FIVE_MINUTES_MS;
        if (!usage.hasData(fromMs, toMs)) continue;
        intervals.push({ start: formatInstant(fromMs, 0), ...usage.sum(ids, fromMs, toMs) });
      }
      return intervals;
    },
    apiUsageDetails: (accountIds, start, end) =>
      details.calls(accountIds, start.getTime(), end.getTime()).map((call) => {
        const { clientId, clientIp, clientOwner, clientToken, method, responseCode, uri } = call;
        const timestamp = fieldOf(call, 'timestamp', utc);
        return { clientId, clientIp, clientOwner, clientToken, method, responseCode, timestamp, uri };
      }),
  };
}
