import { ERROR_CODES } from '@edgeledger/core';

/** Failures that mostly heal by themselves are worth a person only when they have come so often. */
const TRANSIENT_ATTEMPTS = 3;

/** How long what is merely an event stays in the list of open alerts, in days. */
const EVENT_DAYS = 7;

const TRANSIENT = ERROR_CODES.TransientError.map((code) => `'${code}'`).join(', ');

/** A unit whose last attempt failed in a way that a person should know of. */
const IS_FAILURE = `error_code IS NOT NULL AND state IN ('failed', 'loaded', 'held')
  AND (error_code NOT IN (${TRANSIENT}) OR attempts >= ${TRANSIENT_ATTEMPTS})`;

/**
 * Everything that is wrong now, in the columns of `ledger.alerts`. $1 is now, $2 the days of `lost-soon`. A unit that
 * was only just expected is not lost soon: a backfill that has begun finds the oldest days first.
 */
const CURRENT_SQL = `
SELECT CASE WHEN error_code = 'unit.rejects-above-threshold' THEN 'rejects' ELSE 'failed' END AS kind,
  account, dataset, report_key, '' AS subject, coalesce(error_message, error_code) AS message, period_start, expires_at
FROM ledger.units WHERE ${IS_FAILURE}
UNION ALL
SELECT 'lost-soon', account, dataset, report_key, '',
  'Not loaded, and the vendor drops it at ' || to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'
    || coalesce(': ' || error_message, '.'),
  period_start, expires_at
FROM ledger.units
WHERE state IN ('expected', 'waiting', 'failed', 'loading') AND expires_at > $1 AND expires_at <= $1 + $2 * interval '1 day'
  AND (state = 'waiting' OR (${IS_FAILURE}) OR first_seen_at <= $1 - interval '1 hour')
UNION ALL
SELECT 'lost', account, dataset, report_key, '', coalesce(error_message, 'The vendor no longer keeps it.'), period_start, expires_at
FROM ledger.units
WHERE state = 'lost' AND NOT EXISTS (
  SELECT FROM ledger.alerts AS known WHERE known.kind = 'lost'
    AND (known.account, known.dataset, known.report_key) = (units.account, units.dataset, units.report_key)
    AND known.resolved_at IS NOT NULL AND NOT known.recovered)
UNION ALL
SELECT DISTINCT ON (findings.kind, account, dataset, report_key)
  findings.kind, account, dataset, report_key, '', findings.message, units.period_start, units.expires_at
FROM ledger.findings LEFT JOIN ledger.units USING (account, dataset, report_key)
WHERE findings.kind IN ('late', 'shrunk') AND findings.resolved_at IS NULL
UNION ALL
SELECT DISTINCT ON (dataset, column_name) 'schema-drift', '', dataset, '', column_name,
  'The column ' || column_name || ' (' || type || ') was added: ' || report_key || ' brought it under the header "'
    || left(header, 200) || '".',
  NULL, NULL
FROM ledger.schema_changes AS added
WHERE action = 'added' AND NOT EXISTS (
  SELECT FROM ledger.alerts AS known WHERE known.kind = 'schema-drift'
    AND (known.dataset, known.subject) = (added.dataset, added.column_name)
    AND known.resolved_at IS NOT NULL AND known.opened_at >= added.created_at)`;

/** Opens what is new, and keeps the words of what is open up to date. */
export const OPEN_SQL = `
INSERT INTO ledger.alerts AS known (kind, account, dataset, report_key, subject, message, period_start, expires_at, opened_at)
SELECT kind, account, dataset, report_key, subject, message, period_start, expires_at, $1::timestamptz FROM (${CURRENT_SQL}) AS now_wrong
ORDER BY kind, account, dataset, now_wrong.period_start DESC NULLS FIRST, report_key
ON CONFLICT (kind, account, dataset, report_key, subject) WHERE resolved_at IS NULL
DO UPDATE SET message = excluded.message, expires_at = excluded.expires_at
WHERE (known.message, known.expires_at) IS DISTINCT FROM (excluded.message, excluded.expires_at)`;

/**
 * Resolves what is over. A unit that is being tried again is not over: only its rows being visible is. What ended
 * because something else took its place (the report is lost now) ends without a message.
 */
export const RESOLVE_SQL = `
WITH now_wrong AS MATERIALIZED (${CURRENT_SQL}), ended AS (
  SELECT alert_id,
    CASE
      WHEN alerts.kind IN ('failed', 'rejects') AND report_key <> '' THEN
        units.unit_id IS NULL OR units.state = 'lost' OR (units.state IN ('loaded', 'held') AND units.error_code IS NULL)
        OR (units.state <> 'loading' AND EXISTS (SELECT FROM now_wrong WHERE now_wrong.kind IN ('failed', 'rejects')
          AND now_wrong.kind <> alerts.kind AND (now_wrong.account, now_wrong.dataset, now_wrong.report_key)
            = (alerts.account, alerts.dataset, alerts.report_key)))
      WHEN alerts.kind = 'lost-soon' THEN
        units.unit_id IS NULL OR units.state IN ('loaded', 'held', 'lost')
        OR units.expires_at > $1 + ($2 + 1) * interval '1 day'
      WHEN alerts.kind = 'lost' THEN
        units.unit_id IS NULL OR units.state <> 'lost' OR alerts.opened_at <= $1 - interval '${EVENT_DAYS} days'
      WHEN alerts.kind IN ('late', 'shrunk') THEN NOT EXISTS (SELECT FROM now_wrong WHERE now_wrong.kind = alerts.kind
        AND (now_wrong.account, now_wrong.dataset, now_wrong.report_key) = (alerts.account, alerts.dataset, alerts.report_key))
      WHEN alerts.kind = 'schema-drift' THEN alerts.opened_at <= $1 - interval '${EVENT_DAYS} days'
        OR EXISTS (SELECT FROM ledger.schema_changes AS mapped WHERE mapped.action <> 'added'
          AND mapped.dataset = alerts.dataset AND alerts.subject IN (mapped.column_name, mapped.header)
          AND mapped.created_at >= alerts.opened_at)
      ELSE false
    END AS is_over,
    alerts.kind = 'shrunk' OR (alerts.kind <> 'schema-drift' AND units.state IN ('loaded', 'held')
      AND (alerts.kind NOT IN ('failed', 'rejects') OR units.error_code IS NULL)) AS is_well
  FROM ledger.alerts LEFT JOIN ledger.units USING (account, dataset, report_key)
  WHERE alerts.resolved_at IS NULL
)
UPDATE ledger.alerts SET resolved_at = $1, recovered = coalesce(is_well, false), attempts = 0, last_error = NULL,
  next_attempt_at = NULL
FROM ended WHERE ended.alert_id = alerts.alert_id AND is_over`;
