import { TransientError } from '@edgeledger/core';
import type pg from 'pg';
import { readTableColumns, type TableColumns } from '../columns.ts';
import { toDataTable } from '../identifiers.ts';
import type { LoadIdentity } from '../load-identity.ts';
import type { StagedPart } from '../staging.ts';
import type { LockedUnit } from '../unit-lock.ts';
import type { PublishTarget } from './source.ts';
import type { StagedLoad } from './staged-load.ts';

export async function toPublishTarget(
  client: pg.PoolClient,
  load: LoadIdentity,
  parts: readonly StagedPart[],
): Promise<PublishTarget> {
  const table = toDataTable(load.dataset);
  const columns = await readTableColumns(client, table);
  assertColumns(columns, parts, `Publishing ${load.label}`);
  return { dataset: load.dataset, table, columns, unit: load.unit, loadId: load.loadId, parts };
}

/**
 * Columns are added before a part is staged. Where one is missing when it is published, somebody renamed or dropped it
 * meanwhile: its values would have no place, and nobody would notice.
 */
export function assertColumns(columns: TableColumns, parts: readonly StagedPart[], doing: string): void {
  const missing = parts.flatMap((part) => part.columns).find((name) => !columns.has(name));
  if (missing === undefined) return;
  throw new TransientError(
    'load.staging-lost',
    `${doing}: column ${missing} was renamed or dropped in its table meanwhile. Nothing was published; it is loaded anew.`,
  );
}

/**
 * Equal content needs no write at all. The rows are counted all the same (an index scan), so that loading a
 * unit again brings back rows that somebody deleted by hand.
 */
export async function isVisibleAlready(
  client: pg.PoolClient,
  target: PublishTarget,
  { unit, staged }: { readonly unit: LockedUnit; readonly staged: StagedLoad },
): Promise<boolean> {
  const isVisible = unit.state === 'loaded' || unit.state === 'held';
  if (!isVisible || unit.fingerprint !== staged.fingerprint || unit.rows === null) return false;
  const { account, reportKey, period } = target.unit;
  // the period keeps a partitioned table from being looked through
  const count = await client.query<{ rows: string }>(
    `SELECT count(*) AS rows FROM ${target.table.sql}
     WHERE account = $1 AND report_key = $2 AND period_start >= $3 AND period_start < $4`,
    [account, reportKey, period.start, period.end],
  );
  return count.rows[0]?.rows === unit.rows;
}
