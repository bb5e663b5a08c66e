import type { Finding, UnitRef } from '@edgeledger/core';
import type pg from 'pg';
import { toStoredJson, toStoredText } from '../stored-text.ts';

/**
 * Brings the open findings of a unit in line with what its newest load found: an identical open one stays as it
 * is, one that no longer occurs is resolved, the rest is new. Findings of a check over several units are that check's.
 * What the vendor says of a report as such (details name the `report`) comes with every unit of it, from any worker;
 * it is open once, with the unit that brought it first.
 */
export async function recordFindings(
  client: pg.PoolClient,
  unit: UnitRef,
  findings: readonly Finding[],
  now: Date,
): Promise<void> {
  const key = [unit.account, unit.dataset, unit.reportKey];
  const kinds = findings.map((finding) => finding.kind);
  const messages = findings.map((finding) => toStoredText(finding.message));
  await client.query(
    `UPDATE ledger.findings SET resolved_at = $6
     WHERE account = $1 AND dataset = $2 AND report_key = $3 AND resolved_at IS NULL
       AND NOT details ? 'check'
       AND (kind, message) NOT IN (SELECT * FROM unnest($4::text[], $5::text[]))`,
    [...key, kinds, messages, now],
  );
  if (findings.length === 0) return;
  if (findings.some((finding) => 'report' in finding.details)) await lockReportFindings(client, unit);
  await client.query(
    `INSERT INTO ledger.findings (account, dataset, report_key, kind, message, details, created_at)
     SELECT DISTINCT ON (kind, message) $1, $2, $3, kind, message, details, $7::timestamptz
     FROM unnest($4::text[], $5::text[], $6::jsonb[]) AS found (kind, message, details)
     WHERE NOT EXISTS (
       SELECT FROM ledger.findings AS known
       WHERE known.account = $1 AND known.dataset = $2 AND (known.report_key = $3 OR found.details ? 'report')
         AND known.kind = found.kind AND known.message = found.message AND known.resolved_at IS NULL)`,
    [...key, kinds, messages, findings.map((finding) => toStoredJson(finding.details)), now],
  );
}

/** Units of one report that are published at the same time look for such a finding one after the other. */
async function lockReportFindings(client: pg.PoolClient, { account, dataset }: UnitRef): Promise<void> {
  await client.query(
    `SELECT pg_advisory_xact_lock(hashtextextended('edgeledger.findings/' || $1 || '/' || $2, 0))`,
    [account, dataset],
  );
}
