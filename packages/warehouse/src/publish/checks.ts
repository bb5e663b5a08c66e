import type { Dataset, Finding, UnitRef } from '@edgeledger/core';
import type pg from 'pg';
import { quoteIdentifier } from '../identifiers.ts';

interface CheckRow {
  readonly kind: Finding['kind'];
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What the dataset's own checks find in the rows as they are now, inside the publishing transaction. */
export async function runChecks(client: pg.PoolClient, dataset: Dataset, unit: UnitRef): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of dataset.checks ?? []) {
    const name = check.split('.').map(quoteIdentifier).join('.');
    const result = await client.query<CheckRow>(`SELECT kind, message, details FROM ${name}($1, $2)`, [
      unit.account,
      unit.reportKey,
    ]);
    findings.push(...result.rows);
  }
  return findings;
}
