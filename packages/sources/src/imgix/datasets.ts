import type { Accumulation, Column, ColumnType, Dataset, LoadStrategy, MonthSum } from '@edgeledger/core';

/**
 * The six imgix reports. Only the credit columns, and `referers` and `user_agent` of the logs, are documented; the
 * others are assumptions with aliases (imgix.md, section 3.5) until someone sees a real header.
 */

/** Reports are kept 90 days after being finalized (imgix reports page). */
const RETENTION_DAYS = 90;
const FILE_ROW = ['part', 'row_no'] as const;

function column(name: string, type: ColumnType, aliases: readonly string[] = []): Column {
  return aliases.length === 0 ? { name, type } : { name, type, aliases };
}

function requiredColumn(name: string, type: ColumnType, aliases: readonly string[] = []): Column {
  return { ...column(name, type, aliases), required: true };
}

function dataset(
  report: string,
  shape: {
    readonly accumulation: Accumulation;
    readonly strategy: LoadStrategy;
    readonly identity: readonly string[];
    readonly columns: readonly Column[];
    readonly monthSum?: MonthSum;
  },
): Dataset {
  return { name: `imgix.${report}`, vendor: 'imgix', report, retentionDays: RETENTION_DAYS, ...shape };
}

const SOURCE_COLUMNS = [column('source_id', 'text', ['source']), column('source_name', 'text')];
const ORIGIN_IMAGE_ALIASES = [
  'url',
  'origin_url',
  'image_url',
  'origin_path',
  'path',
  'image',
  'origin_image',
];

const CREDIT_COLUMNS: readonly Column[] = [
  column('timestamp', 'date'),
  requiredColumn('source_id', 'text'),
  column('source_name', 'text'),
  requiredColumn('total_credits', 'numeric'),
  ...[
    'standard_renders_credits',
    'advanced_renders_credits',
    'premium_renders_credits',
    'storage_credits',
    'delivery_bandwidth_credits',
    'cache_reads_credits',
    'premium_video_encoding_seconds_credits',
    'video_smartcropping_seconds_credits',
    'video_preview_seconds_credits',
    'video_ai_interpolation_seconds_credits',
    'video_vmaf_encoded_seconds_credits',
    'video_render_cache_credits',
    'specialized_transformations_credits',
  ].map((name) => column(name, 'numeric')),
];

const CREDITS_OF_MONTH: MonthSum = {
  check: 'credits-month',
  dataset: 'imgix.credit_analytics_mtd',
  view: 'imgix.credits_month_check',
  subject: { name: 'Source', column: 'source_id' },
  figure: { name: 'credits', monthToDate: 'month_to_date_credits', sumOfDaily: 'sum_of_daily_credits' },
  tolerance: 0.001,
};

export const IMGIX_DATASETS: readonly Dataset[] = [
  dataset('cdn_logs', {
    accumulation: 'daily',
    strategy: 'partition',
    identity: FILE_ROW,
    columns: [
      column('timestamp', 'timestamptz', ['time', 'date', 'request_time']),
      column('source_id', 'text', ['source']),
      column('domain', 'text', ['host', 'hostname', 'subdomain']),
      column('url', 'text', ['path', 'image', 'image_url', 'uri', 'request_url']),
      column('status_code', 'integer', ['status', 'http_status']),
      column('cache_status', 'text', ['cache', 'hit_miss', 'cache_hit']),
      column('cache_hits', 'bigint', ['hits']),
      column('cache_misses', 'bigint', ['misses']),
      column('requests', 'bigint', ['count']),
      column('bytes', 'bigint', ['bandwidth', 'response_bytes']),
      column('referers', 'text', ['referer', 'referrer', 'referrers']),
      column('user_agent', 'text', ['useragent']),
    ],
  }),
  dataset('credit_analytics_daily', {
    accumulation: 'daily',
    strategy: 'upsert',
    identity: ['source_id'],
    columns: CREDIT_COLUMNS,
    monthSum: CREDITS_OF_MONTH,
  }),
  dataset('credit_analytics_mtd', {
    accumulation: 'month_to_date',
    strategy: 'upsert',
    identity: ['source_id'],
    columns: CREDIT_COLUMNS,
    monthSum: CREDITS_OF_MONTH,
  }),
  dataset('image_analytics', {
    accumulation: 'month_to_date',
    strategy: 'partition',
    identity: FILE_ROW,
    columns: [
      ...SOURCE_COLUMNS,
      requiredColumn('origin_image_url', 'text', ORIGIN_IMAGE_ALIASES),
      column('requests', 'bigint', ['total_requests']),
      column('bandwidth', 'bigint', ['total_bandwidth']),
      column('errors', 'bigint', ['total_errors']),
      column('mild_errors', 'bigint', ['errors_mild']),
      column('severe_errors', 'bigint', ['errors_severe']),
    ],
  }),
  dataset('mild_errors', {
    accumulation: 'daily',
    strategy: 'replace',
    identity: FILE_ROW,
    columns: [
      ...SOURCE_COLUMNS,
      requiredColumn('origin_image_url', 'text', ORIGIN_IMAGE_ALIASES),
      column('status_code', 'integer', ['status', 'http_status', 'code']),
      column('errors', 'bigint', ['count', 'mild_errors', 'requests']),
      column('timestamp', 'timestamptz', ['time', 'date']),
    ],
  }),
  dataset('source_analytics', {
    accumulation: 'month_to_date',
    strategy: 'replace',
    identity: FILE_ROW,
    columns: [
      requiredColumn('source_id', 'text', ['source', 'id']),
      column('source_name', 'text', ['name']),
      column('timestamp', 'date', ['date']),
      column('origin_images', 'bigint', ['images', 'total_origin_images', 'master_images']),
      column('requests', 'bigint', ['total_requests', 'cdn_requests']),
      column('renders', 'bigint', ['render_requests']),
      column('bandwidth', 'bigint', ['total_bandwidth']),
      column('cdn_bandwidth', 'bigint'),
      column('render_bandwidth', 'bigint'),
      column('fetch_bandwidth', 'bigint'),
      column('avg_response_time', 'numeric', ['average_response_time', 'response_time']),
      column('errors', 'bigint'),
      column('mild_errors', 'bigint', ['errors_mild']),
      column('severe_errors', 'bigint', ['errors_severe']),
    ],
  }),
];
