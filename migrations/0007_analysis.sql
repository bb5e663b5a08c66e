-- What analysts ask. Most imgix reports are totals since the first of the month, of which a sum makes no sense: these
-- views give what each day added. They read which reports are loaded from the ledger, so a day whose report is missing is
-- seen, and they look at the rows of two reports only for each day that is asked for.

CREATE TABLE ledger.datasets (
  account text NOT NULL,
  dataset text NOT NULL,
  accumulation text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT datasets_account_dataset_pkey PRIMARY KEY (account, dataset),
  CONSTRAINT datasets_accumulation_check CHECK (accumulation IN ('daily', 'month_to_date', 'interval', 'window'))
);

COMMENT ON TABLE ledger.datasets IS 'How the figures of an account''s datasets add up, as configured when they were loaded last.';
COMMENT ON COLUMN ledger.datasets.account IS 'Account name of the source.';
COMMENT ON COLUMN ledger.datasets.dataset IS 'Dataset, for example imgix.image_analytics.';
COMMENT ON COLUMN ledger.datasets.accumulation IS
  'daily: a report covers its day alone. month_to_date: totals since the first of the month. interval: each row has its own interval. window: one value for the whole period.';
COMMENT ON COLUMN ledger.datasets.updated_at IS 'Since when it is so.';

INSERT INTO ledger.datasets (account, dataset, accumulation)
SELECT DISTINCT account, dataset, CASE
  WHEN dataset IN ('imgix.image_analytics', 'imgix.source_analytics', 'imgix.credit_analytics_mtd') THEN 'month_to_date'
  WHEN dataset LIKE 'akamai.%' THEN 'interval'
  ELSE 'daily' END
FROM ledger.units;

CREATE VIEW ledger.report_steps AS
SELECT
  account, dataset, report_key, period_start, day, month, accumulation,
  day = month AS is_first_of_month,
  is_latest_of_month,
  CASE WHEN accumulation = 'month_to_date' THEN previous_report_key END AS previous_report_key,
  CASE WHEN accumulation = 'month_to_date' THEN day - coalesce(previous_day, month - 1) ELSE 1 END AS days_covered
FROM (
  SELECT
    *,
    lag(report_key) OVER earlier AS previous_report_key,
    lag(day) OVER earlier AS previous_day,
    lead(day) OVER earlier IS NULL AS is_latest_of_month
  FROM (
    SELECT
      units.account, units.dataset, units.report_key, units.period_start, datasets.accumulation,
      (units.period_start AT TIME ZONE 'UTC')::date AS day,
      date_trunc('month', units.period_start AT TIME ZONE 'UTC')::date AS month
    FROM ledger.units
    JOIN ledger.datasets USING (account, dataset)
    WHERE units.state IN ('loaded', 'held') AND datasets.accumulation IN ('daily', 'month_to_date')
  ) AS reports
  WINDOW earlier AS (PARTITION BY account, dataset, month ORDER BY day, report_key)
) AS ordered;

COMMENT ON VIEW ledger.report_steps IS 'Loaded daily and month-to-date reports, each with the one before it in its month: what a month-to-date report adds is its difference to that.';
COMMENT ON COLUMN ledger.report_steps.account IS 'Account name of the source.';
COMMENT ON COLUMN ledger.report_steps.dataset IS 'Dataset, for example imgix.source_analytics.';
COMMENT ON COLUMN ledger.report_steps.report_key IS 'The report.';
COMMENT ON COLUMN ledger.report_steps.period_start IS 'Midnight UTC of the day it covers, or covers up to.';
COMMENT ON COLUMN ledger.report_steps.day IS 'That UTC day.';
COMMENT ON COLUMN ledger.report_steps.month IS 'First day of its month.';
COMMENT ON COLUMN ledger.report_steps.accumulation IS 'daily or month_to_date.';
COMMENT ON COLUMN ledger.report_steps.is_first_of_month IS 'It is of the first of the month, where month-to-date figures begin anew.';
COMMENT ON COLUMN ledger.report_steps.is_latest_of_month IS 'No later report of the month is loaded.';
COMMENT ON COLUMN ledger.report_steps.previous_report_key IS 'The report to subtract; NULL for daily reports and for the first one of a month that is loaded.';
COMMENT ON COLUMN ledger.report_steps.days_covered IS 'Days that the difference spans: 1, or more when reports before it are missing.';

CREATE VIEW imgix.source_analytics_daily AS
SELECT
  step.account,
  step.day,
  delta.source_id,
  delta.source_name,
  step.days_covered,
  step.is_first_of_month,
  delta.origin_images AS new_origin_images,
  delta.requests,
  delta.renders,
  delta.bandwidth,
  delta.cdn_bandwidth,
  delta.render_bandwidth,
  delta.fetch_bandwidth,
  delta.errors,
  delta.mild_errors,
  delta.severe_errors,
  delta.avg_response_time AS avg_response_time_mtd,
  coalesce(least(delta.origin_images, delta.requests, delta.renders, delta.bandwidth, delta.cdn_bandwidth, delta.render_bandwidth, delta.fetch_bandwidth, delta.errors, delta.mild_errors, delta.severe_errors) < 0, false) AS has_negative,
  delta.has_vanished
FROM ledger.report_steps AS step
CROSS JOIN LATERAL (
  SELECT
    coalesce(this.source_id, prior.source_id) AS source_id,
    coalesce(this.source_name, prior.source_name) AS source_name,
    this.rows IS NULL AS has_vanished,
    CASE WHEN this.rows IS NULL THEN -prior.origin_images WHEN prior.rows IS NULL THEN this.origin_images ELSE this.origin_images - prior.origin_images END AS origin_images,
    CASE WHEN this.rows IS NULL THEN -prior.requests WHEN prior.rows IS NULL THEN this.requests ELSE this.requests - prior.requests END AS requests,
    CASE WHEN this.rows IS NULL THEN -prior.renders WHEN prior.rows IS NULL THEN this.renders ELSE this.renders - prior.renders END AS renders,
    CASE WHEN this.rows IS NULL THEN -prior.bandwidth WHEN prior.rows IS NULL THEN this.bandwidth ELSE this.bandwidth - prior.bandwidth END AS bandwidth,
    CASE WHEN this.rows IS NULL THEN -prior.cdn_bandwidth WHEN prior.rows IS NULL THEN this.cdn_bandwidth ELSE this.cdn_bandwidth - prior.cdn_bandwidth END AS cdn_bandwidth,
    CASE WHEN this.rows IS NULL THEN -prior.render_bandwidth WHEN prior.rows IS NULL THEN this.render_bandwidth ELSE this.render_bandwidth - prior.render_bandwidth END AS render_bandwidth,
    CASE WHEN this.rows IS NULL THEN -prior.fetch_bandwidth WHEN prior.rows IS NULL THEN this.fetch_bandwidth ELSE this.fetch_bandwidth - prior.fetch_bandwidth END AS fetch_bandwidth,
    CASE WHEN this.rows IS NULL THEN -prior.errors WHEN prior.rows IS NULL THEN this.errors ELSE this.errors - prior.errors END AS errors,
    CASE WHEN this.rows IS NULL THEN -prior.mild_errors WHEN prior.rows IS NULL THEN this.mild_errors ELSE this.mild_errors - prior.mild_errors END AS mild_errors,
    CASE WHEN this.rows IS NULL THEN -prior.severe_errors WHEN prior.rows IS NULL THEN this.severe_errors ELSE this.severe_errors - prior.severe_errors END AS severe_errors,
    this.avg_response_time
  FROM (
    SELECT source_id, max(source_name) AS source_name, count(*) AS rows, sum(origin_images)::bigint AS origin_images, sum(requests)::bigint AS requests, sum(renders)::bigint AS renders, sum(bandwidth)::bigint AS bandwidth, sum(cdn_bandwidth)::bigint AS cdn_bandwidth, sum(render_bandwidth)::bigint AS render_bandwidth, sum(fetch_bandwidth)::bigint AS fetch_bandwidth, sum(errors)::bigint AS errors, sum(mild_errors)::bigint AS mild_errors, sum(severe_errors)::bigint AS severe_errors, max(avg_response_time) AS avg_response_time
    FROM imgix.source_analytics WHERE account = step.account AND report_key = step.report_key
    GROUP BY source_id
  ) AS this
  FULL JOIN (
    SELECT source_id, max(source_name) AS source_name, count(*) AS rows, sum(origin_images)::bigint AS origin_images, sum(requests)::bigint AS requests, sum(renders)::bigint AS renders, sum(bandwidth)::bigint AS bandwidth, sum(cdn_bandwidth)::bigint AS cdn_bandwidth, sum(render_bandwidth)::bigint AS render_bandwidth, sum(fetch_bandwidth)::bigint AS fetch_bandwidth, sum(errors)::bigint AS errors, sum(mild_errors)::bigint AS mild_errors, sum(severe_errors)::bigint AS severe_errors, max(avg_response_time) AS avg_response_time
    FROM imgix.source_analytics WHERE account = step.account AND report_key = step.previous_report_key
    GROUP BY source_id
  ) AS prior ON coalesce(this.source_id::text, '') = coalesce(prior.source_id::text, '')
) AS delta
WHERE step.dataset = 'imgix.source_analytics';

COMMENT ON VIEW imgix.source_analytics_daily IS 'What each day added to the month-to-date figures of a Source. The vendor''s column names are assumptions.';
COMMENT ON COLUMN imgix.source_analytics_daily.account IS 'Account name of the source.';
COMMENT ON COLUMN imgix.source_analytics_daily.day IS 'UTC day.';
COMMENT ON COLUMN imgix.source_analytics_daily.source_id IS 'imgix Source id.';
COMMENT ON COLUMN imgix.source_analytics_daily.source_name IS 'Name of the Source in that report.';
COMMENT ON COLUMN imgix.source_analytics_daily.days_covered IS 'Days that the figures span: 1, or more when the reports of the days before are missing.';
COMMENT ON COLUMN imgix.source_analytics_daily.is_first_of_month IS 'Of the first of the month, where the vendor''s totals begin anew.';
COMMENT ON COLUMN imgix.source_analytics_daily.new_origin_images IS 'Origin images asked for the first time in the month. Not how many were asked for that day.';
COMMENT ON COLUMN imgix.source_analytics_daily.requests IS 'Requests.';
COMMENT ON COLUMN imgix.source_analytics_daily.renders IS 'Images rendered.';
COMMENT ON COLUMN imgix.source_analytics_daily.bandwidth IS 'Bytes sent: render and CDN bandwidth.';
COMMENT ON COLUMN imgix.source_analytics_daily.cdn_bandwidth IS 'Bytes from the CDN to clients.';
COMMENT ON COLUMN imgix.source_analytics_daily.render_bandwidth IS 'Bytes from the renderer to the CDN.';
COMMENT ON COLUMN imgix.source_analytics_daily.fetch_bandwidth IS 'Bytes from the origin to imgix; not charged.';
COMMENT ON COLUMN imgix.source_analytics_daily.errors IS 'Requests that ended in an error.';
COMMENT ON COLUMN imgix.source_analytics_daily.mild_errors IS 'Requests that ended in a 4xx error.';
COMMENT ON COLUMN imgix.source_analytics_daily.severe_errors IS 'Requests that ended in a 5xx error.';
COMMENT ON COLUMN imgix.source_analytics_daily.avg_response_time_mtd IS 'Average response time since the first of the month. An average cannot be differenced, so there is none of the day.';
COMMENT ON COLUMN imgix.source_analytics_daily.has_negative IS 'A figure is below zero: the vendor corrected or deleted something. It is shown as it is.';
COMMENT ON COLUMN imgix.source_analytics_daily.has_vanished IS 'The report no longer has it, the one before had.';

CREATE VIEW imgix.image_analytics_daily AS
SELECT
  step.account,
  step.day,
  delta.source_id,
  delta.origin_image_url,
  delta.source_name,
  step.days_covered,
  step.is_first_of_month,
  delta.requests,
  delta.bandwidth,
  delta.errors,
  delta.mild_errors,
  delta.severe_errors,
  coalesce(least(delta.requests, delta.bandwidth, delta.errors, delta.mild_errors, delta.severe_errors) < 0, false) AS has_negative,
  delta.has_vanished
FROM ledger.report_steps AS step
CROSS JOIN LATERAL (
  SELECT
    coalesce(this.source_id, prior.source_id) AS source_id,
    coalesce(this.origin_image_url, prior.origin_image_url) AS origin_image_url,
    coalesce(this.source_name, prior.source_name) AS source_name,
    this.rows IS NULL AS has_vanished,
    CASE WHEN this.rows IS NULL THEN -prior.requests WHEN prior.rows IS NULL THEN this.requests ELSE this.requests - prior.requests END AS requests,
    CASE WHEN this.rows IS NULL THEN -prior.bandwidth WHEN prior.rows IS NULL THEN this.bandwidth ELSE this.bandwidth - prior.bandwidth END AS bandwidth,
    CASE WHEN this.rows IS NULL THEN -prior.errors WHEN prior.rows IS NULL THEN this.errors ELSE this.errors - prior.errors END AS errors,
    CASE WHEN this.rows IS NULL THEN -prior.mild_errors WHEN prior.rows IS NULL THEN this.mild_errors ELSE this.mild_errors - prior.mild_errors END AS mild_errors,
    CASE WHEN this.rows IS NULL THEN -prior.severe_errors WHEN prior.rows IS NULL THEN this.severe_errors ELSE this.severe_errors - prior.severe_errors END AS severe_errors
  FROM (
    SELECT source_id, origin_image_url, max(source_name) AS source_name, count(*) AS rows, sum(requests)::bigint AS requests, sum(bandwidth)::bigint AS bandwidth, sum(errors)::bigint AS errors, sum(mild_errors)::bigint AS mild_errors, sum(severe_errors)::bigint AS severe_errors
    FROM imgix.image_analytics WHERE account = step.account AND report_key = step.report_key
    GROUP BY source_id, origin_image_url
  ) AS this
  FULL JOIN (
    SELECT source_id, origin_image_url, max(source_name) AS source_name, count(*) AS rows, sum(requests)::bigint AS requests, sum(bandwidth)::bigint AS bandwidth, sum(errors)::bigint AS errors, sum(mild_errors)::bigint AS mild_errors, sum(severe_errors)::bigint AS severe_errors
    FROM imgix.image_analytics WHERE account = step.account AND report_key = step.previous_report_key
    GROUP BY source_id, origin_image_url
  ) AS prior ON coalesce(this.source_id::text, '') = coalesce(prior.source_id::text, '') AND coalesce(this.origin_image_url::text, '') = coalesce(prior.origin_image_url::text, '')
) AS delta
WHERE step.dataset = 'imgix.image_analytics';

COMMENT ON VIEW imgix.image_analytics_daily IS 'What each day added to the figures of an origin image. Where image_analytics is configured as daily: the figures as they are. The vendor''s column names are assumptions.';
COMMENT ON COLUMN imgix.image_analytics_daily.account IS 'Account name of the source.';
COMMENT ON COLUMN imgix.image_analytics_daily.day IS 'UTC day.';
COMMENT ON COLUMN imgix.image_analytics_daily.source_id IS 'imgix Source id.';
COMMENT ON COLUMN imgix.image_analytics_daily.origin_image_url IS 'URL of the origin image.';
COMMENT ON COLUMN imgix.image_analytics_daily.source_name IS 'Name of the Source in that report.';
COMMENT ON COLUMN imgix.image_analytics_daily.days_covered IS 'Days that the figures span: 1, or more when the reports of the days before are missing.';
COMMENT ON COLUMN imgix.image_analytics_daily.is_first_of_month IS 'Of the first of the month, where the vendor''s totals begin anew.';
COMMENT ON COLUMN imgix.image_analytics_daily.requests IS 'Requests for the image.';
COMMENT ON COLUMN imgix.image_analytics_daily.bandwidth IS 'Bytes sent.';
COMMENT ON COLUMN imgix.image_analytics_daily.errors IS 'Requests that ended in an error.';
COMMENT ON COLUMN imgix.image_analytics_daily.mild_errors IS 'Requests that ended in a 4xx error.';
COMMENT ON COLUMN imgix.image_analytics_daily.severe_errors IS 'Requests that ended in a 5xx error.';
COMMENT ON COLUMN imgix.image_analytics_daily.has_negative IS 'A figure is below zero: the vendor corrected or deleted something. It is shown as it is.';
COMMENT ON COLUMN imgix.image_analytics_daily.has_vanished IS 'The report no longer has it, the one before had.';

CREATE VIEW imgix.credit_analytics_daily_from_mtd AS
SELECT
  step.account,
  step.day,
  delta.source_id,
  delta.source_name,
  step.days_covered,
  step.is_first_of_month,
  delta.total_credits,
  delta.standard_renders_credits,
  delta.advanced_renders_credits,
  delta.premium_renders_credits,
  delta.storage_credits,
  delta.delivery_bandwidth_credits,
  delta.cache_reads_credits,
  delta.premium_video_encoding_seconds_credits,
  delta.video_smartcropping_seconds_credits,
  delta.video_preview_seconds_credits,
  delta.video_ai_interpolation_seconds_credits,
  delta.video_vmaf_encoded_seconds_credits,
  delta.video_render_cache_credits,
  delta.specialized_transformations_credits,
  coalesce(least(delta.total_credits, delta.standard_renders_credits, delta.advanced_renders_credits, delta.premium_renders_credits, delta.storage_credits, delta.delivery_bandwidth_credits, delta.cache_reads_credits, delta.premium_video_encoding_seconds_credits, delta.video_smartcropping_seconds_credits, delta.video_preview_seconds_credits, delta.video_ai_interpolation_seconds_credits, delta.video_vmaf_encoded_seconds_credits, delta.video_render_cache_credits, delta.specialized_transformations_credits) < 0, false) AS has_negative,
  delta.has_vanished
FROM ledger.report_steps AS step
CROSS JOIN LATERAL (
  SELECT
    coalesce(this.source_id, prior.source_id) AS source_id,
    coalesce(this.source_name, prior.source_name) AS source_name,
    this.rows IS NULL AS has_vanished,
    CASE WHEN this.rows IS NULL THEN -prior.total_credits WHEN prior.rows IS NULL THEN this.total_credits ELSE this.total_credits - prior.total_credits END AS total_credits,
    CASE WHEN this.rows IS NULL THEN -prior.standard_renders_credits WHEN prior.rows IS NULL THEN this.standard_renders_credits ELSE this.standard_renders_credits - prior.standard_renders_credits END AS standard_renders_credits,
    CASE WHEN this.rows IS NULL THEN -prior.advanced_renders_credits WHEN prior.rows IS NULL THEN this.advanced_renders_credits ELSE this.advanced_renders_credits - prior.advanced_renders_credits END AS advanced_renders_credits,
    CASE WHEN this.rows IS NULL THEN -prior.premium_renders_credits WHEN prior.rows IS NULL THEN this.premium_renders_credits ELSE this.premium_renders_credits - prior.premium_renders_credits END AS premium_renders_credits,
    CASE WHEN this.rows IS NULL THEN -prior.storage_credits WHEN prior.rows IS NULL THEN this.storage_credits ELSE this.storage_credits - prior.storage_credits END AS storage_credits,
    CASE WHEN this.rows IS NULL THEN -prior.delivery_bandwidth_credits WHEN prior.rows IS NULL THEN this.delivery_bandwidth_credits ELSE this.delivery_bandwidth_credits - prior.delivery_bandwidth_credits END AS delivery_bandwidth_credits,
    CASE WHEN this.rows IS NULL THEN -prior.cache_reads_credits WHEN prior.rows IS NULL THEN this.cache_reads_credits ELSE this.cache_reads_credits - prior.cache_reads_credits END AS cache_reads_credits,
    CASE WHEN this.rows IS NULL THEN -prior.premium_video_encoding_seconds_credits WHEN prior.rows IS NULL THEN this.premium_video_encoding_seconds_credits ELSE this.premium_video_encoding_seconds_credits - prior.premium_video_encoding_seconds_credits END AS premium_video_encoding_seconds_credits,
    CASE WHEN this.rows IS NULL THEN -prior.video_smartcropping_seconds_credits WHEN prior.rows IS NULL THEN this.video_smartcropping_seconds_credits ELSE this.video_smartcropping_seconds_credits - prior.video_smartcropping_seconds_credits END AS video_smartcropping_seconds_credits,
    CASE WHEN this.rows IS NULL THEN -prior.video_preview_seconds_credits WHEN prior.rows IS NULL THEN this.video_preview_seconds_credits ELSE this.video_preview_seconds_credits - prior.video_preview_seconds_credits END AS video_preview_seconds_credits,
    CASE WHEN this.rows IS NULL THEN -prior.video_ai_interpolation_seconds_credits WHEN prior.rows IS NULL THEN this.video_ai_interpolation_seconds_credits ELSE this.video_ai_interpolation_seconds_credits - prior.video_ai_interpolation_seconds_credits END AS video_ai_interpolation_seconds_credits,
    CASE WHEN this.rows IS NULL THEN -prior.video_vmaf_encoded_seconds_credits WHEN prior.rows IS NULL THEN this.video_vmaf_encoded_seconds_credits ELSE this.video_vmaf_encoded_seconds_credits - prior.video_vmaf_encoded_seconds_credits END AS video_vmaf_encoded_seconds_credits,
    CASE WHEN this.rows IS NULL THEN -prior.video_render_cache_credits WHEN prior.rows IS NULL THEN this.video_render_cache_credits ELSE this.video_render_cache_credits - prior.video_render_cache_credits END AS video_render_cache_credits,
    CASE WHEN this.rows IS NULL THEN -prior.specialized_transformations_credits WHEN prior.rows IS NULL THEN this.specialized_transformations_credits ELSE this.specialized_transformations_credits - prior.specialized_transformations_credits END AS specialized_transformations_credits
  FROM (
    SELECT source_id, max(source_name) AS source_name, count(*) AS rows, sum(total_credits) AS total_credits, sum(standard_renders_credits) AS standard_renders_credits, sum(advanced_renders_credits) AS advanced_renders_credits, sum(premium_renders_credits) AS premium_renders_credits, sum(storage_credits) AS storage_credits, sum(delivery_bandwidth_credits) AS delivery_bandwidth_credits, sum(cache_reads_credits) AS cache_reads_credits, sum(premium_video_encoding_seconds_credits) AS premium_video_encoding_seconds_credits, sum(video_smartcropping_seconds_credits) AS video_smartcropping_seconds_credits, sum(video_preview_seconds_credits) AS video_preview_seconds_credits, sum(video_ai_interpolation_seconds_credits) AS video_ai_interpolation_seconds_credits, sum(video_vmaf_encoded_seconds_credits) AS video_vmaf_encoded_seconds_credits, sum(video_render_cache_credits) AS video_render_cache_credits, sum(specialized_transformations_credits) AS specialized_transformations_credits
    FROM imgix.credit_analytics_mtd WHERE account = step.account AND report_key = step.report_key
    GROUP BY source_id
  ) AS this
  FULL JOIN (
    SELECT source_id, max(source_name) AS source_name, count(*) AS rows, sum(total_credits) AS total_credits, sum(standard_renders_credits) AS standard_renders_credits, sum(advanced_renders_credits) AS advanced_renders_credits, sum(premium_renders_credits) AS premium_renders_credits, sum(storage_credits) AS storage_credits, sum(delivery_bandwidth_credits) AS delivery_bandwidth_credits, sum(cache_reads_credits) AS cache_reads_credits, sum(premium_video_encoding_seconds_credits) AS premium_video_encoding_seconds_credits, sum(video_smartcropping_seconds_credits) AS video_smartcropping_seconds_credits, sum(video_preview_seconds_credits) AS video_preview_seconds_credits, sum(video_ai_interpolation_seconds_credits) AS video_ai_interpolation_seconds_credits, sum(video_vmaf_encoded_seconds_credits) AS video_vmaf_encoded_seconds_credits, sum(video_render_cache_credits) AS video_render_cache_credits, sum(specialized_transformations_credits) AS specialized_transformations_credits
    FROM imgix.credit_analytics_mtd WHERE account = step.account AND report_key = step.previous_report_key
    GROUP BY source_id
  ) AS prior ON coalesce(this.source_id::text, '') = coalesce(prior.source_id::text, '')
) AS delta
WHERE step.dataset = 'imgix.credit_analytics_mtd';

COMMENT ON VIEW imgix.credit_analytics_daily_from_mtd IS 'What each day added to the month-to-date credits of a Source; imgix.credits_daily has what the vendor says of the day itself.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.account IS 'Account name of the source.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.day IS 'UTC day.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.source_id IS 'imgix Source id.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.source_name IS 'Name of the Source in that report.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.days_covered IS 'Days that the figures span: 1, or more when the reports of the days before are missing.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.is_first_of_month IS 'Of the first of the month, where the vendor''s totals begin anew.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.total_credits IS 'Credits used in total.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.standard_renders_credits IS 'Credits used for standard renders.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.advanced_renders_credits IS 'Credits used for advanced renders.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.premium_renders_credits IS 'Credits used for premium renders.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.storage_credits IS 'Credits used for storage.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.delivery_bandwidth_credits IS 'Credits used for delivery bandwidth.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.cache_reads_credits IS 'Credits used for cache reads.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.premium_video_encoding_seconds_credits IS 'Credits used for premium video encoding seconds.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.video_smartcropping_seconds_credits IS 'Credits used for video smartcropping seconds.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.video_preview_seconds_credits IS 'Credits used for video preview seconds.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.video_ai_interpolation_seconds_credits IS 'Credits used for video AI interpolation seconds.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.video_vmaf_encoded_seconds_credits IS 'Credits used for video VMAF encoded seconds.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.video_render_cache_credits IS 'Credits used for video render cache.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.specialized_transformations_credits IS 'Credits used for specialized transformations.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.has_negative IS 'A figure is below zero: the vendor corrected or deleted something. It is shown as it is.';
COMMENT ON COLUMN imgix.credit_analytics_daily_from_mtd.has_vanished IS 'The report no longer has it, the one before had.';

CREATE VIEW imgix.errors_by_image AS
SELECT
  step.account,
  step.day,
  delta.source_id,
  delta.origin_image_url,
  delta.status_code,
  delta.source_name,
  step.days_covered,
  step.is_first_of_month,
  delta.errors,
  coalesce(least(delta.errors) < 0, false) AS has_negative,
  delta.has_vanished
FROM ledger.report_steps AS step
CROSS JOIN LATERAL (
  SELECT
    coalesce(this.source_id, prior.source_id) AS source_id,
    coalesce(this.origin_image_url, prior.origin_image_url) AS origin_image_url,
    coalesce(this.status_code, prior.status_code) AS status_code,
    coalesce(this.source_name, prior.source_name) AS source_name,
    this.rows IS NULL AS has_vanished,
    CASE WHEN this.rows IS NULL THEN -prior.errors WHEN prior.rows IS NULL THEN this.errors ELSE this.errors - prior.errors END AS errors
  FROM (
    SELECT source_id, origin_image_url, status_code, max(source_name) AS source_name, count(*) AS rows, sum(errors)::bigint AS errors
    FROM imgix.mild_errors WHERE account = step.account AND report_key = step.report_key
    GROUP BY source_id, origin_image_url, status_code
  ) AS this
  FULL JOIN (
    SELECT source_id, origin_image_url, status_code, max(source_name) AS source_name, count(*) AS rows, sum(errors)::bigint AS errors
    FROM imgix.mild_errors WHERE account = step.account AND report_key = step.previous_report_key
    GROUP BY source_id, origin_image_url, status_code
  ) AS prior ON coalesce(this.source_id::text, '') = coalesce(prior.source_id::text, '') AND coalesce(this.origin_image_url::text, '') = coalesce(prior.origin_image_url::text, '') AND coalesce(this.status_code::text, '') = coalesce(prior.status_code::text, '')
) AS delta
WHERE step.dataset = 'imgix.mild_errors';

COMMENT ON VIEW imgix.errors_by_image IS '4xx errors of each image, day and status. Only images that were once fetched successfully appear. The vendor does not say whether mild_errors is daily; it follows the configured accumulation.';
COMMENT ON COLUMN imgix.errors_by_image.account IS 'Account name of the source.';
COMMENT ON COLUMN imgix.errors_by_image.day IS 'UTC day.';
COMMENT ON COLUMN imgix.errors_by_image.source_id IS 'imgix Source id.';
COMMENT ON COLUMN imgix.errors_by_image.origin_image_url IS 'URL of the origin image.';
COMMENT ON COLUMN imgix.errors_by_image.status_code IS 'HTTP status, 400 to 499.';
COMMENT ON COLUMN imgix.errors_by_image.source_name IS 'Name of the Source in that report.';
COMMENT ON COLUMN imgix.errors_by_image.days_covered IS 'Days that the figures span: 1, or more when the reports of the days before are missing.';
COMMENT ON COLUMN imgix.errors_by_image.is_first_of_month IS 'Of the first of the month, where the vendor''s totals begin anew.';
COMMENT ON COLUMN imgix.errors_by_image.errors IS 'How often.';
COMMENT ON COLUMN imgix.errors_by_image.has_negative IS 'A figure is below zero: the vendor corrected or deleted something. It is shown as it is.';
COMMENT ON COLUMN imgix.errors_by_image.has_vanished IS 'The report no longer has it, the one before had.';

CREATE VIEW imgix.credits_daily AS
SELECT
  account,
  (period_start AT TIME ZONE 'UTC')::date AS day,
  source_id,
  source_name,
  total_credits,
  coalesce(standard_renders_credits, 0) + coalesce(advanced_renders_credits, 0) + coalesce(premium_renders_credits, 0) + coalesce(storage_credits, 0) + coalesce(delivery_bandwidth_credits, 0) + coalesce(cache_reads_credits, 0) + coalesce(premium_video_encoding_seconds_credits, 0) + coalesce(video_smartcropping_seconds_credits, 0) + coalesce(video_preview_seconds_credits, 0) + coalesce(video_ai_interpolation_seconds_credits, 0) + coalesce(video_vmaf_encoded_seconds_credits, 0) + coalesce(video_render_cache_credits, 0) + coalesce(specialized_transformations_credits, 0)
    AS listed_credits,
  total_credits - (coalesce(standard_renders_credits, 0) + coalesce(advanced_renders_credits, 0) + coalesce(premium_renders_credits, 0) + coalesce(storage_credits, 0) + coalesce(delivery_bandwidth_credits, 0) + coalesce(cache_reads_credits, 0) + coalesce(premium_video_encoding_seconds_credits, 0) + coalesce(video_smartcropping_seconds_credits, 0) + coalesce(video_preview_seconds_credits, 0) + coalesce(video_ai_interpolation_seconds_credits, 0) + coalesce(video_vmaf_encoded_seconds_credits, 0) + coalesce(video_render_cache_credits, 0) + coalesce(specialized_transformations_credits, 0))
    AS unlisted_credits,
  standard_renders_credits, advanced_renders_credits, premium_renders_credits, storage_credits, delivery_bandwidth_credits, cache_reads_credits, premium_video_encoding_seconds_credits, video_smartcropping_seconds_credits, video_preview_seconds_credits, video_ai_interpolation_seconds_credits, video_vmaf_encoded_seconds_credits, video_render_cache_credits, specialized_transformations_credits
FROM imgix.credit_analytics_daily;

COMMENT ON VIEW imgix.credits_daily IS 'Credits of each Source and day, with what the vendor charges beyond the kinds it lists.';
COMMENT ON COLUMN imgix.credits_daily.account IS 'Account name of the source.';
COMMENT ON COLUMN imgix.credits_daily.day IS 'UTC day.';
COMMENT ON COLUMN imgix.credits_daily.source_id IS 'imgix Source id.';
COMMENT ON COLUMN imgix.credits_daily.source_name IS 'Name of the Source; NULL when it was deleted or renamed.';
COMMENT ON COLUMN imgix.credits_daily.total_credits IS 'Credits used in total. Authoritative.';
COMMENT ON COLUMN imgix.credits_daily.listed_credits IS 'Sum of the kinds that the vendor documents; a blank counts as 0.';
COMMENT ON COLUMN imgix.credits_daily.unlisted_credits IS 'total_credits - listed_credits: kinds that have no documented column.';
COMMENT ON COLUMN imgix.credits_daily.standard_renders_credits IS 'Credits used for standard renders.';
COMMENT ON COLUMN imgix.credits_daily.advanced_renders_credits IS 'Credits used for advanced renders.';
COMMENT ON COLUMN imgix.credits_daily.premium_renders_credits IS 'Credits used for premium renders.';
COMMENT ON COLUMN imgix.credits_daily.storage_credits IS 'Credits used for storage.';
COMMENT ON COLUMN imgix.credits_daily.delivery_bandwidth_credits IS 'Credits used for delivery bandwidth.';
COMMENT ON COLUMN imgix.credits_daily.cache_reads_credits IS 'Credits used for cache reads.';
COMMENT ON COLUMN imgix.credits_daily.premium_video_encoding_seconds_credits IS 'Credits used for premium video encoding seconds.';
COMMENT ON COLUMN imgix.credits_daily.video_smartcropping_seconds_credits IS 'Credits used for video smartcropping seconds.';
COMMENT ON COLUMN imgix.credits_daily.video_preview_seconds_credits IS 'Credits used for video preview seconds.';
COMMENT ON COLUMN imgix.credits_daily.video_ai_interpolation_seconds_credits IS 'Credits used for video AI interpolation seconds.';
COMMENT ON COLUMN imgix.credits_daily.video_vmaf_encoded_seconds_credits IS 'Credits used for video VMAF encoded seconds.';
COMMENT ON COLUMN imgix.credits_daily.video_render_cache_credits IS 'Credits used for video render cache.';
COMMENT ON COLUMN imgix.credits_daily.specialized_transformations_credits IS 'Credits used for specialized transformations.';

CREATE VIEW imgix.credits_month_check AS
SELECT
  step.account,
  step.report_key,
  step.day,
  step.month,
  days.missing AS days_missing,
  sums.source_id,
  sums.month_to_date_credits,
  sums.sum_of_daily_credits,
  coalesce(sums.month_to_date_credits, 0) - coalesce(sums.sum_of_daily_credits, 0) AS difference
FROM ledger.report_steps AS step
CROSS JOIN LATERAL (
  SELECT (step.day - step.month + 1 - count(DISTINCT daily.day))::integer AS missing
  FROM ledger.report_steps AS daily
  WHERE daily.dataset = 'imgix.credit_analytics_daily' AND daily.account = step.account
    AND daily.day BETWEEN step.month AND step.day
) AS days
CROSS JOIN LATERAL (
  SELECT
    coalesce(this.source_id, daily.source_id) AS source_id,
    this.total_credits AS month_to_date_credits,
    daily.total_credits AS sum_of_daily_credits
  FROM (
    SELECT source_id, total_credits FROM imgix.credit_analytics_mtd
    WHERE account = step.account AND report_key = step.report_key
  ) AS this
  FULL JOIN (
    SELECT source_id, sum(total_credits) AS total_credits FROM imgix.credit_analytics_daily
    WHERE account = step.account
      AND period_start >= step.month::timestamp AT TIME ZONE 'UTC' AND period_start <= step.period_start
    GROUP BY source_id
  ) AS daily USING (source_id)
) AS sums
WHERE step.dataset = 'imgix.credit_analytics_mtd' AND step.accumulation = 'month_to_date';

COMMENT ON VIEW imgix.credits_month_check IS 'Month-to-date credits of each Source against the sum of its daily credits. Where no day is missing and they differ, ledger.findings says so.';
COMMENT ON COLUMN imgix.credits_month_check.account IS 'Account name of the source.';
COMMENT ON COLUMN imgix.credits_month_check.report_key IS 'The month-to-date report.';
COMMENT ON COLUMN imgix.credits_month_check.day IS 'UTC day it covers up to.';
COMMENT ON COLUMN imgix.credits_month_check.month IS 'First day of its month.';
COMMENT ON COLUMN imgix.credits_month_check.days_missing IS 'Days of the month up to then whose daily report is not loaded; the sums can only agree when it is 0.';
COMMENT ON COLUMN imgix.credits_month_check.source_id IS 'imgix Source id.';
COMMENT ON COLUMN imgix.credits_month_check.month_to_date_credits IS 'Total of the month-to-date report; NULL when it lacks the Source.';
COMMENT ON COLUMN imgix.credits_month_check.sum_of_daily_credits IS 'Sum of the daily reports; NULL when none has the Source.';
COMMENT ON COLUMN imgix.credits_month_check.difference IS 'month_to_date_credits - sum_of_daily_credits, a missing one counting as 0.';

CREATE VIEW imgix.new_origin_images_daily AS
SELECT
  step.account,
  step.day,
  images.source_id,
  images.source_name,
  step.days_covered,
  step.is_first_of_month,
  images.new_origin_images,
  images.origin_images
FROM ledger.report_steps AS step
CROSS JOIN LATERAL (
  SELECT
    this.source_id,
    max(this.source_name) AS source_name,
    count(*) FILTER (WHERE known.origin_image_url IS NULL) AS new_origin_images,
    count(*) AS origin_images
  FROM (
    SELECT coalesce(source_id, '') AS source_id, coalesce(origin_image_url, '') AS origin_image_url,
      max(source_name) AS source_name
    FROM imgix.image_analytics WHERE account = step.account AND report_key = step.report_key
    GROUP BY 1, 2
  ) AS this
  LEFT JOIN (
    SELECT coalesce(source_id, '') AS source_id, coalesce(origin_image_url, '') AS origin_image_url
    FROM imgix.image_analytics
    WHERE account = step.account AND report_key = step.previous_report_key
    UNION
    -- of a daily report every earlier one of the month counts
    SELECT coalesce(source_id, ''), coalesce(origin_image_url, '') FROM imgix.image_analytics
    WHERE step.accumulation = 'daily' AND account = step.account
      AND period_start >= step.month::timestamp AT TIME ZONE 'UTC' AND period_start < step.period_start
  ) AS known USING (source_id, origin_image_url)
  GROUP BY this.source_id
) AS images
WHERE step.dataset = 'imgix.image_analytics';

COMMENT ON VIEW imgix.new_origin_images_daily IS 'Origin images asked for the first time in the month, by Source and day. The vendor counts an origin image once a month, so everything is new on the first.';
COMMENT ON COLUMN imgix.new_origin_images_daily.account IS 'Account name of the source.';
COMMENT ON COLUMN imgix.new_origin_images_daily.day IS 'UTC day.';
COMMENT ON COLUMN imgix.new_origin_images_daily.source_id IS 'imgix Source id; blank where the report leaves it blank.';
COMMENT ON COLUMN imgix.new_origin_images_daily.source_name IS 'Name of the Source in that report.';
COMMENT ON COLUMN imgix.new_origin_images_daily.days_covered IS 'Days that the figures span: 1, or more when the reports of the days before are missing.';
COMMENT ON COLUMN imgix.new_origin_images_daily.is_first_of_month IS 'Of the first of the month, where the vendor''s totals begin anew.';
COMMENT ON COLUMN imgix.new_origin_images_daily.new_origin_images IS 'Images that no earlier loaded report of the month has.';
COMMENT ON COLUMN imgix.new_origin_images_daily.origin_images IS 'Images in the report.';

CREATE VIEW imgix.top_images_by_bandwidth AS
SELECT
  latest.account,
  latest.month,
  latest.day AS up_to_day,
  rank() OVER (PARTITION BY latest.account, latest.month ORDER BY images.bandwidth DESC NULLS LAST) AS rank,
  images.source_id,
  images.source_name,
  images.origin_image_url,
  images.bandwidth,
  images.requests,
  images.errors,
  images.bandwidth / nullif(sum(images.bandwidth) OVER (PARTITION BY latest.account, latest.month), 0) AS share
FROM ledger.report_steps AS latest
CROSS JOIN LATERAL (
  SELECT source_id, max(source_name) AS source_name, origin_image_url, sum(bandwidth)::bigint AS bandwidth,
    sum(requests)::bigint AS requests, sum(errors)::bigint AS errors
  FROM (
    SELECT source_id, source_name, origin_image_url, bandwidth, requests, errors FROM imgix.image_analytics
    WHERE latest.accumulation = 'month_to_date' AND account = latest.account AND report_key = latest.report_key
    UNION ALL
    SELECT source_id, source_name, origin_image_url, bandwidth, requests, errors FROM imgix.image_analytics
    WHERE latest.accumulation = 'daily' AND account = latest.account
      AND period_start >= latest.month::timestamp AT TIME ZONE 'UTC' AND period_start <= latest.period_start
  ) AS figures
  GROUP BY source_id, origin_image_url
) AS images
WHERE latest.dataset = 'imgix.image_analytics' AND latest.is_latest_of_month;

COMMENT ON VIEW imgix.top_images_by_bandwidth IS 'Images of each month by the bytes they took, up to the newest report of the month that is loaded.';
COMMENT ON COLUMN imgix.top_images_by_bandwidth.account IS 'Account name of the source.';
COMMENT ON COLUMN imgix.top_images_by_bandwidth.month IS 'First day of the month.';
COMMENT ON COLUMN imgix.top_images_by_bandwidth.up_to_day IS 'UTC day up to which the figures go.';
COMMENT ON COLUMN imgix.top_images_by_bandwidth.rank IS '1 is the image with the most bytes in the account and month.';
COMMENT ON COLUMN imgix.top_images_by_bandwidth.source_id IS 'imgix Source id.';
COMMENT ON COLUMN imgix.top_images_by_bandwidth.source_name IS 'Name of the Source.';
COMMENT ON COLUMN imgix.top_images_by_bandwidth.origin_image_url IS 'URL of the origin image.';
COMMENT ON COLUMN imgix.top_images_by_bandwidth.bandwidth IS 'Bytes sent in the month.';
COMMENT ON COLUMN imgix.top_images_by_bandwidth.requests IS 'Requests in the month.';
COMMENT ON COLUMN imgix.top_images_by_bandwidth.errors IS 'Requests in the month that ended in an error.';
COMMENT ON COLUMN imgix.top_images_by_bandwidth.share IS 'Share of all bytes of the account and month, 0 to 1.';

CREATE VIEW imgix.current_sources AS
SELECT
  account,
  source_id,
  (array_agg(source_name ORDER BY day DESC) FILTER (WHERE btrim(source_name) <> ''))[1] AS source_name,
  max(day) FILTER (WHERE btrim(source_name) <> '') AS named_on,
  min(day) AS first_seen_on,
  max(day) AS last_seen_on
FROM (
  SELECT account, source_id, source_name, (period_start AT TIME ZONE 'UTC')::date AS day FROM imgix.source_analytics
  UNION ALL
  SELECT account, source_id, source_name, (period_start AT TIME ZONE 'UTC')::date FROM imgix.credit_analytics_daily
  UNION ALL
  SELECT account, source_id, source_name, (period_start AT TIME ZONE 'UTC')::date FROM imgix.credit_analytics_mtd
  UNION ALL
  SELECT account, source_id, source_name, (period_start AT TIME ZONE 'UTC')::date FROM imgix.mild_errors
) AS seen
WHERE source_id <> ''
GROUP BY account, source_id;

COMMENT ON VIEW imgix.current_sources IS 'Every Source that a report names, with the name it had last. The vendor leaves the name blank once a Source is deleted or renamed.';
COMMENT ON COLUMN imgix.current_sources.account IS 'Account name of the source.';
COMMENT ON COLUMN imgix.current_sources.source_id IS 'imgix Source id, which never changes.';
COMMENT ON COLUMN imgix.current_sources.source_name IS 'The newest name that is not blank.';
COMMENT ON COLUMN imgix.current_sources.named_on IS 'UTC day of the newest report with a name; earlier than last_seen_on when the Source was deleted or renamed.';
COMMENT ON COLUMN imgix.current_sources.first_seen_on IS 'UTC day of the first report that has it.';
COMMENT ON COLUMN imgix.current_sources.last_seen_on IS 'UTC day of the newest report that has it.';
