import { CDN_LOG_COLUMNS } from '../data/cdn-log.ts';
import { CREDIT_COLUMNS } from '../data/credits.ts';

/** The six report types of the vendor's Reports page, in its order. */
export const REPORT_TYPES = [
  'cdn_logs',
  'credit_analytics_daily',
  'credit_analytics_mtd',
  'image_analytics',
  'mild_errors',
  'source_analytics',
] as const;

export type ReportType = (typeof REPORT_TYPES)[number];

const CREDIT_REPORT_COLUMNS = ['timestamp', 'source_id', 'source_name', ...CREDIT_COLUMNS] as const;

/**
 * Header lines. Those of the credit reports are documented (Reports page, "Columns"), of cdn_logs only
 * `referers` and `user_agent`; everything else is an assumption: there is no public
 * data dictionary.
 */
export const REPORT_COLUMNS: Readonly<Record<ReportType, readonly string[]>> = {
  cdn_logs: CDN_LOG_COLUMNS,
  credit_analytics_daily: CREDIT_REPORT_COLUMNS,
  credit_analytics_mtd: CREDIT_REPORT_COLUMNS,
  image_analytics: [
    'source_id',
    'source_name',
    'origin_image_url',
    'requests',
    'bandwidth',
    'errors',
    'mild_errors',
    'severe_errors',
  ],
  mild_errors: ['source_id', 'source_name', 'origin_image_url', 'status_code', 'errors', 'timestamp'],
  source_analytics: [
    'source_id',
    'source_name',
    'timestamp',
    'origin_images',
    'requests',
    'renders',
    'bandwidth',
    'cdn_bandwidth',
    'render_bandwidth',
    'fetch_bandwidth',
    'avg_response_time',
    'errors',
    'mild_errors',
    'severe_errors',
  ],
};

export function isReportType(text: string): text is ReportType {
  return (REPORT_TYPES as readonly string[]).includes(text);
}
