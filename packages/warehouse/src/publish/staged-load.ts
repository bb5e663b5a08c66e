import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { LoadIdentity } from '../load-identity.ts';
import { type StagedPart, stagingTable } from '../staging.ts';

/** Everything that was staged for a load, as its receipts say it. */
export interface StagedLoad {
  readonly parts: readonly StagedPart[];
  readonly rows: number;
  readonly rejects: number;
  readonly bytes: number;
  /** Hash over the fingerprints of all parts, in part order. */
  readonly fingerprint: string;
}

interface ReceiptRow {
  readonly part_no: number;
  readonly columns: readonly string[];
  readonly rows: string;
  readonly rejects: string;
  readonly bytes: string;
  readonly fingerprint: string;
  readonly has_own_table: boolean;
}

export async function readStaged(client: pg.PoolClient, load: LoadIdentity): Promise<StagedLoad> {
  const receipts = await client.query<ReceiptRow>(
    `SELECT part_no, columns, rows, rejects, bytes, fingerprint,
       EXISTS (SELECT FROM pg_class WHERE relnamespace = 'staging'::regnamespace
         AND relname = 'load_' || load_id || '_part_' || part_no) AS has_own_table
     FROM staging.parts WHERE load_id = $1 ORDER BY part_no`,
    [load.loadId],
  );
  const hash = createHash('sha256');
  for (const receipt of receipts.rows) hash.update(`${receipt.part_no}:${receipt.fingerprint}\n`);
  const sum = (pick: (receipt: ReceiptRow) => string) =>
    receipts.rows.reduce((total, receipt) => total + Number(pick(receipt)), 0);
  return {
    parts: receipts.rows.map((receipt) => ({
      partNo: receipt.part_no,
      relation: stagingTable(load.loadId, receipt.part_no),
      columns: receipt.columns,
      rows: Number(receipt.rows),
      inLeaf: !receipt.has_own_table,
    })),
    rows: sum((receipt) => receipt.rows),
    rejects: sum((receipt) => receipt.rejects),
    bytes: sum((receipt) => receipt.bytes),
    fingerprint: hash.digest('hex'),
  };
}
