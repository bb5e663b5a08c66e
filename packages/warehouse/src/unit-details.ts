import type { UnitKey, UnitRecord } from '@edgeledger/core';
import type { Selectable } from 'kysely';
import type { Connection } from './connect.ts';
import type { FindingsTable, LoadOutcome, LoadPart, UnitsTable } from './schema.ts';
import { SELECT_UNIT_SQL, toUnitRecord } from './unit-records.ts';

/** Everything the ledger has about one unit, each list bounded. */
export interface UnitDetails {
  readonly unit: UnitRecord;
  /** Set while a revision is kept back. */
  readonly held: { readonly rows: string | null; readonly at: Date | null; readonly revision: string | null };
  /** When its rows were pruned, so that only the ledger has it. */
  readonly prunedAt: Date | null;
  /** The newest 50, newest first. */
  readonly loads: readonly UnitLoad[];
  readonly loadCount: number;
  /** Of the visible load, or of the newest that has any: the first 200. */
  readonly parts: readonly LoadPart[];
  readonly partCount: number;
  readonly partsOfLoad: string | null;
  /** 25 of them, by load, part and line. */
  readonly rejects: readonly UnitReject[];
  readonly rejectCount: number;
  /** The newest 50, open ones first. */
  readonly findings: readonly Selectable<FindingsTable>[];
}

export interface UnitLoad {
  readonly loadId: string;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  readonly outcome: LoadOutcome;
  readonly rowsInserted: string;
  readonly rowsUpdated: string;
  readonly rowsUnchanged: string;
  readonly rowsDeleted: string;
  readonly rejects: string;
  readonly bytes: string;
  readonly partCount: number;
  readonly worker: string | null;
  readonly version: string | null;
  readonly vendorReportId: string | null;
  readonly revision: string | null;
  readonly errorCode: string | null;
}

export interface UnitReject {
  readonly loadId: string;
  readonly part: number;
  readonly line: string;
  readonly column: string | null;
  readonly code: string;
  readonly message: string;
  /** The first 2,000 characters of the record as it was received. */
  readonly raw: string;
  readonly rawLength: number;
}

const LOADS = 50;
const PARTS = 200;
const FINDINGS = 50;
export const REJECTS_A_PAGE = 25;
const RAW_CHARACTERS = 2_000;

export async function readUnitDetails(
  connection: Connection,
  key: UnitKey,
  rejectsFrom: number,
): Promise<UnitDetails | undefined> {
  const { queries } = connection;
  const keys = [key.account, key.dataset, key.reportKey];
  const found = await queries.query<Selectable<UnitsTable> & { loading_since: Date | null }>(
    SELECT_UNIT_SQL,
    keys,
  );
  const row = found.rows[0];
  if (row === undefined) return undefined;
  const [loads, parts, rejects, findings] = await Promise.all([
    readLoads(connection, row.unit_id),
    readParts(connection, row.unit_id, row.load_id),
    readRejects(connection, keys, rejectsFrom),
    queries.query<Selectable<FindingsTable>>(
      `SELECT * FROM ledger.findings WHERE account = $1 AND dataset = $2 AND report_key = $3
       ORDER BY resolved_at IS NOT NULL, finding_id DESC LIMIT ${FINDINGS}`,
      keys,
    ),
  ]);
  return {
    unit: toUnitRecord(row),
    prunedAt: row.pruned_at,
    held: { rows: row.held_rows, at: row.held_at, revision: row.held_revision },
    ...loads,
    ...parts,
    ...rejects,
    findings: findings.rows,
  };
}

async function readLoads(connection: Connection, unitId: string) {
  const [list, count] = await Promise.all([
    connection.queries.query<UnitLoad>(
      `SELECT load_id AS "loadId", started_at AS "startedAt", finished_at AS "finishedAt", outcome,
         rows_inserted AS "rowsInserted", rows_updated AS "rowsUpdated", rows_unchanged AS "rowsUnchanged",
         rows_deleted AS "rowsDeleted", rejects, bytes, jsonb_array_length(parts) AS "partCount", worker, version,
         vendor_report_id AS "vendorReportId", revision, error_code AS "errorCode"
       FROM ledger.loads WHERE unit_id = $1 ORDER BY load_id DESC LIMIT ${LOADS}`,
      [unitId],
    ),
    connection.queries.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM ledger.loads WHERE unit_id = $1',
      [unitId],
    ),
  ]);
  return { loads: list.rows, loadCount: count.rows[0]?.count ?? 0 };
}

async function readParts(connection: Connection, unitId: string, loadId: string | null) {
  const found = await connection.queries.query<{
    load_id: string;
    parts: readonly LoadPart[];
    count: number;
  }>(
    `SELECT load_id, jsonb_array_length(parts) AS count,
       jsonb_path_query_array(parts, '$[0 to ${PARTS - 1}]') AS parts
     FROM ledger.loads WHERE unit_id = $1 AND jsonb_array_length(parts) > 0
     ORDER BY load_id = $2 DESC NULLS LAST, load_id DESC LIMIT 1`,
    [unitId, loadId],
  );
  const row = found.rows[0];
  return { parts: row?.parts ?? [], partCount: row?.count ?? 0, partsOfLoad: row?.load_id ?? null };
}

async function readRejects(connection: Connection, keys: readonly string[], skip: number) {
  const where = 'WHERE account = $1 AND dataset = $2 AND report_key = $3';
  const [list, count] = await Promise.all([
    connection.queries.query<UnitReject>(
      `SELECT load_id AS "loadId", part, line, column_name AS "column", code, message,
         left(raw, ${RAW_CHARACTERS}) AS raw, length(raw) AS "rawLength"
       FROM ledger.rejects ${where} ORDER BY load_id DESC, part, line LIMIT ${REJECTS_A_PAGE} OFFSET $4`,
      [...keys, skip],
    ),
    connection.queries.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM ledger.rejects ${where}`,
      [...keys],
    ),
  ]);
  return { rejects: list.rows, rejectCount: count.rows[0]?.count ?? 0 };
}
