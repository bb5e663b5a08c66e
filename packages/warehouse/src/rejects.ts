import type { Reject } from '@edgeledger/core';
import type pg from 'pg';
import type { Connection } from './connect.ts';

/** Rejects of one part that are kept. A report with more is wrong as a whole; the rest is only counted. */
export const STORED_REJECTS_PER_PART = 10_000;

/** Rejects in one statement: each may hold 64 KiB. */
const CHUNK = 100;

/** Postgres text cannot hold NUL; a visible stand-in keeps the record readable. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '\u2400');
}

/**
 * Writes rejects to staging while a part streams, on a connection of its own because the part's is busy with
 * COPY. They stay when the part fails: then they may be the reason.
 */
export async function stageRejects(
  connection: Connection,
  target: { readonly loadId: string; readonly partNo: number },
  rejects: readonly Reject[],
): Promise<void> {
  for (let start = 0; start < rejects.length; start += CHUNK) {
    const chunk = rejects.slice(start, start + CHUNK);
    await connection.queries.query(
      `INSERT INTO staging.rejects (load_id, part_no, line, column_name, code, message, raw)
       SELECT $1, $2, * FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[])`,
      [
        target.loadId,
        target.partNo,
        chunk.map((reject) => reject.line),
        chunk.map((reject) => (reject.columnName === null ? null : withoutNul(reject.columnName))),
        chunk.map((reject) => reject.code),
        chunk.map((reject) => withoutNul(reject.message)),
        chunk.map((reject) => withoutNul(reject.raw)),
      ],
    );
  }
}

export interface RejectMove {
  readonly unitId: string;
  readonly loadId: string;
  /** Rejects of these loads of the unit stay; those of its other loads are outdated. */
  readonly keepLoadIds: readonly (string | null)[];
  /** The load they are filed under. */
  readonly fileUnder: string;
}

/** Moves staged rejects into the ledger and drops the outdated ones of the unit. */
export async function moveRejects(client: pg.PoolClient, move: RejectMove): Promise<void> {
  await client.query(
    `DELETE FROM ledger.rejects USING ledger.loads
     WHERE loads.unit_id = $1 AND rejects.load_id = loads.load_id AND rejects.load_id <> ALL ($2::bigint[])`,
    [move.unitId, move.keepLoadIds.filter((id) => id !== null)],
  );
  await client.query(
    `INSERT INTO ledger.rejects
       (load_id, account, dataset, report_key, part, line, column_name, code, message, raw)
     SELECT $2, account, dataset, report_key, part_no, line, column_name, code, message, raw
     FROM staging.rejects, ledger.units
     WHERE rejects.load_id = $1 AND unit_id = $3
     ORDER BY part_no, line`,
    [move.loadId, move.fileUnder, move.unitId],
  );
}

/** Whether the staged rejects are exactly those that the ledger has of another load. */
export async function areRejectsEqual(
  client: pg.PoolClient,
  loadId: string,
  otherLoadId: string | null,
): Promise<boolean> {
  const digest = (part: string) =>
    `SELECT count(*)::text || ':' || coalesce(sum(hashtextextended(
       concat_ws(E'\\x01', ${part}, line, coalesce(column_name, E'\\x02'), code, message, raw), 0)::numeric), 0)::text`;
  const result = await client.query<{ equal: boolean }>(
    `SELECT (${digest('part_no')} FROM staging.rejects WHERE load_id = $1)
          = (${digest('part')} FROM ledger.rejects WHERE load_id = $2) AS equal`,
    [loadId, otherLoadId],
  );
  return result.rows[0]?.equal === true;
}
