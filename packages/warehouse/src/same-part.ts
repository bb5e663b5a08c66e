import type { PartReceipt, VisiblePart } from '@edgeledger/core';
import type pg from 'pg';
import { readTableColumns, type StagedColumn, toStagedColumns } from './columns.ts';
import type { Connection } from './connect.ts';
import { createContentHash } from './content-hash.ts';
import { fitsBinary } from './copy-binary.ts';
import { withHeartbeat } from './heartbeat.ts';
import { quoteIdentifier, toDataTable } from './identifiers.ts';
import type { LoadIdentity } from './load-identity.ts';
import { lockPart } from './part-lock.ts';
import { isPartitioned } from './partition/leaf.ts';
import { assertComplete } from './publish/replace.ts';
import { type PublishTarget, unitParameters } from './publish/source.ts';
import type { LoadPart } from './schema.ts';
import { hashColumns, recordReceipt, type StagePartRequest, takeBatch, tellHeader } from './stage-part.ts';
import { assertLoadRuns, leafTable, lockLoadShared, removeStagedPart, type StagedPart } from './staging.ts';
import { withTransaction } from './transaction.ts';

/*
 * A report that is read again is mostly the same. A leaf is logged, so staging it would write the whole report into the WAL only
 * to find that out. A part whose bytes are those of the visible one is therefore turned into tuples without being sent; when they
 * come out the same as well, its receipt says so. Should other parts differ, the rows are copied within Postgres.
 */

interface VisibleRow {
  readonly load_id: string;
  readonly part: LoadPart;
}

const VISIBLE_SQL = `
SELECT units.load_id, part
FROM ledger.units JOIN ledger.loads USING (load_id) CROSS JOIN jsonb_array_elements(loads.parts) AS part
WHERE units.unit_id = $1 AND state IN ('loaded', 'held') AND pruned_at IS NULL AND units.fingerprint IS NOT NULL
  AND (part ->> 'part')::integer = $2`;

/** What the unit shows of a part; undefined where writing it again would cost no WAL, or where nothing is visible. */
export async function findVisiblePart(
  connection: Connection,
  load: LoadIdentity,
  partNo: number,
): Promise<VisiblePart | undefined> {
  const row = await findVisibleRow(connection, load, partNo);
  return row === undefined ? undefined : { sha256: row.part.sha256, bytes: row.part.bytes };
}

async function findVisibleRow(
  { queries }: Connection,
  load: LoadIdentity,
  partNo: number,
): Promise<VisibleRow | undefined> {
  if (!(await isPartitioned(queries, toDataTable(load.dataset)))) return undefined;
  const found = await queries.query<VisibleRow>(VISIBLE_SQL, [load.unitId, partNo]);
  return found.rows[0]?.part.fingerprint === undefined ? undefined : found.rows[0];
}

/**
 * Somebody may have deleted rows by hand: then the part is staged like any other, which brings them back. Only columns of the
 * key are looked at, so that Postgres counts in the index of a table that was vacuumed.
 */
async function areRowsThere(
  { queries }: Connection,
  { unit, dataset }: LoadIdentity,
  { part }: VisibleRow,
): Promise<boolean> {
  const { account, reportKey, period } = unit;
  const count = await queries.query<{ rows: string }>(
    `SELECT count(*) AS rows FROM ${toDataTable(dataset).sql}
     WHERE account = $1 AND report_key = $2 AND period_start >= $3 AND period_start < $4 AND part = $5`,
    [account, reportKey, period.start, period.end, part.part],
  );
  return Number(count.rows[0]?.rows) === part.rows;
}

/** Reads the part to its end. Undefined when it is not what is visible: then nothing of it is staged, rejects included. */
export async function stageSamePart(
  connection: Connection,
  request: StagePartRequest,
): Promise<PartReceipt | undefined> {
  const { load, partNo, part } = request;
  const visible = await findVisibleRow(connection, load, partNo);
  const columns = toStagedColumns(part.columns);
  const tableColumns = await readTableColumns(connection.queries, toDataTable(load.dataset));
  if (visible === undefined || part.copy === undefined || !fitsBinary(columns, tableColumns))
    return undefined;
  if (!(await areRowsThere(connection, load, visible))) return undefined;
  await tellHeader(connection, load, part.header);
  const options = { pool: 'loads', doing: `Comparing part ${partNo} of ${load.label}` } as const;
  return await withTransaction(connection, options, async (client) => {
    await lockLoadShared(client, load.loadId);
    await lockPart(connection, client, load.loadId, partNo);
    await assertLoadRuns(client, load.loadId, 'now');
    await removeStagedPart(client, load.loadId, partNo);
    const read = await withHeartbeat(connection, { loadId: load.loadId, client }, () =>
      readTuples(connection, request, columns),
    );
    if (read.fingerprint !== visible.part.fingerprint || read.sha256 !== visible.part.sha256) {
      await removeStagedPart(client, load.loadId, partNo);
      return undefined;
    }
    const receipt = { partNo, name: request.partName, header: part.header, ...read };
    await recordReceipt(client, load.loadId, receipt, { columns, sameAs: visible.load_id });
    return receipt;
  });
}

async function readTuples(
  connection: Connection,
  request: StagePartRequest,
  columns: readonly StagedColumn[],
): Promise<Omit<PartReceipt, 'partNo' | 'name' | 'header'>> {
  const { part, partNo } = request;
  const hash = createContentHash();
  hash.update(hashColumns(columns));
  const counts = { rows: 0, rejects: 0 };
  const positions = columns.map((column) => column.position);
  for await (const batch of part.copy?.({ partNo, positions }) ?? []) {
    hash.update(batch.tuples);
    await takeBatch(connection, request, counts, { ...batch, rowCount: batch.rows });
  }
  const { sha256, bytes } = part.facts();
  return { ...counts, bytes, sha256, fingerprint: hash.digest() };
}

/** Copies a part that was not staged from the visible rows into the leaf. Once: the receipt says so afterwards. */
export async function copyVisiblePart(
  client: pg.PoolClient,
  target: PublishTarget,
  part: StagedPart,
): Promise<void> {
  const names = [...target.columns.keys()].filter((name) => name !== 'load_id').map(quoteIdentifier);
  const [account, reportKey, start, end, loadId] = unitParameters(target);
  const result = await client.query(
    `INSERT INTO ${leafTable(loadId).sql} (${names.join(', ')})
     SELECT ${names.join(', ')} FROM ${target.table.sql}
     WHERE account = $1 AND report_key = $2 AND period_start >= $3 AND period_start < $4 AND part = $5 AND load_id = $6
     ORDER BY row_no`,
    [account, reportKey, start, end, part.partNo, part.sameAs],
  );
  assertComplete(part, result.rowCount ?? 0);
  await client.query('UPDATE staging.parts SET same_as = NULL WHERE load_id = $1 AND part_no = $2', [
    loadId,
    part.partNo,
  ]);
}
