import {
  type EdgeledgerError,
  type ExpectedUnit,
  type Ledger,
  toUnitId,
  type UnitFilter,
  type UnitRecord,
  type UnitRef,
} from '@edgeledger/core';
import type pg from 'pg';
import type { Connection } from './connect.ts';
import { recordLate, resolveLateSql } from './lateness.ts';
import { findOpen } from './open-units.ts';
import { createTranslator } from './pg-errors.ts';
import { findFirstDays, findReading } from './readings.ts';
import { retryDelaySql } from './retry-delay.ts';
import { toStoredText } from './stored-text.ts';
import { withTransaction } from './transaction.ts';
import {
  findUnitRecord,
  hasLaterLoad,
  SELECT_UNITS_SQL,
  toUnitRecord,
  type UnitRow,
} from './unit-records.ts';

/** Units that one statement records. */
const CHUNK = 2_000;

/** Readers trust what these hold: no failure and no waiting changes them. */
const VISIBLE = `('loaded', 'held')`;

export function createLedger(connection: Connection): Ledger {
  const { queries } = connection;
  const run = createTranslator(connection.label);
  return {
    findUnits: (filter) => run('Reading the ledger', () => findUnits(queries, filter)),
    findUnit: (key) => run('Reading the ledger', () => findUnitRecord(queries, key)),
    hasLaterLoad: (key) => run('Reading the ledger', () => hasLaterLoad(queries, key)),
    findOpen: (filter) => run('Reading the ledger', () => findOpen(connection, filter)),
    findFirstDays: (account) => run('Reading the ledger', () => findFirstDays(connection, account)),
    findReading: (key) => run('Reading the ledger', () => findReading(connection, key)),
    recordExpected: (units, now) =>
      run('Recording expected units', () => recordExpected(connection, units, now)),
    recordWaiting: (unit, until, reason) =>
      run(`Recording that ${toUnitId(unit)} waits`, () => recordWaiting(connection, unit, until, reason)),
    recordLate: (units, now) => run('Recording what is late', () => recordLate(connection, units, now)),
    recordLost: (unit, reason) =>
      run(`Recording that ${toUnitId(unit)} is lost`, () => recordLost(connection, unit, reason)),
    recordExpired: (account, datasets, now) =>
      run('Recording what has expired', () => recordExpired(connection, { account, datasets, now })),
    recordFailure: (unit, error, now) =>
      run(`Recording the failure of ${toUnitId(unit)}`, () =>
        recordFailure(connection, { unit, error, now }),
      ),
  };
}

async function findUnits(queries: pg.Pool, filter: UnitFilter): Promise<readonly UnitRecord[]> {
  const { rows } = await queries.query<UnitRow>(
    `${SELECT_UNITS_SQL}
     WHERE account = $1 AND period_start >= $2 AND period_start < $3
       AND ($4::text[] IS NULL OR dataset = ANY ($4)) AND ($5::text[] IS NULL OR report_key = ANY ($5))
     ORDER BY dataset, period_start, report_key`,
    [filter.account, filter.from, filter.to, filter.datasets ?? null, filter.reportKeys ?? null],
  );
  return rows.map(toUnitRecord);
}

/**
 * What the vendor lists never overwrites the id and revision of a visible load: the difference between the two
 * is how the planner sees that a report was issued again. The last condition keeps a tick that learns nothing
 * new from writing anything.
 */
const RECORD_EXPECTED_SQL = `
INSERT INTO ledger.units AS known (
  account, dataset, report_key, period_start, period_end, vendor_report_id, revision, expires_at, next_check_at,
  available_at, first_seen_at)
SELECT account, dataset, report_key, period_start, period_end, vendor_report_id, revision, expires_at, due_at,
  CASE WHEN completed THEN $2::timestamptz END, $2::timestamptz
FROM jsonb_to_recordset($1::jsonb) AS listed (
  account text, dataset text, report_key text, period_start timestamptz, period_end timestamptz,
  vendor_report_id text, revision text, expires_at timestamptz, due_at timestamptz, completed boolean)
ORDER BY account, dataset, report_key
ON CONFLICT (account, dataset, report_key) DO UPDATE SET
  state = CASE WHEN known.state = 'lost' AND excluded.available_at IS NOT NULL THEN 'expected' ELSE known.state END,
  vendor_report_id = CASE WHEN known.state IN ${VISIBLE} THEN known.vendor_report_id
    ELSE coalesce(excluded.vendor_report_id, known.vendor_report_id) END,
  revision = CASE WHEN known.state IN ${VISIBLE} THEN known.revision
    ELSE coalesce(excluded.revision, known.revision) END,
  expires_at = excluded.expires_at,
  available_at = coalesce(known.available_at, excluded.available_at),
  next_check_at = CASE WHEN known.state = 'expected' THEN excluded.next_check_at ELSE known.next_check_at END
WHERE (known.expires_at IS DISTINCT FROM excluded.expires_at)
  OR (known.available_at IS NULL AND excluded.available_at IS NOT NULL)
  OR (known.state = 'lost' AND excluded.available_at IS NOT NULL)
  OR (known.state = 'expected' AND known.next_check_at IS DISTINCT FROM excluded.next_check_at)
  OR (known.state NOT IN ${VISIBLE}
    AND (known.vendor_report_id, known.revision) IS DISTINCT FROM (
      coalesce(excluded.vendor_report_id, known.vendor_report_id), coalesce(excluded.revision, known.revision)))`;

async function recordExpected(
  connection: Connection,
  units: readonly ExpectedUnit[],
  now: Date,
): Promise<void> {
  // one statement cannot touch one row twice: of the same unit the last one counts
  const distinct = [...new Map(units.map((unit) => [toUnitId(unit), unit])).values()];
  for (let start = 0; start < distinct.length; start += CHUNK) {
    const chunk = distinct.slice(start, start + CHUNK).map((unit) => ({
      account: unit.account,
      dataset: unit.dataset,
      report_key: unit.reportKey,
      period_start: unit.period.start,
      period_end: unit.period.end,
      vendor_report_id: unit.listed?.vendorReportId ?? null,
      revision: unit.listed?.revision ?? null,
      expires_at: unit.expiresAt,
      due_at: unit.dueAt,
      completed: unit.listed?.completed ?? false,
    }));
    await connection.queries.query(RECORD_EXPECTED_SQL, [JSON.stringify(chunk), now]);
  }
}

function keyParameters(unit: UnitRef): unknown[] {
  return [unit.account, unit.dataset, unit.reportKey, unit.period.start, unit.period.end];
}

async function recordWaiting(
  connection: Connection,
  unit: UnitRef,
  until: Date,
  reason: string,
): Promise<void> {
  await connection.queries.query(
    `INSERT INTO ledger.units AS known
       (account, dataset, report_key, period_start, period_end, state, next_check_at, error_message)
     VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7)
     ON CONFLICT (account, dataset, report_key) DO UPDATE SET
       next_check_at = excluded.next_check_at,
       state = CASE WHEN known.state IN ${VISIBLE} THEN known.state ELSE 'waiting' END,
       error_code = CASE WHEN known.state IN ${VISIBLE} THEN known.error_code END,
       error_message = CASE WHEN known.state IN ${VISIBLE} THEN known.error_message ELSE excluded.error_message END`,
    [...keyParameters(unit), until, toStoredText(reason)],
  );
}

async function recordLost(connection: Connection, unit: UnitRef, given: string): Promise<void> {
  const reason = toStoredText(given);
  const options = { pool: 'queries', doing: `Recording that ${toUnitId(unit)} is lost` } as const;
  await withTransaction(connection, options, async (client) => {
    const result = await client.query<{ state: string }>(
      `INSERT INTO ledger.units AS known
         (account, dataset, report_key, period_start, period_end, state, error_code, error_message)
       VALUES ($1, $2, $3, $4, $5, 'lost', 'source.gone', $6)
       ON CONFLICT (account, dataset, report_key) DO UPDATE SET
         next_check_at = NULL,
         -- what the vendor no longer has, it cannot change any more either
         settled_at = CASE WHEN known.state IN ${VISIBLE} THEN coalesce(known.settled_at, now()) END,
         state = CASE WHEN known.state IN ${VISIBLE} THEN known.state ELSE 'lost' END,
         error_code = CASE WHEN known.state IN ${VISIBLE} THEN known.error_code ELSE excluded.error_code END,
         error_message = CASE WHEN known.state IN ${VISIBLE} THEN known.error_message ELSE excluded.error_message END
       RETURNING state`,
      [...keyParameters(unit), reason],
    );
    if (result.rows[0]?.state !== 'lost') return;
    await client.query(resolveLateSql('account = $1 AND dataset = $2 AND report_key = $3', 'now()'), [
      unit.account,
      unit.dataset,
      unit.reportKey,
    ]);
    await client.query(
      `INSERT INTO ledger.findings (account, dataset, report_key, kind, message)
       SELECT $1, $2, $3, 'lost', $4
       WHERE NOT EXISTS (
         SELECT FROM ledger.findings
         WHERE account = $1 AND dataset = $2 AND report_key = $3 AND kind = 'lost' AND resolved_at IS NULL)`,
      [unit.account, unit.dataset, unit.reportKey, reason],
    );
  });
}

interface Expiry {
  readonly account: string;
  readonly datasets: readonly string[];
  readonly now: Date;
}

async function recordExpired(connection: Connection, expiry: Expiry): Promise<number> {
  const result = await connection.queries.query(
    `WITH expired AS (
       UPDATE ledger.units SET state = 'lost', error_code = 'source.gone', next_check_at = NULL,
         error_message = 'The vendor kept it until ' || to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC.'
       WHERE account = $1 AND dataset = ANY ($2::text[]) AND state IN ('expected', 'waiting', 'failed') AND expires_at <= $3
       RETURNING account, dataset, report_key, error_message
     ), resolved AS (
       ${resolveLateSql('(account, dataset, report_key) IN (SELECT account, dataset, report_key FROM expired)', '$3')}
     )
     INSERT INTO ledger.findings (account, dataset, report_key, kind, message)
     SELECT account, dataset, report_key, 'lost', error_message FROM expired`,
    [expiry.account, [...expiry.datasets], expiry.now],
  );
  return result.rowCount ?? 0;
}

interface Failure {
  readonly unit: UnitRef;
  readonly error: EdgeledgerError;
  readonly now: Date;
}

async function recordFailure(connection: Connection, { unit, error, now }: Failure): Promise<void> {
  await connection.queries.query(
    `INSERT INTO ledger.units AS known
       (account, dataset, report_key, period_start, period_end, state, attempts, error_code, error_message, next_check_at)
     VALUES ($1, $2, $3, $4, $5, 'failed', 1, $6, $7, $8::timestamptz + ${retryDelaySql('1', error)})
     ON CONFLICT (account, dataset, report_key) DO UPDATE SET
       attempts = CASE WHEN known.state IN ${VISIBLE} AND known.error_code IS NULL THEN 1 ELSE known.attempts + 1 END,
       state = CASE WHEN known.state IN ${VISIBLE} THEN known.state ELSE 'failed' END,
       error_code = excluded.error_code,
       error_message = excluded.error_message,
       next_check_at = $8::timestamptz + ${retryDelaySql(
         `CASE WHEN known.state IN ${VISIBLE} AND known.error_code IS NULL THEN 1 ELSE known.attempts + 1 END`,
         error,
       )}`,
    [...keyParameters(unit), error.code, toStoredText(error.message), now],
  );
  if (error.code === 'source.report-unavailable') await recordUnavailable(connection, { unit, error, now });
}

/** A report that the vendor took away is one finding, not one for each of its days. */
async function recordUnavailable(connection: Connection, { unit, error, now }: Failure): Promise<void> {
  await connection.queries.query(
    `INSERT INTO ledger.findings (account, dataset, report_key, kind, message, created_at)
     SELECT $1, $2, $3, 'unavailable', $4, $5::timestamptz
     WHERE NOT EXISTS (
       SELECT FROM ledger.findings
       WHERE account = $1 AND dataset = $2 AND kind = 'unavailable' AND resolved_at IS NULL)`,
    [unit.account, unit.dataset, unit.reportKey, toStoredText(error.message), now],
  );
}
