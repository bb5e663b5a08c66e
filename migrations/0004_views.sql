-- What people ask the ledger first.

CREATE VIEW ledger.coverage AS
SELECT
  account,
  dataset,
  (period_start AT TIME ZONE 'UTC')::date AS day,
  count(*) AS units,
  count(*) FILTER (WHERE state = 'expected') AS expected,
  count(*) FILTER (WHERE state = 'waiting') AS waiting,
  count(*) FILTER (WHERE state = 'loading') AS loading,
  count(*) FILTER (WHERE state = 'loaded') AS loaded,
  count(*) FILTER (WHERE state = 'failed') AS failed,
  count(*) FILTER (WHERE state = 'lost') AS lost,
  count(*) FILTER (WHERE state = 'held') AS held,
  -- the one that most wants attention
  CASE
    WHEN bool_or(state = 'failed') THEN 'failed'
    WHEN bool_or(state = 'lost') THEN 'lost'
    WHEN bool_or(state = 'held') THEN 'held'
    WHEN bool_or(state = 'loading') THEN 'loading'
    WHEN bool_or(state = 'waiting') THEN 'waiting'
    WHEN bool_or(state = 'expected') THEN 'expected'
    ELSE 'loaded'
  END AS state,
  coalesce(sum(rows), 0)::bigint AS rows,
  coalesce(sum(rejects), 0)::bigint AS rejects,
  max(loaded_at) AS loaded_at
FROM ledger.units
GROUP BY account, dataset, (period_start AT TIME ZONE 'UTC')::date;

COMMENT ON VIEW ledger.coverage IS 'What is there, per dataset and UTC day.';
COMMENT ON COLUMN ledger.coverage.account IS 'Account name of the source.';
COMMENT ON COLUMN ledger.coverage.dataset IS 'Dataset, for example imgix.cdn_logs.';
COMMENT ON COLUMN ledger.coverage.day IS 'UTC day in which the units'' periods start.';
COMMENT ON COLUMN ledger.coverage.units IS 'Units of that day.';
COMMENT ON COLUMN ledger.coverage.expected IS 'Units that should exist and were not looked at yet.';
COMMENT ON COLUMN ledger.coverage.waiting IS 'Units that the vendor does not have yet.';
COMMENT ON COLUMN ledger.coverage.loading IS 'Units that are being read for the first time.';
COMMENT ON COLUMN ledger.coverage.loaded IS 'Units whose rows are visible.';
COMMENT ON COLUMN ledger.coverage.failed IS 'Units whose last attempt failed, with nothing visible.';
COMMENT ON COLUMN ledger.coverage.lost IS 'Units that the vendor no longer keeps.';
COMMENT ON COLUMN ledger.coverage.held IS 'Loaded units of which a revision is kept back.';
COMMENT ON COLUMN ledger.coverage.state IS 'Of the units'' states the one that most wants attention; loaded when all are.';
COMMENT ON COLUMN ledger.coverage.rows IS 'Rows that are visible.';
COMMENT ON COLUMN ledger.coverage.rejects IS 'Records that could not be accepted.';
COMMENT ON COLUMN ledger.coverage.loaded_at IS 'When the last of them was loaded.';

CREATE VIEW ledger.gaps AS
SELECT
  account,
  dataset,
  report_key,
  period_start,
  period_end,
  state,
  error_code,
  error_message,
  expires_at,
  CASE
    WHEN state = 'lost' THEN 0
    ELSE round((extract(epoch FROM expires_at - now()) / 86400)::numeric, 1)
  END AS days_left
FROM ledger.units
WHERE state NOT IN ('loaded', 'held');

COMMENT ON VIEW ledger.gaps IS 'Units that should be loaded and are not.';
COMMENT ON COLUMN ledger.gaps.account IS 'Account name of the source.';
COMMENT ON COLUMN ledger.gaps.dataset IS 'Dataset, for example imgix.cdn_logs.';
COMMENT ON COLUMN ledger.gaps.report_key IS 'The unit''s report key.';
COMMENT ON COLUMN ledger.gaps.period_start IS 'Start of the missing period, UTC, inclusive.';
COMMENT ON COLUMN ledger.gaps.period_end IS 'End of the missing period, UTC, exclusive.';
COMMENT ON COLUMN ledger.gaps.state IS 'expected, waiting, loading, failed or lost.';
COMMENT ON COLUMN ledger.gaps.error_code IS 'Code of the last error.';
COMMENT ON COLUMN ledger.gaps.error_message IS 'What went wrong last, or why it is not there yet.';
COMMENT ON COLUMN ledger.gaps.expires_at IS 'When the vendor drops it.';
COMMENT ON COLUMN ledger.gaps.days_left IS
  'Days until the vendor drops it; 0 when it is lost, negative when it is overdue, NULL when not known.';

CREATE VIEW ledger.freshness AS
WITH judged AS (
  SELECT
    account, dataset, period_start, period_end, loaded_at, settled_at, state,
    -- a period of which only the beginning could be read is loaded, but not complete
    state IN ('loaded', 'held')
      AND (available_at IS NOT NULL OR settled_at IS NOT NULL OR next_check_at IS NULL) AS complete
  FROM ledger.units
), first_gaps AS (
  SELECT
    account, dataset,
    min(period_start) FILTER (WHERE NOT complete) AS incomplete_from,
    min(period_start) FILTER (WHERE settled_at IS NULL) AS unsettled_from
  FROM judged
  GROUP BY account, dataset
), reached AS (
  SELECT
    account,
    dataset,
    incomplete_from,
    unsettled_from,
    max(period_end) FILTER (WHERE incomplete_from IS NULL OR period_start < incomplete_from) AS complete_end,
    max(period_end) FILTER (WHERE unsettled_from IS NULL OR period_start < unsettled_from) AS settled_end,
    max(loaded_at) AS newest_loaded_at,
    count(*) FILTER (WHERE state NOT IN ('loaded', 'held')) AS gaps
  FROM judged
  JOIN first_gaps USING (account, dataset)
  GROUP BY account, dataset, incomplete_from, unsettled_from
)
SELECT
  account,
  dataset,
  -- least() passes over NULL: without the CASE a missing first unit would look complete up to its own start
  CASE WHEN complete_end IS NOT NULL THEN least(complete_end, incomplete_from) END AS complete_through,
  newest_loaded_at,
  CASE WHEN settled_end IS NOT NULL THEN least(settled_end, unsettled_from) END AS settled_through,
  gaps
FROM reached;

COMMENT ON VIEW ledger.freshness IS 'How far each dataset may be trusted.';
COMMENT ON COLUMN ledger.freshness.account IS 'Account name of the source.';
COMMENT ON COLUMN ledger.freshness.dataset IS 'Dataset, for example imgix.cdn_logs.';
COMMENT ON COLUMN ledger.freshness.complete_through IS
  'Everything known from the first unit up to here is loaded without a gap, and the vendor had all of it. NULL when the first unit is missing.';
COMMENT ON COLUMN ledger.freshness.newest_loaded_at IS 'When something of it was loaded last.';
COMMENT ON COLUMN ledger.freshness.settled_through IS 'Up to here the vendor will not change anything any more.';
COMMENT ON COLUMN ledger.freshness.gaps IS 'Units that are not loaded.';
