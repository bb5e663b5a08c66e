import type { Dataset, Finding, UnitRef } from '@edgeledger/core';
import type pg from 'pg';
import { quoteIdentifier } from '../identifiers.ts';

interface CheckRow {
  readonly kind: Finding['kind'];
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * What the dataset's own checks find in the rows as they are now, inside the publishing transaction. Checks compare
 * datasets, so the units of one account and day check one after the other: the last one sees what all of them wrote.
 */
export async function runChecks(client: pg.PoolClient, dataset: Dataset, unit: UnitRef): Promise<Finding[]> {
  const checks = dataset.checks ?? [];
  if (checks.length === 0) return [];
  await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('edgeledger.checks:' || $1, 0))`, [
    `${unit.account}/${unit.period.start.toISOString().slice(0, 10)}`,
  ]);
  const findings: Finding[] = [];
  for (const check of checks) {
    const name = check.split('.').map(quoteIdentifier).join('.');
    const result = await client.query<CheckRow>(
      `SELECT kind, message, details FROM ${name}($1::text, $2::text)`,
      [unit.account, unit.reportKey],
    );
    findings.push(...result.rows);
  }
  return findings;
}
