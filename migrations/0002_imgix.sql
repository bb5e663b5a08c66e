-- imgix reports. Only the credit reports' columns, and referers and user_agent of cdn_logs, are documented by the
-- vendor. A report that brings other columns adds them (ledger.schema_changes), so these names bind nobody.

CREATE TABLE imgix.cdn_logs (
  account text NOT NULL,
  report_key text NOT NULL,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  part integer NOT NULL,
  row_no bigint NOT NULL,
  "timestamp" timestamptz,
  source_id text,
  domain text,
  url text,
  status_code integer,
  cache_status text,
  cache_hits bigint,
  cache_misses bigint,
  requests bigint,
  bytes bigint,
  referers text,
  user_agent text,
  load_id bigint NOT NULL,
  CONSTRAINT cdn_logs_unit_part_row_no_pkey
    PRIMARY KEY (account, report_key, period_start, part, row_no)
);

COMMENT ON TABLE imgix.cdn_logs IS
  'CDN log records of one UTC day (imgix report cdn_logs, daily). Only referers and user_agent are documented; the other column names are assumptions.';
COMMENT ON COLUMN imgix.cdn_logs.part IS 'Number of the part (file) the row came from.';
COMMENT ON COLUMN imgix.cdn_logs.row_no IS 'Ordinal of the record in its part, 1-based, rejected records counted too.';
COMMENT ON COLUMN imgix.cdn_logs."timestamp" IS 'When the request was made, UTC. Assumed name.';
COMMENT ON COLUMN imgix.cdn_logs.source_id IS 'imgix Source id (also called source). Assumed name.';
COMMENT ON COLUMN imgix.cdn_logs.domain IS 'Host name that was asked (also called host, hostname or subdomain). Assumed name.';
COMMENT ON COLUMN imgix.cdn_logs.url IS 'URL or path of the image that was asked for. Assumed name.';
COMMENT ON COLUMN imgix.cdn_logs.status_code IS 'HTTP status of the answer. Assumed name.';
COMMENT ON COLUMN imgix.cdn_logs.cache_status IS 'What the cache did, as the vendor writes it, for example HIT or MISS. Assumed name.';
COMMENT ON COLUMN imgix.cdn_logs.cache_hits IS 'Requests answered from the cache, where records are aggregated. Assumed name.';
COMMENT ON COLUMN imgix.cdn_logs.cache_misses IS 'Requests not answered from the cache, where records are aggregated. Assumed name.';
COMMENT ON COLUMN imgix.cdn_logs.requests IS 'Requests the record stands for, where records are aggregated. Assumed name.';
COMMENT ON COLUMN imgix.cdn_logs.bytes IS 'Bytes sent. Assumed name.';
COMMENT ON COLUMN imgix.cdn_logs.referers IS 'Referer that was sent; NULL when none was. Documented name.';
COMMENT ON COLUMN imgix.cdn_logs.user_agent IS 'User agent that was sent; NULL when none was. Documented name.';

CREATE TABLE imgix.image_analytics (
  account text NOT NULL,
  report_key text NOT NULL,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  part integer NOT NULL,
  row_no bigint NOT NULL,
  source_id text,
  source_name text,
  origin_image_url text,
  requests bigint,
  bandwidth bigint,
  errors bigint,
  mild_errors bigint,
  severe_errors bigint,
  load_id bigint NOT NULL,
  CONSTRAINT image_analytics_unit_part_row_no_pkey
    PRIMARY KEY (account, report_key, period_start, part, row_no)
);

COMMENT ON TABLE imgix.image_analytics IS
  'Figures per origin image (imgix report image_analytics), cumulative since the first of the month: do not add days up. All column names are assumptions.';
COMMENT ON COLUMN imgix.image_analytics.part IS 'Number of the part (file) the row came from.';
COMMENT ON COLUMN imgix.image_analytics.row_no IS 'Ordinal of the record in its part, 1-based, rejected records counted too.';
COMMENT ON COLUMN imgix.image_analytics.source_id IS 'imgix Source id. Assumed name.';
COMMENT ON COLUMN imgix.image_analytics.source_name IS 'Name of the Source; NULL when it was deleted or renamed. Assumed name.';
COMMENT ON COLUMN imgix.image_analytics.origin_image_url IS 'URL of the origin image. Assumed name.';
COMMENT ON COLUMN imgix.image_analytics.requests IS 'Requests for the image. Assumed name.';
COMMENT ON COLUMN imgix.image_analytics.bandwidth IS 'Bytes sent; NULL in reports of the older layout. Assumed name.';
COMMENT ON COLUMN imgix.image_analytics.errors IS 'Requests that ended in an error. Assumed name.';
COMMENT ON COLUMN imgix.image_analytics.mild_errors IS 'Requests that ended in a 4xx error. Assumed name.';
COMMENT ON COLUMN imgix.image_analytics.severe_errors IS 'Requests that ended in a 5xx error. Assumed name.';

CREATE TABLE imgix.source_analytics (
  account text NOT NULL,
  report_key text NOT NULL,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  part integer NOT NULL,
  row_no bigint NOT NULL,
  source_id text,
  source_name text,
  "timestamp" date,
  origin_images bigint,
  requests bigint,
  renders bigint,
  bandwidth bigint,
  cdn_bandwidth bigint,
  render_bandwidth bigint,
  fetch_bandwidth bigint,
  avg_response_time numeric,
  errors bigint,
  mild_errors bigint,
  severe_errors bigint,
  load_id bigint NOT NULL,
  CONSTRAINT source_analytics_unit_part_row_no_pkey
    PRIMARY KEY (account, report_key, period_start, part, row_no)
);

COMMENT ON TABLE imgix.source_analytics IS
  'Figures per Source (imgix report source_analytics), cumulative since the first of the month: do not add days up. All column names are assumptions.';
COMMENT ON COLUMN imgix.source_analytics.part IS 'Number of the part (file) the row came from.';
COMMENT ON COLUMN imgix.source_analytics.row_no IS 'Ordinal of the record in its part, 1-based, rejected records counted too.';
COMMENT ON COLUMN imgix.source_analytics.source_id IS 'imgix Source id. Assumed name.';
COMMENT ON COLUMN imgix.source_analytics.source_name IS 'Name of the Source; NULL when it was deleted or renamed. Assumed name.';
COMMENT ON COLUMN imgix.source_analytics."timestamp" IS 'Day of the report, as the vendor writes it in the row. Assumed name.';
COMMENT ON COLUMN imgix.source_analytics.origin_images IS 'Origin images asked for in the month (also called master images). Assumed name.';
COMMENT ON COLUMN imgix.source_analytics.requests IS 'Requests. Assumed name.';
COMMENT ON COLUMN imgix.source_analytics.renders IS 'Images rendered. Assumed name.';
COMMENT ON COLUMN imgix.source_analytics.bandwidth IS 'Bytes sent in total: render and CDN bandwidth, without fetches. Assumed name.';
COMMENT ON COLUMN imgix.source_analytics.cdn_bandwidth IS 'Bytes from the CDN to clients. Assumed name.';
COMMENT ON COLUMN imgix.source_analytics.render_bandwidth IS 'Bytes from the renderer to the CDN. Assumed name.';
COMMENT ON COLUMN imgix.source_analytics.fetch_bandwidth IS 'Bytes from the origin to imgix; not charged. Assumed name.';
COMMENT ON COLUMN imgix.source_analytics.avg_response_time IS 'Average response time since the first of the month; the unit is not documented, presumably milliseconds. Cannot be differenced by day. Assumed name.';
COMMENT ON COLUMN imgix.source_analytics.errors IS 'Requests that ended in an error. Assumed name.';
COMMENT ON COLUMN imgix.source_analytics.mild_errors IS 'Requests that ended in a 4xx error. Assumed name.';
COMMENT ON COLUMN imgix.source_analytics.severe_errors IS 'Requests that ended in a 5xx error. Assumed name.';

CREATE TABLE imgix.mild_errors (
  account text NOT NULL,
  report_key text NOT NULL,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  part integer NOT NULL,
  row_no bigint NOT NULL,
  source_id text,
  source_name text,
  origin_image_url text,
  status_code integer,
  errors bigint,
  "timestamp" timestamptz,
  load_id bigint NOT NULL,
  CONSTRAINT mild_errors_unit_part_row_no_pkey
    PRIMARY KEY (account, report_key, period_start, part, row_no)
);

COMMENT ON TABLE imgix.mild_errors IS
  '4xx errors per image (imgix report mild_errors). Presumably daily; the vendor does not say. All column names are assumptions.';
COMMENT ON COLUMN imgix.mild_errors.part IS 'Number of the part (file) the row came from.';
COMMENT ON COLUMN imgix.mild_errors.row_no IS 'Ordinal of the record in its part, 1-based, rejected records counted too.';
COMMENT ON COLUMN imgix.mild_errors.source_id IS 'imgix Source id. Assumed name.';
COMMENT ON COLUMN imgix.mild_errors.source_name IS 'Name of the Source; NULL when it was deleted or renamed. Assumed name.';
COMMENT ON COLUMN imgix.mild_errors.origin_image_url IS 'URL of the origin image. Only images that were once fetched successfully appear. Assumed name.';
COMMENT ON COLUMN imgix.mild_errors.status_code IS 'HTTP status, 400 to 499. Assumed name.';
COMMENT ON COLUMN imgix.mild_errors.errors IS 'How often. Assumed name.';
COMMENT ON COLUMN imgix.mild_errors."timestamp" IS 'When, UTC. Assumed name.';

CREATE TABLE imgix.credit_analytics_daily (
  account text NOT NULL,
  report_key text NOT NULL,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  "timestamp" date,
  source_id text NOT NULL DEFAULT '',
  source_name text,
  total_credits numeric,
  standard_renders_credits numeric,
  advanced_renders_credits numeric,
  premium_renders_credits numeric,
  storage_credits numeric,
  delivery_bandwidth_credits numeric,
  cache_reads_credits numeric,
  premium_video_encoding_seconds_credits numeric,
  video_smartcropping_seconds_credits numeric,
  video_preview_seconds_credits numeric,
  video_ai_interpolation_seconds_credits numeric,
  video_vmaf_encoded_seconds_credits numeric,
  video_render_cache_credits numeric,
  specialized_transformations_credits numeric,
  load_id bigint NOT NULL,
  CONSTRAINT credit_analytics_daily_unit_source_id_pkey
    PRIMARY KEY (account, report_key, period_start, source_id)
);

COMMENT ON TABLE imgix.credit_analytics_daily IS
  'Credits per Source of one UTC day (imgix report credit_analytics_daily). Column names and layout are documented.';
COMMENT ON COLUMN imgix.credit_analytics_daily."timestamp" IS 'Day the figures are of, as the vendor writes it in the row.';
COMMENT ON COLUMN imgix.credit_analytics_daily.source_id IS 'imgix Source id, 24 hex characters; blank when the vendor left it blank.';
COMMENT ON COLUMN imgix.credit_analytics_daily.source_name IS 'Name of the Source; NULL when it was deleted or renamed.';
COMMENT ON COLUMN imgix.credit_analytics_daily.total_credits IS 'Credits used in total. Authoritative: may exceed the sum of the listed kinds.';
COMMENT ON COLUMN imgix.credit_analytics_daily.standard_renders_credits IS 'Credits used for standard renders.';
COMMENT ON COLUMN imgix.credit_analytics_daily.advanced_renders_credits IS 'Credits used for advanced renders.';
COMMENT ON COLUMN imgix.credit_analytics_daily.premium_renders_credits IS 'Credits used for premium renders.';
COMMENT ON COLUMN imgix.credit_analytics_daily.storage_credits IS 'Credits used for storage.';
COMMENT ON COLUMN imgix.credit_analytics_daily.delivery_bandwidth_credits IS 'Credits used for delivery bandwidth.';
COMMENT ON COLUMN imgix.credit_analytics_daily.cache_reads_credits IS 'Credits used for cache reads.';
COMMENT ON COLUMN imgix.credit_analytics_daily.premium_video_encoding_seconds_credits IS 'Credits used for premium video encoding seconds.';
COMMENT ON COLUMN imgix.credit_analytics_daily.video_smartcropping_seconds_credits IS 'Credits used for video smartcropping seconds.';
COMMENT ON COLUMN imgix.credit_analytics_daily.video_preview_seconds_credits IS 'Credits used for video preview seconds.';
COMMENT ON COLUMN imgix.credit_analytics_daily.video_ai_interpolation_seconds_credits IS 'Credits used for video AI interpolation seconds. 0 so far, says the vendor.';
COMMENT ON COLUMN imgix.credit_analytics_daily.video_vmaf_encoded_seconds_credits IS 'Credits used for video VMAF encoded seconds. 0 so far, says the vendor.';
COMMENT ON COLUMN imgix.credit_analytics_daily.video_render_cache_credits IS 'Credits used for video render cache. 0 so far, says the vendor.';
COMMENT ON COLUMN imgix.credit_analytics_daily.specialized_transformations_credits IS 'Credits used for specialized transformations.';

CREATE TABLE imgix.credit_analytics_mtd (
  account text NOT NULL,
  report_key text NOT NULL,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  "timestamp" date,
  source_id text NOT NULL DEFAULT '',
  source_name text,
  total_credits numeric,
  standard_renders_credits numeric,
  advanced_renders_credits numeric,
  premium_renders_credits numeric,
  storage_credits numeric,
  delivery_bandwidth_credits numeric,
  cache_reads_credits numeric,
  premium_video_encoding_seconds_credits numeric,
  video_smartcropping_seconds_credits numeric,
  video_preview_seconds_credits numeric,
  video_ai_interpolation_seconds_credits numeric,
  video_vmaf_encoded_seconds_credits numeric,
  video_render_cache_credits numeric,
  specialized_transformations_credits numeric,
  load_id bigint NOT NULL,
  CONSTRAINT credit_analytics_mtd_unit_source_id_pkey
    PRIMARY KEY (account, report_key, period_start, source_id)
);

COMMENT ON TABLE imgix.credit_analytics_mtd IS
  'Credits per Source since the first of the month (imgix report credit_analytics_mtd): do not add days up. Column names and layout are documented.';
COMMENT ON COLUMN imgix.credit_analytics_mtd."timestamp" IS 'Day the figures are of, as the vendor writes it in the row.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.source_id IS 'imgix Source id, 24 hex characters; blank when the vendor left it blank.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.source_name IS 'Name of the Source; NULL when it was deleted or renamed.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.total_credits IS 'Credits used in total. Authoritative: may exceed the sum of the listed kinds.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.standard_renders_credits IS 'Credits used for standard renders.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.advanced_renders_credits IS 'Credits used for advanced renders.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.premium_renders_credits IS 'Credits used for premium renders.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.storage_credits IS 'Credits used for storage.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.delivery_bandwidth_credits IS 'Credits used for delivery bandwidth.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.cache_reads_credits IS 'Credits used for cache reads.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.premium_video_encoding_seconds_credits IS 'Credits used for premium video encoding seconds.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.video_smartcropping_seconds_credits IS 'Credits used for video smartcropping seconds.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.video_preview_seconds_credits IS 'Credits used for video preview seconds.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.video_ai_interpolation_seconds_credits IS 'Credits used for video AI interpolation seconds. 0 so far, says the vendor.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.video_vmaf_encoded_seconds_credits IS 'Credits used for video VMAF encoded seconds. 0 so far, says the vendor.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.video_render_cache_credits IS 'Credits used for video render cache. 0 so far, says the vendor.';
COMMENT ON COLUMN imgix.credit_analytics_mtd.specialized_transformations_credits IS 'Credits used for specialized transformations.';

-- what every data table has in common
DO $$
DECLARE
  data_table text;
BEGIN
  FOREACH data_table IN ARRAY ARRAY[
    'cdn_logs',
    'image_analytics',
    'source_analytics',
    'mild_errors',
    'credit_analytics_daily',
    'credit_analytics_mtd'
  ] LOOP
    EXECUTE format('COMMENT ON COLUMN imgix.%I.account IS %L', data_table,
      'Account name of the source, as configured.');
    EXECUTE format('COMMENT ON COLUMN imgix.%I.report_key IS %L', data_table,
      'The unit the row belongs to, see ledger.units.');
    EXECUTE format('COMMENT ON COLUMN imgix.%I.period_start IS %L', data_table,
      'Midnight UTC of the day the report covers.');
    EXECUTE format('COMMENT ON COLUMN imgix.%I.period_end IS %L', data_table,
      'The next midnight UTC, exclusive.');
    EXECUTE format('COMMENT ON COLUMN imgix.%I.load_id IS %L', data_table,
      'The load that wrote the row as it is, see ledger.loads.');
  END LOOP;
END
$$;
