import { COLUMN_TYPES, SYSTEM_COLUMNS } from '@edgeledger/core';
import { z } from 'zod';
import { checkCron } from './cron.ts';
import { didYouMean } from './suggest.ts';
import {
  type Check,
  checkAccountId,
  checkAkamaiHost,
  checkBucket,
  checkCredential,
  checkHost,
  checkName,
  checkOrigin,
  checkPrefix,
  checkServiceOrigin,
  checkShare,
  checkWebhook,
  matching,
  oneOf,
  splitList,
  wholeNumber,
} from './values.ts';

/** The shape of `edgeledger.yaml`. Every scalar arrives as text (see `yaml-file.ts`). */

export const IMGIX_REPORT_TYPES = [
  'cdn_logs',
  'image_analytics',
  'source_analytics',
  'mild_errors',
  'credit_analytics_daily',
  'credit_analytics_mtd',
] as const;
export type ImgixReportType = (typeof IMGIX_REPORT_TYPES)[number];

const text = z.string();

/** A text that one of the rules of `values.ts` reads. */
function checked<Value>(check: Check<Value>) {
  return text.transform((value, context): Value => {
    const result = check(value);
    if (result.ok) return result.value;
    context.addIssue({ code: 'custom', message: result.sentence });
    return z.NEVER;
  });
}

/** A YAML list, or a comma list, which is what a variable can hold. */
function listOf<Value>(item: z.ZodType<Value>) {
  const toList = (value: unknown) => (typeof value === 'string' ? splitList(value) : value);
  return z.preprocess(toList, z.array(item).min(1, { error: 'is an empty list. Leave it out instead.' }));
}

/** An object without unknown keys; an unknown one is answered with the allowed ones. */
function shape<Shape extends z.ZodRawShape>(members: Shape) {
  const allowed = Object.keys(members);
  return z.strictObject(members, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const unknown = issue.keys.map((key) => `"${key.slice(0, 60)}"${didYouMean(key, allowed)}`);
      return `unknown key ${unknown.join(', ')}. Allowed here: ${allowed.join(', ')}.`;
    },
  });
}

const flag = checked(oneOf(['true', 'false'])).transform((value) => value === 'true');
const reportType = checked(oneOf(IMGIX_REPORT_TYPES));

const columnName = checked((name) => {
  if (SYSTEM_COLUMNS.some((column) => column === name)) {
    return { ok: false, sentence: 'is a column that every table has. Choose another name.' };
  }
  return /^[a-z][a-z0-9_]{0,62}$/.test(name)
    ? { ok: true, value: name }
    : { ok: false, sentence: 'is not a column name. Use lower-case letters, digits and "_".' };
});

const column = shape({
  header: text.optional(),
  aliases: listOf(text).optional(),
  type: checked(oneOf(COLUMN_TYPES)).optional(),
  required: flag.optional(),
  drop: flag.optional(),
});

const checkReportName = matching(
  /^[a-z0-9]+(-[a-z0-9]+)*$/,
  'is not the name of a report of Reporting API v1, such as hits-by-time.',
);

const datasetMembers = {
  accumulation: checked(oneOf(['daily', 'month_to_date'])).optional(),
  columns: z.record(columnName, column).optional(),
};
const dataset = shape(datasetMembers);
/** Kept in partitions by day, so old days can be dropped. */
const datasetByDay = shape({ ...datasetMembers, keepDays: checked(wholeNumber(1, 36_500)).optional() });

const imgixSource = shape({
  vendor: z.literal('imgix'),
  account: checked(checkName).optional(),
  apiKey: checked(checkCredential).optional(),
  apiUrl: checked(checkOrigin).optional(),
  fileHosts: listOf(checked(checkHost)).optional(),
  reportTypes: listOf(reportType).optional(),
  datasets: shape({
    cdn_logs: datasetByDay.optional(),
    image_analytics: datasetByDay.optional(),
    source_analytics: dataset.optional(),
    mild_errors: dataset.optional(),
    credit_analytics_daily: dataset.optional(),
    credit_analytics_mtd: dataset.optional(),
  } satisfies Record<ImgixReportType, unknown>).optional(),
  maxInflatedBytes: checked(wholeNumber(1, 1e15 - 1)).optional(),
});

const stream = shape({
  name: checked(checkName).optional(),
  // one of the two is needed; `akamai-streams.ts` says so
  dataset: checked(oneOf(['endpoint_usage_by_time', 'api_usage_details', 'api_usage'])).optional(),
  report: checked(checkReportName).optional(),
  api: checked(oneOf(['v1', 'v2'])).optional(),
  // CP codes and account ids alike; what the dataset asks for is checked in `akamai-streams.ts`
  objectIds: listOf(checked(checkAccountId)).optional(),
  splitByObject: flag.optional(),
  filters: z.record(text, listOf(text)).optional(),
  metrics: listOf(text).optional(),
  dimensions: listOf(text).optional(),
  window: checked(oneOf(['1d', '12h', '8h', '6h', '4h', '3h', '2h', '1h'])).optional(),
  async: flag.optional(),
  dropForbiddenObjects: flag.optional(),
  everyMinutes: checked(wholeNumber(5, 1440)).optional(),
});

const akamaiSource = shape({
  vendor: z.literal('akamai'),
  account: checked(checkName).optional(),
  edgerc: shape({ path: text, section: text.optional() }).optional(),
  host: checked(checkAkamaiHost).optional(),
  clientToken: checked(checkCredential).optional(),
  clientSecret: checked(checkCredential).optional(),
  accessToken: checked(checkCredential).optional(),
  apiUrl: checked(checkOrigin).optional(),
  accountSwitchKey: checked(checkCredential).optional(),
  streams: listOf(stream).optional(),
});

export const fileSchema = shape({
  sources: z.array(z.discriminatedUnion('vendor', [imgixSource, akamaiSource])).optional(),
  rejects: shape({
    maxShare: checked(checkShare).optional(),
    maxCount: checked(wholeNumber(0, 1e9)).optional(),
  }).optional(),
  archive: shape({
    kind: checked(oneOf(['off', 'directory', 's3'])),
    path: text.optional(),
    endpoint: checked(checkServiceOrigin).optional(),
    bucket: checked(checkBucket).optional(),
    region: checked(checkName).optional(),
    prefix: checked(checkPrefix).optional(),
    accessKeyId: checked(checkCredential).optional(),
    secretAccessKey: checked(checkCredential).optional(),
    keepDays: checked(wholeNumber(1, 36_500)).optional(),
  }).optional(),
  alerts: shape({
    webhook: checked(checkWebhook),
    format: checked(oneOf(['json', 'slack'])).optional(),
    lostSoonDays: checked(wholeNumber(1, 90)).optional(),
  }).optional(),
  schedule: shape({
    imgix: checked(checkCron).optional(),
    akamai: checked(checkCron).optional(),
    reconcileMinutes: checked(wholeNumber(1, 1440)).optional(),
    lateAfterHours: checked(wholeNumber(0, 24 * 90)).optional(),
  }).optional(),
  revisions: shape({
    minShare: checked(checkShare).optional(),
    minMissingRows: checked(wholeNumber(0, 1e12)).optional(),
    confirmAfterMinutes: checked(wholeNumber(0, 60 * 24 * 30)).optional(),
  }).optional(),
});

export type FileConfig = z.output<typeof fileSchema>;
type FileSource = NonNullable<FileConfig['sources']>[number];
export type ImgixFileSource = Extract<FileSource, { vendor: 'imgix' }>;
export type AkamaiFileSource = Extract<FileSource, { vendor: 'akamai' }>;
export type FileStream = NonNullable<AkamaiFileSource['streams']>[number];
