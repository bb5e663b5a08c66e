import type { PublishRequest } from '@edgeledger/core';
import type pg from 'pg';
import { PARTS_SQL } from '../end-load.ts';
import type { LoadIdentity } from '../load-identity.ts';
import type { RowCounts } from './source.ts';
import type { StagedLoad } from './staged-load.ts';

interface LoadRecord {
  readonly outcome: 'published' | 'unchanged' | 'held';
  readonly request: Pick<PublishRequest, 'vendorReportId' | 'revision'>;
  readonly counts: RowCounts;
  readonly staged: StagedLoad;
  readonly now: Date;
}

export async function recordLoad(
  client: pg.PoolClient,
  load: LoadIdentity,
  record: LoadRecord,
): Promise<void> {
  const { counts, staged } = record;
  await client.query(
    `UPDATE ledger.loads SET
       outcome = $2, finished_at = $3, rows_inserted = $4, rows_updated = $5, rows_unchanged = $6, rows_deleted = $7,
       rejects = $8, bytes = $9, vendor_report_id = $10, revision = $11, parts = (SELECT ${PARTS_SQL} FROM staging.parts WHERE parts.load_id = $1)
     WHERE load_id = $1`,
    [
      load.loadId,
      record.outcome,
      record.now,
      counts.inserted,
      counts.updated,
      counts.unchanged,
      counts.deleted,
      staged.rejects,
      staged.bytes,
      record.request.vendorReportId,
      record.request.revision,
    ],
  );
}

interface UnitUpdate {
  readonly request: PublishRequest;
  readonly counts: RowCounts;
  readonly staged: StagedLoad;
  readonly settled: boolean;
  readonly unchanged: boolean;
}

export async function recordUnit(
  client: pg.PoolClient,
  load: LoadIdentity,
  update: UnitUpdate,
): Promise<void> {
  const { request, counts, staged, settled, unchanged } = update;
  await client.query(
    `UPDATE ledger.units SET
       state = 'loaded', vendor_report_id = $2, revision = $3, parts = $4, rows = $5, rejects = $6, bytes = $7,
       fingerprint = $8, pruned_at = NULL, error_code = NULL, error_message = NULL,
       held_fingerprint = NULL, held_revision = NULL, held_rows = NULL, held_at = NULL,
       available_at = least(available_at, $9),
       -- a revision that came after all begins a new settled time
       settled_at = CASE WHEN $10 AND $13 THEN coalesce(settled_at, $11) WHEN $10 THEN $11 END,
       next_check_at = CASE WHEN $10 THEN $15::timestamptz ELSE $12::timestamptz END,
       -- an unchanged load wrote no row: what is visible is still the earlier one's
       load_id = CASE WHEN $13 THEN load_id ELSE $14::bigint END,
       loaded_at = CASE WHEN $13 THEN loaded_at ELSE $11 END
     WHERE unit_id = $1`,
    [
      load.unitId,
      request.vendorReportId,
      request.revision,
      staged.parts.length,
      counts.inserted + counts.updated + counts.unchanged,
      staged.rejects,
      staged.bytes,
      staged.fingerprint,
      request.availableAt,
      settled,
      request.now,
      request.nextCheckAt,
      unchanged,
      load.loadId,
      request.confirmAt ?? null,
    ],
  );
}
