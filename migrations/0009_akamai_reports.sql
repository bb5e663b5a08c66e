-- Reporting API v2: further columns of single calls, and hourly totals to compare them with.

ALTER TABLE akamai.api_usage_details
  ADD COLUMN response_class text,
  ADD COLUMN contract_type text;

COMMENT ON COLUMN akamai.api_usage_details.response_class IS 'Class of the HTTP status, such as 4xx (v2 responseClass, assumed name); NULL from v1.';
COMMENT ON COLUMN akamai.api_usage_details.contract_type IS 'Contract type (v2 contractType, assumed name); NULL from v1.';

CREATE TABLE akamai.api_usage (
  account text NOT NULL,
  report_key text NOT NULL,
  period_start timestamptz NOT NULL,
  period_end timestamptz NOT NULL,
  object_id text NOT NULL DEFAULT '',
  requests_sum bigint,
  requests_percentage double precision,
  bytes_sum bigint,
  bytes_percentage double precision,
  load_id bigint NOT NULL,
  CONSTRAINT api_usage_unit_object_id_pkey PRIMARY KEY (account, report_key, period_start, object_id)
);

COMMENT ON TABLE akamai.api_usage IS
  'Calls of Akamai APIs per hour (Reporting API v2 report common/apis/usage). Calls that were refused for bad credentials are not counted.';
COMMENT ON COLUMN akamai.api_usage.account IS 'Account name of the source, as configured.';
COMMENT ON COLUMN akamai.api_usage.report_key IS 'The unit the row belongs to, see ledger.units.';
COMMENT ON COLUMN akamai.api_usage.period_start IS 'Start of the hour, UTC, inclusive (time1hour).';
COMMENT ON COLUMN akamai.api_usage.period_end IS 'End of the hour, UTC, exclusive.';
COMMENT ON COLUMN akamai.api_usage.object_id IS 'Always blank: the report has no object ids.';
COMMENT ON COLUMN akamai.api_usage.requests_sum IS 'Requests (requestsSum).';
COMMENT ON COLUMN akamai.api_usage.requests_percentage IS 'Share of all requests of the answer, in percent (requestsPercentage).';
COMMENT ON COLUMN akamai.api_usage.bytes_sum IS 'Volume in bytes (bytesSum).';
COMMENT ON COLUMN akamai.api_usage.bytes_percentage IS 'Share of the volume of the answer, in percent (bytesPercentage).';
COMMENT ON COLUMN akamai.api_usage.load_id IS 'The load that wrote the row as it is, see ledger.loads.';

-- Hours in which the single calls are not as many as the hourly totals say, where an account has both: streams of
-- one name, of one window. The vendor may merge equal calls of one second, so fewer calls are a lower bound.
CREATE VIEW akamai.api_usage_differences AS
WITH totals AS (
  SELECT account, period_start, period_end, requests_sum,
    regexp_replace(report_key, '^usage_', '') AS stream_key
  FROM akamai.api_usage
), calls AS (
  SELECT account, regexp_replace(report_key, '^apiusagedetails-by-time_', '') AS stream_key,
    date_trunc('hour', period_start, 'UTC') AS hour, count(*) AS calls
  FROM akamai.api_usage_details
  GROUP BY 1, 2, 3
), details AS (
  SELECT account, regexp_replace(report_key, '^apiusagedetails-by-time_', '') AS stream_key, period_start, period_end,
    available_at IS NOT NULL AS is_complete
  FROM ledger.units
  WHERE dataset = 'akamai.api_usage_details' AND state IN ('loaded', 'held')
)
SELECT
  totals.account,
  totals.stream_key,
  totals.period_start,
  totals.requests_sum,
  coalesce(calls.calls, 0) AS detail_calls,
  coalesce(calls.calls, 0) - totals.requests_sum AS difference
FROM totals
JOIN details ON details.account = totals.account AND details.stream_key = totals.stream_key
  AND totals.period_start >= details.period_start AND totals.period_end <= details.period_end
LEFT JOIN calls ON calls.account = totals.account AND calls.stream_key = totals.stream_key
  AND calls.hour = totals.period_start
WHERE details.is_complete AND totals.requests_sum IS DISTINCT FROM coalesce(calls.calls, 0);

COMMENT ON VIEW akamai.api_usage_differences IS
  'Hours of which akamai.api_usage counts other requests than akamai.api_usage_details has, in streams of one name.';
COMMENT ON COLUMN akamai.api_usage_differences.account IS 'Account name of the source.';
COMMENT ON COLUMN akamai.api_usage_differences.stream_key IS 'Stream and window, the end of both report keys.';
COMMENT ON COLUMN akamai.api_usage_differences.period_start IS 'Start of the hour, UTC.';
COMMENT ON COLUMN akamai.api_usage_differences.requests_sum IS 'Requests by the hourly totals.';
COMMENT ON COLUMN akamai.api_usage_differences.detail_calls IS 'Single calls that are loaded.';
COMMENT ON COLUMN akamai.api_usage_differences.difference IS 'Loaded calls minus requests; negative: calls are missing.';

CREATE FUNCTION akamai.check_api_usage(wanted_account text, wanted_report_key text)
RETURNS TABLE (kind text, message text, details jsonb)
LANGUAGE sql STABLE
AS $$
  SELECT 'count-mismatch',
    format('%s hours of %s have another number of single calls than the hourly totals say: %s calls are loaded, %s were counted.',
      count(*), max(stream_key), sum(detail_calls), sum(requests_sum)),
    jsonb_build_object('stream_key', max(stream_key), 'calls', sum(detail_calls), 'requests', sum(requests_sum),
      'hours', jsonb_agg(jsonb_build_object('hour', period_start, 'calls', detail_calls, 'requests', requests_sum)
        ORDER BY period_start))
  FROM akamai.api_usage_differences
  WHERE account = wanted_account
    AND stream_key = regexp_replace(wanted_report_key, '^(usage|apiusagedetails-by-time)_', '')
  HAVING count(*) > 0
$$;

COMMENT ON FUNCTION akamai.check_api_usage IS
  'Findings about a unit of akamai.api_usage or akamai.api_usage_details whose counts disagree.';
