import { randomUUID } from 'node:crypto';
import {
  type Alert,
  type AlertBook,
  type AlertClaim,
  type AlertKind,
  type AlertRules,
  DAY_MS,
} from '@edgeledger/core';
import type { Kysely, Selectable } from 'kysely';
import type { Connection } from '../connect.ts';
import { createTranslator } from '../pg-errors.ts';
import type { WarehouseSchema } from '../schema.ts';
import { toStoredText } from '../stored-text.ts';
import { withTransaction } from '../transaction.ts';
import type { AlertsTable } from './alerts-schema.ts';
import { OPEN_SQL, RESOLVE_SQL } from './conditions.ts';

/** How long nobody else tells what one process has taken on; longer than a delivery may take. */
const CLAIM_MINUTES = 2;
const KEPT_DAYS = 400;
const LOCK_TIMEOUT_MS = 10_000;

/** What was never told, and recoveries of what was. What began and ended untold is nobody's matter any more. */
const PENDING = `((resolved_at IS NULL AND notified_at IS NULL)
  OR (recovered AND notified_at IS NOT NULL AND recovery_notified_at IS NULL))`;

/**
 * `ledger.alerts`. Finding out what changed, and taking on to tell it, are each one transaction under one lock: so
 * several schedulers at once open an alert once, and each change is told by one of them, together with all others.
 */
export function createAlertBook(connection: Connection, database: Kysely<WarehouseSchema>): AlertBook {
  const run = createTranslator(connection.label);
  return {
    refresh: (now, rules) => refresh(connection, now, rules),
    claim: (now) => claim(connection, now),
    recordTold: (claimed, now) =>
      run('Recording that alerts were told', async () => {
        await connection.queries.query(
          `UPDATE ledger.alerts SET attempts = 0, last_error = NULL, next_attempt_at = NULL, claim_id = NULL, claimed_until = NULL,
             notified_at = coalesce(notified_at, $2),
             recovery_notified_at = CASE WHEN notified_at IS NULL THEN recovery_notified_at ELSE $2 END
           WHERE claim_id = $1`,
          [claimed.claimId, now],
        );
      }),
    recordFailed: (claimed, reason, retryAt) =>
      run('Recording that alerts were not told', async () => {
        await connection.queries.query(
          `UPDATE ledger.alerts SET attempts = attempts + 1, last_error = $2, next_attempt_at = $3, claim_id = NULL, claimed_until = NULL
           WHERE claim_id = $1`,
          [claimed.claimId, toStoredText(reason), retryAt],
        );
      }),
    recordSource: (source, reason, now) =>
      run('Recording the state of a source', async () => {
        const key = [source.account, source.vendor, now];
        if (reason === undefined) await connection.queries.query(RESOLVE_SOURCE_SQL, key);
        else await connection.queries.query(OPEN_SOURCE_SQL, [...key, toStoredText(reason)]);
      }),
    findOpen: () =>
      run('Reading the alerts', async () => {
        const rows = await database
          .selectFrom('ledger.alerts')
          .selectAll()
          .where('resolved_at', 'is', null)
          .orderBy('opened_at')
          .orderBy('kind')
          .orderBy('dataset')
          .orderBy('report_key')
          .execute();
        return rows.map(toAlert);
      }),
  };
}

const OPEN_SOURCE_SQL = `
INSERT INTO ledger.alerts AS known (kind, account, dataset, message, opened_at) VALUES ('failed', $1, $2, $4, $3)
ON CONFLICT (kind, account, dataset, report_key, subject) WHERE resolved_at IS NULL
DO UPDATE SET message = excluded.message WHERE known.message <> excluded.message`;

const RESOLVE_SOURCE_SQL = `
UPDATE ledger.alerts SET resolved_at = $3, recovered = true, attempts = 0, last_error = NULL, next_attempt_at = NULL
WHERE kind = 'failed' AND account = $1 AND dataset = $2 AND report_key = '' AND resolved_at IS NULL`;

async function refresh(connection: Connection, now: Date, rules: AlertRules): Promise<void> {
  const options = { pool: 'queries', doing: 'Looking for alerts', lockTimeoutMs: LOCK_TIMEOUT_MS } as const;
  await withTransaction(connection, options, async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('edgeledger.alerts', 0))`);
    await client.query(RESOLVE_SQL, [now, rules.lostSoonDays]);
    await client.query(OPEN_SQL, [now, rules.lostSoonDays]);
    await client.query('DELETE FROM ledger.alerts WHERE resolved_at < $1', [
      new Date(now.getTime() - KEPT_DAYS * DAY_MS),
    ]);
  });
}

async function claim(connection: Connection, now: Date): Promise<AlertClaim | undefined> {
  const options = { pool: 'queries', doing: 'Taking on alerts', lockTimeoutMs: LOCK_TIMEOUT_MS } as const;
  const claimId = randomUUID();
  const rows = await withTransaction(connection, options, async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('edgeledger.alerts', 0))`);
    // leases run on the server's clock, which is the same for all; a receiver that is down gets all of it later
    const result = await client.query<Selectable<AlertsTable>>(
      `UPDATE ledger.alerts SET claim_id = $1, claimed_until = clock_timestamp() + interval '${CLAIM_MINUTES} minutes'
       WHERE ${PENDING} AND (claimed_until IS NULL OR claimed_until <= clock_timestamp())
         AND NOT EXISTS (SELECT FROM ledger.alerts WHERE ${PENDING} AND next_attempt_at > $2)
       RETURNING *`,
      [claimId, now],
    );
    return result.rows;
  });
  if (rows.length === 0) return undefined;
  const alerts = rows.map(toAlert).sort((one, other) => Number(one.alertId) - Number(other.alertId));
  return {
    claimId,
    opened: alerts.filter((alert) => alert.notifiedAt === null),
    recovered: alerts.filter((alert) => alert.notifiedAt !== null),
  };
}

function toAlert(row: Selectable<AlertsTable>): Alert {
  return {
    alertId: row.alert_id,
    kind: row.kind as AlertKind,
    account: row.account,
    dataset: row.dataset,
    reportKey: row.report_key,
    subject: row.subject,
    message: row.message,
    periodStart: row.period_start,
    expiresAt: row.expires_at,
    openedAt: row.opened_at,
    resolvedAt: row.resolved_at,
    notifiedAt: row.notified_at,
    attempts: row.attempts,
    lastError: row.last_error,
  };
}
