/** A question an analyst would ask of the demo's warehouse, and the SQL that answers it. */
export interface DemoQuestion {
  readonly title: string;
  readonly sql: string;
}

const ACCOUNT = "account = 'demo'";

/** Cumulative reports are read at their newest day, never summed over days. */
export const DEMO_QUESTIONS: readonly DemoQuestion[] = [
  {
    title: 'Rows in every table',
    sql: [
      'imgix.cdn_logs',
      'imgix.image_analytics',
      'imgix.source_analytics',
      'imgix.mild_errors',
      'imgix.credit_analytics_daily',
      'imgix.credit_analytics_mtd',
      'akamai.endpoint_usage_by_time',
      'akamai.api_usage_details',
      'akamai.report_summaries',
    ]
      .map(
        (table) => `SELECT '${table}' AS "table", count(*)::integer AS rows FROM ${table} WHERE ${ACCOUNT}`,
      )
      .join('\nUNION ALL '),
  },
  {
    title: 'Credits this month by source (month-to-date report, newest day)',
    sql: `SELECT coalesce(source_name, '(deleted) ' || source_id) AS source, total_credits, delivery_bandwidth_credits,
       standard_renders_credits
FROM imgix.credit_analytics_mtd
WHERE ${ACCOUNT} AND period_start = (SELECT max(period_start) FROM imgix.credit_analytics_mtd WHERE ${ACCOUNT})
ORDER BY total_credits DESC`,
  },
  {
    title: 'CDN requests, cache hits and volume of the last seven days',
    sql: `SELECT period_start::date AS day, count(*) AS requests,
       round(100.0 * count(*) FILTER (WHERE cache_status = 'HIT') / count(*), 1) AS hit_percent,
       round(sum(bytes) / 1e6, 1) AS megabytes, count(*) FILTER (WHERE status_code >= 400) AS errors
FROM imgix.cdn_logs
WHERE ${ACCOUNT} AND period_start >= (SELECT max(period_start) FROM imgix.cdn_logs WHERE ${ACCOUNT}) - interval '6 days'
GROUP BY day ORDER BY day`,
  },
  {
    title: 'Origin images with the most bandwidth this month',
    sql: `SELECT origin_image_url, requests, round(bandwidth / 1e6, 1) AS megabytes, errors
FROM imgix.image_analytics
WHERE ${ACCOUNT} AND period_start = (SELECT max(period_start) FROM imgix.image_analytics WHERE ${ACCOUNT})
ORDER BY bandwidth DESC LIMIT 5`,
  },
  {
    title: 'API traffic by hour of the newest day (from five-minute intervals)',
    sql: `SELECT date_trunc('hour', period_start, 'UTC') AS hour, sum(edge_hits) AS hits,
       round(sum(edge_bytes) / 1e6, 1) AS megabytes, count(*) AS intervals
FROM akamai.endpoint_usage_by_time
WHERE ${ACCOUNT} AND period_start >= (SELECT date_trunc('day', max(period_start), 'UTC')
                               FROM akamai.endpoint_usage_by_time WHERE ${ACCOUNT})
GROUP BY hour ORDER BY hits DESC LIMIT 6`,
  },
  {
    title: 'API clients and their errors over all days',
    sql: `SELECT client_owner, count(*) AS calls,
       round(100.0 * count(*) FILTER (WHERE response_code ~ '^[45]') / count(*), 1) AS error_percent
FROM akamai.api_usage_details
WHERE ${ACCOUNT} AND client_owner IS NOT NULL
GROUP BY client_owner ORDER BY calls DESC LIMIT 5`,
  },
  {
    title: 'How far each dataset is complete',
    sql: `SELECT dataset, complete_through, gaps FROM ledger.freshness WHERE ${ACCOUNT} ORDER BY dataset`,
  },
];
