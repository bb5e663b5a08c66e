-- What people ask of the Akamai tables first: rollups, error shares, top callers, missing intervals, revisions.

CREATE VIEW akamai.endpoint_usage_hourly AS
SELECT
  account,
  regexp_replace(report_key, '_\d{8}(T\d{4})?$', '') AS series,
  object_id,
  date_trunc('hour', period_start, 'UTC') AS hour,
  sum(edge_bytes) AS edge_bytes,
  sum(edge_hits) AS edge_hits,
  sum(midgress_bytes) AS midgress_bytes,
  count(*) AS intervals,
  count(*) FILTER (WHERE edge_hits = 0) AS zero_intervals,
  count(*) FILTER (WHERE edge_hits IS NULL) AS null_intervals,
  count(*) = 12 AS is_complete
FROM akamai.endpoint_usage_by_time
GROUP BY 1, 2, 3, 4;

COMMENT ON VIEW akamai.endpoint_usage_hourly IS 'Traffic of API endpoints per hour; an hour with fewer than 12 intervals is not complete.';
COMMENT ON COLUMN akamai.endpoint_usage_hourly.account IS 'Account name of the source.';
COMMENT ON COLUMN akamai.endpoint_usage_hourly.series IS 'Report and stream. Different streams may count the same traffic.';
COMMENT ON COLUMN akamai.endpoint_usage_hourly.object_id IS 'CP code; blank when the stream adds all of its CP codes up.';
COMMENT ON COLUMN akamai.endpoint_usage_hourly.hour IS 'Start of the hour, UTC.';
COMMENT ON COLUMN akamai.endpoint_usage_hourly.edge_bytes IS 'Bytes from the edge to clients; NULL when no interval has a number.';
COMMENT ON COLUMN akamai.endpoint_usage_hourly.edge_hits IS 'Requests at the edge; NULL when no interval has a number.';
COMMENT ON COLUMN akamai.endpoint_usage_hourly.midgress_bytes IS 'Bytes between Akamai servers; NULL when no interval has a number.';
COMMENT ON COLUMN akamai.endpoint_usage_hourly.intervals IS 'Five-minute intervals that are there, at most 12.';
COMMENT ON COLUMN akamai.endpoint_usage_hourly.zero_intervals IS 'Intervals that are there and had no traffic.';
COMMENT ON COLUMN akamai.endpoint_usage_hourly.null_intervals IS 'Intervals for which the vendor wrote N/A.';
COMMENT ON COLUMN akamai.endpoint_usage_hourly.is_complete IS 'All 12 intervals are there.';

CREATE VIEW akamai.endpoint_usage_daily AS
SELECT
  account,
  regexp_replace(report_key, '_\d{8}(T\d{4})?$', '') AS series,
  object_id,
  (period_start AT TIME ZONE 'UTC')::date AS day,
  sum(edge_bytes) AS edge_bytes,
  sum(edge_hits) AS edge_hits,
  sum(midgress_bytes) AS midgress_bytes,
  max(edge_hits) AS edge_hits_peak,
  count(*) AS intervals,
  count(*) FILTER (WHERE edge_hits = 0) AS zero_intervals,
  count(*) FILTER (WHERE edge_hits IS NULL) AS null_intervals,
  count(*) = 288 AS is_complete
FROM akamai.endpoint_usage_by_time
GROUP BY 1, 2, 3, 4;

COMMENT ON VIEW akamai.endpoint_usage_daily IS 'Traffic of API endpoints per UTC day; a day with fewer than 288 intervals is not complete.';
COMMENT ON COLUMN akamai.endpoint_usage_daily.account IS 'Account name of the source.';
COMMENT ON COLUMN akamai.endpoint_usage_daily.series IS 'Report and stream. Different streams may count the same traffic.';
COMMENT ON COLUMN akamai.endpoint_usage_daily.object_id IS 'CP code; blank when the stream adds all of its CP codes up.';
COMMENT ON COLUMN akamai.endpoint_usage_daily.day IS 'UTC day.';
COMMENT ON COLUMN akamai.endpoint_usage_daily.edge_bytes IS 'Bytes from the edge to clients; NULL when no interval has a number.';
COMMENT ON COLUMN akamai.endpoint_usage_daily.edge_hits IS 'Requests at the edge; NULL when no interval has a number.';
COMMENT ON COLUMN akamai.endpoint_usage_daily.midgress_bytes IS 'Bytes between Akamai servers; NULL when no interval has a number.';
COMMENT ON COLUMN akamai.endpoint_usage_daily.edge_hits_peak IS 'Requests in the busiest five minutes.';
COMMENT ON COLUMN akamai.endpoint_usage_daily.intervals IS 'Five-minute intervals that are there, at most 288.';
COMMENT ON COLUMN akamai.endpoint_usage_daily.zero_intervals IS 'Intervals that are there and had no traffic.';
COMMENT ON COLUMN akamai.endpoint_usage_daily.null_intervals IS 'Intervals for which the vendor wrote N/A.';
COMMENT ON COLUMN akamai.endpoint_usage_daily.is_complete IS 'All 288 intervals are there.';

-- An interval without traffic is a row of 0. Here are the intervals that have no row, although the vendor said that it
-- had all of their window, or has later ones of it.
CREATE VIEW akamai.endpoint_usage_gaps AS
WITH windows AS (
  SELECT account, report_key, period_start, period_end, available_at IS NOT NULL AS is_complete
  FROM ledger.units
  WHERE dataset = 'akamai.endpoint_usage_by_time' AND state IN ('loaded', 'held')
), series AS (
  SELECT account, report_key, object_id, max(period_end) AS newest_end
  FROM akamai.endpoint_usage_by_time
  GROUP BY 1, 2, 3
), expected AS (
  SELECT windows.account, windows.report_key, coalesce(series.object_id, '') AS object_id, slots.slot, windows.is_complete
  FROM windows
  LEFT JOIN series USING (account, report_key)
  CROSS JOIN LATERAL generate_series(
    windows.period_start,
    CASE WHEN windows.is_complete THEN windows.period_end ELSE series.newest_end END - interval '5 minutes',
    interval '5 minutes'
  ) AS slots (slot)
), missing AS (
  SELECT expected.*,
    expected.slot - row_number() OVER (
      PARTITION BY expected.account, expected.report_key, expected.object_id ORDER BY expected.slot) * interval '5 minutes'
      AS island
  FROM expected
  WHERE NOT EXISTS (
    SELECT FROM akamai.endpoint_usage_by_time AS present
    WHERE present.account = expected.account AND present.report_key = expected.report_key
      AND present.period_start = expected.slot AND present.object_id = expected.object_id)
)
SELECT
  account,
  report_key,
  object_id,
  min(slot) AS gap_start,
  max(slot) + interval '5 minutes' AS gap_end,
  count(*) AS intervals,
  bool_and(is_complete) AS is_window_complete
FROM missing
GROUP BY account, report_key, object_id, island;

COMMENT ON VIEW akamai.endpoint_usage_gaps IS
  'Five-minute intervals without a row within what the vendor has. Intervals without traffic have a row of 0 and are no gaps.';
COMMENT ON COLUMN akamai.endpoint_usage_gaps.account IS 'Account name of the source.';
COMMENT ON COLUMN akamai.endpoint_usage_gaps.report_key IS 'The unit.';
COMMENT ON COLUMN akamai.endpoint_usage_gaps.object_id IS 'CP code; blank when the stream adds all of its CP codes up.';
COMMENT ON COLUMN akamai.endpoint_usage_gaps.gap_start IS 'Start of the first missing interval, UTC.';
COMMENT ON COLUMN akamai.endpoint_usage_gaps.gap_end IS 'End of the last missing interval, UTC.';
COMMENT ON COLUMN akamai.endpoint_usage_gaps.intervals IS 'How many are missing in a row.';
COMMENT ON COLUMN akamai.endpoint_usage_gaps.is_window_complete IS 'The vendor said that it has the whole window; otherwise later intervals are there.';

CREATE VIEW akamai.api_calls_hourly AS
SELECT
  account,
  regexp_replace(report_key, '_\d{8}(T\d{4})?$', '') AS series,
  date_trunc('hour', period_start, 'UTC') AS hour,
  count(*) AS calls,
  count(*) FILTER (WHERE response_code ~ '^[45]') AS errors,
  count(DISTINCT client_id) AS clients
FROM akamai.api_usage_details
GROUP BY 1, 2, 3;

COMMENT ON VIEW akamai.api_calls_hourly IS 'Calls of Akamai APIs per hour.';
COMMENT ON COLUMN akamai.api_calls_hourly.account IS 'Account name of the source.';
COMMENT ON COLUMN akamai.api_calls_hourly.series IS 'Report and stream. Different streams may list the same calls.';
COMMENT ON COLUMN akamai.api_calls_hourly.hour IS 'Start of the hour, UTC.';
COMMENT ON COLUMN akamai.api_calls_hourly.calls IS 'Calls.';
COMMENT ON COLUMN akamai.api_calls_hourly.errors IS 'Calls answered with 4xx or 5xx.';
COMMENT ON COLUMN akamai.api_calls_hourly.clients IS 'API clients that called.';

CREATE VIEW akamai.api_calls_daily AS
SELECT
  account,
  regexp_replace(report_key, '_\d{8}(T\d{4})?$', '') AS series,
  (period_start AT TIME ZONE 'UTC')::date AS day,
  count(*) AS calls,
  count(*) FILTER (WHERE response_code ~ '^[45]') AS errors,
  count(DISTINCT client_id) AS clients
FROM akamai.api_usage_details
GROUP BY 1, 2, 3;

COMMENT ON VIEW akamai.api_calls_daily IS 'Calls of Akamai APIs per UTC day.';
COMMENT ON COLUMN akamai.api_calls_daily.account IS 'Account name of the source.';
COMMENT ON COLUMN akamai.api_calls_daily.series IS 'Report and stream. Different streams may list the same calls.';
COMMENT ON COLUMN akamai.api_calls_daily.day IS 'UTC day.';
COMMENT ON COLUMN akamai.api_calls_daily.calls IS 'Calls.';
COMMENT ON COLUMN akamai.api_calls_daily.errors IS 'Calls answered with 4xx or 5xx.';
COMMENT ON COLUMN akamai.api_calls_daily.clients IS 'API clients that called.';

CREATE VIEW akamai.api_call_errors_daily AS
SELECT
  account,
  series,
  day,
  response_class,
  calls,
  round(calls / sum(calls) OVER (PARTITION BY account, series, day), 6) AS share
FROM (
  SELECT
    account,
    regexp_replace(report_key, '_\d{8}(T\d{4})?$', '') AS series,
    (period_start AT TIME ZONE 'UTC')::date AS day,
    coalesce(response_class, CASE
      WHEN response_code ~ '^\d{3}$' THEN left(response_code, 1) || 'xx'
      WHEN response_code ~ '^\d{1,2}$' THEN '0xx'
    END, 'unknown') AS response_class,
    count(*)::numeric AS calls
  FROM akamai.api_usage_details
  GROUP BY 1, 2, 3, 4
) AS classes;

COMMENT ON VIEW akamai.api_call_errors_daily IS 'Share of each class of answers in the calls of Akamai APIs, per UTC day; errors are 4xx and 5xx.';
COMMENT ON COLUMN akamai.api_call_errors_daily.account IS 'Account name of the source.';
COMMENT ON COLUMN akamai.api_call_errors_daily.series IS 'Report and stream.';
COMMENT ON COLUMN akamai.api_call_errors_daily.day IS 'UTC day.';
COMMENT ON COLUMN akamai.api_call_errors_daily.response_class IS '2xx, 4xx and so on; unknown when the vendor gave no code.';
COMMENT ON COLUMN akamai.api_call_errors_daily.calls IS 'Calls answered so.';
COMMENT ON COLUMN akamai.api_call_errors_daily.share IS 'Their share of the day''s calls, 0 to 1.';

CREATE VIEW akamai.api_top_callers_daily AS
SELECT
  account,
  series,
  day,
  rank() OVER (PARTITION BY account, series, day ORDER BY calls DESC) AS rank,
  client_owner,
  client_id,
  calls,
  errors,
  round(calls / sum(calls) OVER (PARTITION BY account, series, day), 6) AS share,
  last_call
FROM (
  SELECT
    account,
    regexp_replace(report_key, '_\d{8}(T\d{4})?$', '') AS series,
    (period_start AT TIME ZONE 'UTC')::date AS day,
    client_owner,
    client_id,
    count(*)::numeric AS calls,
    count(*) FILTER (WHERE response_code ~ '^[45]') AS errors,
    max("timestamp") AS last_call
  FROM akamai.api_usage_details
  GROUP BY 1, 2, 3, 4, 5
) AS callers;

COMMENT ON VIEW akamai.api_top_callers_daily IS 'Who calls Akamai APIs most, per UTC day.';
COMMENT ON COLUMN akamai.api_top_callers_daily.account IS 'Account name of the source.';
COMMENT ON COLUMN akamai.api_top_callers_daily.series IS 'Report and stream.';
COMMENT ON COLUMN akamai.api_top_callers_daily.day IS 'UTC day.';
COMMENT ON COLUMN akamai.api_top_callers_daily.rank IS '1 for the client with the most calls of the day; equal ones share a rank.';
COMMENT ON COLUMN akamai.api_top_callers_daily.client_owner IS 'Owner of the API client.';
COMMENT ON COLUMN akamai.api_top_callers_daily.client_id IS 'API client.';
COMMENT ON COLUMN akamai.api_top_callers_daily.calls IS 'Its calls.';
COMMENT ON COLUMN akamai.api_top_callers_daily.errors IS 'Its calls answered with 4xx or 5xx.';
COMMENT ON COLUMN akamai.api_top_callers_daily.share IS 'Its share of the day''s calls, 0 to 1.';
COMMENT ON COLUMN akamai.api_top_callers_daily.last_call IS 'Its newest call of the day, UTC.';

-- A load that changed or removed rows that were visible before: the vendor revised what it had said.
CREATE VIEW ledger.row_revisions AS
SELECT
  units.account,
  units.dataset,
  units.report_key,
  units.period_start,
  loads.load_id,
  loads.finished_at AS revised_at,
  loads.rows_updated,
  loads.rows_deleted,
  loads.rows_inserted,
  loads.finished_at - units.period_end AS age
FROM ledger.loads
JOIN ledger.units USING (unit_id)
WHERE loads.outcome = 'published' AND (loads.rows_updated > 0 OR loads.rows_deleted > 0);

COMMENT ON VIEW ledger.row_revisions IS 'Loads that changed or removed rows that were visible before.';
COMMENT ON COLUMN ledger.row_revisions.account IS 'Account name of the source.';
COMMENT ON COLUMN ledger.row_revisions.dataset IS 'Dataset.';
COMMENT ON COLUMN ledger.row_revisions.report_key IS 'The unit that was revised.';
COMMENT ON COLUMN ledger.row_revisions.period_start IS 'Start of the unit''s period, UTC.';
COMMENT ON COLUMN ledger.row_revisions.load_id IS 'The load; rows it changed carry it as load_id.';
COMMENT ON COLUMN ledger.row_revisions.revised_at IS 'When it was published.';
COMMENT ON COLUMN ledger.row_revisions.rows_updated IS 'Rows with other values than before.';
COMMENT ON COLUMN ledger.row_revisions.rows_deleted IS 'Rows that are no longer there; of a dataset that is replaced whole, all rows of before.';
COMMENT ON COLUMN ledger.row_revisions.rows_inserted IS 'Rows that were not there before.';
COMMENT ON COLUMN ledger.row_revisions.age IS 'How long after the end of the period.';
