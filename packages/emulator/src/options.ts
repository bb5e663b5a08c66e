/** The options of the emulator and their defaults. */
import type { ManualClock } from './clock.ts';
import { fromIsoDay, toDay } from './days.ts';
import type { ReportType } from './imgix/report-types.ts';
import { REPORT_TYPES } from './imgix/report-types.ts';

export interface EmulatorOptions {
  /** Everything that is made up depends on it. Default 1. */
  seed?: number | undefined;
  /** The data clock: decides what is published, expired, late. Default: real time. */
  now?: (() => Date) | undefined;
  /** A manual clock instead of `now`; makes `setNow` and `advance` of the emulator work. */
  clock?: ManualClock | undefined;
  /** Address to listen on. Default 127.0.0.1. */
  host?: string | undefined;
  /** Host name in URLs and file links when it is not the one listened on (containers). Default `host`. */
  publicHost?: string | undefined;
  /** Ports; 0 (the default) lets the system choose. */
  imgixPort?: number | undefined;
  filesPort?: number | undefined;
  akamaiPort?: number | undefined;
  /** First UTC day with data (`YYYY-MM-DD`). Default: `historyDays` before today. */
  firstDay?: string | undefined;
  /** Last UTC day with data. Default: no end. */
  lastDay?: string | undefined;
  /** How many days the accounts have existed when the emulator starts. Default 90. */
  historyDays?: number | undefined;
  volume?: VolumeOptions | undefined;
  imgix?: ImgixOptions | undefined;
  akamai?: AkamaiOptions | undefined;
}

export interface VolumeOptions {
  /** Mean requests per day over all Sources = mean rows of a cdn_logs report. Default 400. */
  cdnLogRowsPerDay?: number | undefined;
  /** Origin images in each of the four Sources. Default 40. */
  imagesPerSource?: number | undefined;
}

export interface ImgixOptions {
  apiKey?: string | undefined;
  /** Report types the account's plan includes. Default: all six. */
  reportTypes?: readonly ReportType[] | undefined;
  /** UTC hour of the following day at which a report is completed. Default 3 (docs: "by 04:00 UTC"). */
  publishHour?: number | undefined;
  /** Lifetime of a file link in seconds. Default 900. */
  linkTtlSeconds?: number | undefined;
  /** Larger page sizes are clamped to this. Default 100. */
  maxPageSize?: number | undefined;
  /** Default 4 (vendor's rate-limit page); 0 = unlimited. */
  requestsPerSecond?: number | undefined;
  /** Splits reports into files of at most this many rows. Default: one file. */
  partMaxRows?: number | undefined;
  /** 'mixed': credit and CDN log files are gzipped, of the others every second one. Default true. */
  gzip?: boolean | 'mixed' | undefined;
  /**
   * true: gzipped parts carry `Content-Encoding: gzip` and are inflated for clients that do not accept it,
   * as Google's storage transcodes. Default false: they are plain `.gz` objects of type application/gzip.
   */
  contentEncoding?: boolean | undefined;
  /** Whether every part starts with the header line, or only the first. Default true. */
  headerInEveryPart?: boolean | undefined;
  /** Days after finalization (00:00 UTC after the covered day) until a report is gone. Default 90. */
  retentionDays?: number | undefined;
}

export interface AkamaiOptions {
  clientToken?: string | undefined;
  clientSecret?: string | undefined;
  accessToken?: string | undefined;
  /** CP codes the client may report on. Default 55232, 23433, 32433. */
  cpCodes?: readonly string[] | undefined;
  /** Account ids the client may report on. Default 1-123A, 1-1TGTG. */
  accountIds?: readonly string[] | undefined;
  /** Per endpoint. Default 120 (vendor's rate-limiting page); 0 = unlimited. */
  requestsPerMinute?: number | undefined;
  /** The vendor's minute, in ms of real time; shorter in tests. Default 60,000. */
  rateWindowMs?: number | undefined;
  /** Age of the newest data. Default 180 minutes. */
  lagMinutes?: number | undefined;
  /** Mean API calls per account id and day. Default 600. */
  detailsPerDay?: number | undefined;
  /** Rows of one details answer. Default 5000, as the report type says. */
  detailsLimit?: number | undefined;
  /** Put a row of `Other` before the rows of a truncated details answer. Default false. */
  detailsOtherRow?: boolean | undefined;
  /** Report names that answer 404, as a report that was switched off. Default none. */
  withdrawnReports?: readonly string[] | undefined;
  /** Report names that are marked as deprecated; asked anew for every request, so it may change. Default none. */
  deprecatedReports?: readonly string[] | undefined;
  /** So many more API calls of the first account id in this period. Default none. */
  detailsBurst?: { from: Date; to: Date; calls: number } | undefined;
  /** For so many hours after an interval its values go on growing, in steps of six hours. Default 0: final at once. */
  changingHours?: number | undefined;
  /** A longer window is refused as too costly (422). Default: none is. */
  maxWindowHours?: number | undefined;
  /** v2, per report. Default 20 (vendor's example of a 429); 0 = unlimited. */
  v2RequestsPerMinute?: number | undefined;
  /** v2: age of the newest data. Default 10 minutes. */
  v2LagMinutes?: number | undefined;
  /** v2: rows of one answer. Default 50,000. */
  v2DataPoints?: number | undefined;
  /** v2: dimensions of one query. Default 20. */
  v2MaxDimensions?: number | undefined;
  /** v2: how often an asynchronous query says that it is not ready. Default 2. */
  asyncPolls?: number | undefined;
  /** v2: what it says to wait. Default 1 second. */
  retryAfterSeconds?: number | undefined;
  /** v2: rows that asynchronous answers count but do not have. Default 0. */
  v2LostRows?: number | undefined;
}

/** No member is left open: `undefined` means only "no limit" where the type says so. */
export interface Settings {
  seed: number;
  now: () => Date;
  host: string;
  publicHost: string;
  ports: { imgix: number; files: number; akamai: number };
  firstDay: number;
  lastDay: number;
  historyDays: number;
  cdnLogRowsPerDay: number;
  imagesPerSource: number;
  imgix: {
    apiKey: string;
    reportTypes: readonly ReportType[];
    publishHour: number;
    linkTtlSeconds: number;
    maxPageSize: number;
    requestsPerSecond: number;
    partMaxRows: number;
    gzip: boolean | 'mixed';
    contentEncoding: boolean;
    headerInEveryPart: boolean;
    retentionDays: number;
  };
  akamai: {
    clientToken: string;
    clientSecret: string;
    accessToken: string;
    cpCodes: readonly string[];
    accountIds: readonly string[];
    requestsPerMinute: number;
    rateWindowMs: number;
    lagMinutes: number;
    detailsPerDay: number;
    detailsLimit: number;
    detailsOtherRow: boolean;
    withdrawnReports: readonly string[];
    deprecatedReports: readonly string[];
    detailsBurst: { from: Date; to: Date; calls: number } | undefined;
    changingHours: number;
    maxWindowHours: number;
    v2RequestsPerMinute: number;
    v2LagMinutes: number;
    v2DataPoints: number;
    v2MaxDimensions: number;
    asyncPolls: number;
    retryAfterSeconds: number;
    v2LostRows: number;
  };
}

export function toSettings(options: EmulatorOptions): Settings {
  const now = options.clock?.now ?? options.now ?? (() => new Date());
  const historyDays = options.historyDays ?? 90;
  const firstDay = options.firstDay === undefined ? toDay(now()) - historyDays : fromIsoDay(options.firstDay);
  return {
    seed: options.seed ?? 1,
    now,
    host: options.host ?? '127.0.0.1',
    publicHost: options.publicHost ?? options.host ?? '127.0.0.1',
    ports: {
      imgix: options.imgixPort ?? 0,
      files: options.filesPort ?? 0,
      akamai: options.akamaiPort ?? 0,
    },
    firstDay,
    lastDay: options.lastDay === undefined ? Number.POSITIVE_INFINITY : fromIsoDay(options.lastDay),
    historyDays,
    cdnLogRowsPerDay: options.volume?.cdnLogRowsPerDay ?? 400,
    imagesPerSource: Math.max(1, options.volume?.imagesPerSource ?? 40),
    imgix: toImgixSettings(options.imgix ?? {}),
    akamai: toAkamaiSettings(options.akamai ?? {}),
  };
}

function toImgixSettings(options: ImgixOptions): Settings['imgix'] {
  return {
    apiKey: options.apiKey ?? 'emulated1imgix2api3key',
    reportTypes: options.reportTypes ?? REPORT_TYPES,
    publishHour: options.publishHour ?? 3,
    linkTtlSeconds: options.linkTtlSeconds ?? 900,
    maxPageSize: options.maxPageSize ?? 100,
    requestsPerSecond: options.requestsPerSecond ?? 4,
    partMaxRows: options.partMaxRows ?? Number.POSITIVE_INFINITY,
    gzip: options.gzip ?? true,
    contentEncoding: options.contentEncoding ?? false,
    headerInEveryPart: options.headerInEveryPart ?? true,
    retentionDays: options.retentionDays ?? 90,
  };
}

function toAkamaiSettings(options: AkamaiOptions): Settings['akamai'] {
  return {
    clientToken: options.clientToken ?? 'akab-emulated-client-token-0001',
    clientSecret: options.clientSecret ?? 'ZW11bGF0ZWQtY2xpZW50LXNlY3JldC0wMDAx',
    accessToken: options.accessToken ?? 'akab-emulated-access-token-0001',
    cpCodes: options.cpCodes ?? ['55232', '23433', '32433'],
    accountIds: options.accountIds ?? ['1-123A', '1-1TGTG'],
    requestsPerMinute: options.requestsPerMinute ?? 120,
    rateWindowMs: options.rateWindowMs ?? 60_000,
    lagMinutes: options.lagMinutes ?? 180,
    detailsPerDay: options.detailsPerDay ?? 600,
    detailsLimit: options.detailsLimit ?? 5000,
    detailsOtherRow: options.detailsOtherRow ?? false,
    withdrawnReports: options.withdrawnReports ?? [],
    deprecatedReports: options.deprecatedReports ?? [],
    detailsBurst: options.detailsBurst,
    changingHours: options.changingHours ?? 0,
    maxWindowHours: options.maxWindowHours ?? Number.POSITIVE_INFINITY,
    v2RequestsPerMinute: options.v2RequestsPerMinute ?? 20,
    v2LagMinutes: options.v2LagMinutes ?? 10,
    v2DataPoints: options.v2DataPoints ?? 50_000,
    v2MaxDimensions: options.v2MaxDimensions ?? 20,
    asyncPolls: options.asyncPolls ?? 2,
    retryAfterSeconds: options.retryAfterSeconds ?? 1,
    v2LostRows: options.v2LostRows ?? 0,
  };
}
