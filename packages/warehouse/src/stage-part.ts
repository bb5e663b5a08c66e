import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  InvariantError,
  type Logger,
  type ParsedPart,
  type PartReceipt,
  type Reject,
  type StageProgress,
} from '@edgeledger/core';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import {
  ensureColumns,
  type StagedColumn,
  type TableColumns,
  toPostgresType,
  toStagedColumns,
} from './columns.ts';
import type { Connection } from './connect.ts';
import { type ContentHash, createContentHash } from './content-hash.ts';
import { copyTuples, fitsBinary } from './copy-binary.ts';
import { toCopyChunks } from './copy-text.ts';
import { quoteIdentifier, type Relation, toDataTable } from './identifiers.ts';
import type { LoadIdentity } from './load-identity.ts';
import { lockPart } from './part-lock.ts';
import { endVacuum } from './partition/end-vacuum.ts';
import { createLeaf, isPartitioned } from './partition/leaf.ts';
import { STORED_REJECTS_PER_PART, stageRejects } from './rejects.ts';
import { assertLoadRuns, leafTable, lockLoadShared, removeStagedPart, stagingTable } from './staging.ts';
import { withTransaction } from './transaction.ts';

export interface StagePartRequest {
  readonly load: LoadIdentity;
  readonly partNo: number;
  readonly partName: string;
  readonly part: ParsedPart;
  readonly onProgress: StageProgress | undefined;
  readonly logger: Logger;
}

interface Counts {
  rows: number;
  rejects: number;
}

/** Streams one part into a table of its own, under back-pressure: memory does not grow with the part. */
export async function stagePart(connection: Connection, request: StagePartRequest): Promise<PartReceipt> {
  const { load, partNo, part } = request;
  const columns = toStagedColumns(part.columns);
  const tableColumns = await ensureColumns(connection, {
    dataset: load.dataset,
    columns,
    reportKey: load.unit.reportKey,
    logger: request.logger,
  });
  await unstagePart(connection, load, partNo);
  await tellHeader(connection, load, part.header);
  const isBinary = part.copy !== undefined && fitsBinary(columns, tableColumns);
  const toLeaf = isBinary && (await isPartitioned(connection.queries, toDataTable(load.dataset)));
  // on its own, so that the parts of one report do not wait for each other's COPY
  if (toLeaf) await makeLeaf(connection, load);
  const vacuumEnded = toLeaf && partNo === 1 ? endVacuum(connection, load) : undefined;
  const options = { pool: 'loads', doing: `Staging part ${partNo} of ${load.label}` } as const;
  const stage = async (client: pg.PoolClient): Promise<PartReceipt> => {
    await lockLoadShared(client, load.loadId);
    await lockPart(connection, client, load.loadId, partNo);
    await assertLoadRuns(client, load.loadId, 'now');
    // the same part may have been staged by another worker while this one waited
    await removeStagedPart(client, load.loadId, partNo);
    const relation = toLeaf ? leafTable(load.loadId) : stagingTable(load.loadId, partNo);
    if (!toLeaf) await createStagingTable(client, relation, { columns, tableColumns, kind: 'UNLOGGED' });
    const hash = createContentHash();
    hash.update(hashColumns(columns));
    const counts: Counts = { rows: 0, rejects: 0 };
    const copied =
      isBinary && part.copy !== undefined
        ? await copyTuples(client, part.copy, {
            relation,
            columns,
            ...(toLeaf ? { partNo } : {}),
            passing: connection.passing,
            onBatch: async (batch) => {
              hash.update(batch.tuples);
              await takeBatch(connection, request, counts, { ...batch, rowCount: batch.rows });
            },
          })
        : await copyRows(client, relation, {
            columns,
            chunks: copyText(connection, request, columns, { hash, counts }),
          });
    connection.passing?.('part.copied');
    if (copied !== counts.rows) {
      throw new InvariantError(
        `Part ${partNo} of ${load.label}: ${counts.rows} rows sent, ${copied} staged.`,
      );
    }
    const facts = part.facts();
    const receipt: PartReceipt = {
      partNo,
      name: request.partName,
      header: part.header,
      ...counts,
      bytes: facts.bytes,
      sha256: facts.sha256,
      fingerprint: hash.digest(),
    };
    await recordReceipt(client, load.loadId, receipt, { columns, sameAs: null });
    return receipt;
  };
  const staged = await withTransaction(connection, options, stage);
  await vacuumEnded;
  connection.passing?.('part.staged');
  return staged;
}

export async function unstagePart(connection: Connection, load: LoadIdentity, partNo: number): Promise<void> {
  const options = { pool: 'loads', doing: `Forgetting part ${partNo} of ${load.label}` } as const;
  await withTransaction(connection, options, async (client) => {
    await lockPart(connection, client, load.loadId, partNo);
    await assertLoadRuns(client, load.loadId, 'untilCommit');
    await removeStagedPart(client, load.loadId, partNo);
    await client.query('UPDATE staging.loads SET touched_at = now() WHERE load_id = $1', [load.loadId]);
  });
}

interface StagingTable {
  readonly columns: readonly StagedColumn[];
  readonly tableColumns: TableColumns;
  readonly kind: 'UNLOGGED' | 'TEMPORARY';
}

/**
 * Columns get the data table's type when the part has the same; otherwise they stay text and are cast when
 * published, so that a column whose type was changed by hand still takes what fits.
 */
export async function createStagingTable(
  client: pg.PoolClient,
  relation: Relation,
  { columns, tableColumns, kind }: StagingTable,
): Promise<void> {
  const definitions = columns.map((column) => {
    const type = toPostgresType(column.type);
    return `${quoteIdentifier(column.name)} ${tableColumns.get(column.name) === type ? type : 'text'}`;
  });
  const own = ['row_no bigint NOT NULL', 'period_start timestamptz', 'period_end timestamptz'];
  await client.query(
    `CREATE ${kind} TABLE ${relation.sql} (${[...own, ...definitions].join(', ')})${kind === 'TEMPORARY' ? ' ON COMMIT DROP' : ''}`,
  );
}

interface CopySource {
  readonly columns: readonly StagedColumn[];
  readonly chunks: AsyncIterable<string> | Iterable<string>;
}

/** Gives how many rows arrived. */
export async function copyRows(
  client: pg.PoolClient,
  relation: Relation,
  { columns, chunks }: CopySource,
): Promise<number> {
  const names = [
    'row_no',
    'period_start',
    'period_end',
    ...columns.map((column) => quoteIdentifier(column.name)),
  ];
  const copy = client.query(copyFrom(`COPY ${relation.sql} (${names.join(', ')}) FROM STDIN`));
  const source = Readable.from(chunks, { objectMode: true, highWaterMark: 1 });
  // it may still break after the COPY failed; unheard, that would end the process
  source.on('error', () => undefined);
  await pipeline(source, copy);
  return copy.rowCount;
}

/** What the fingerprint of a part begins with: rows under other names or types are other content. */
export function hashColumns(columns: readonly StagedColumn[]): string {
  return JSON.stringify(columns.map(({ name, type }) => [name, type]));
}

/** For the parts that have none of their own, which need not wait until this one is staged; the first one that is told counts. */
export async function tellHeader(
  { queries }: Connection,
  load: LoadIdentity,
  header: readonly string[],
): Promise<void> {
  if (header.length === 0) return;
  await queries.query('UPDATE staging.loads SET header = $2 WHERE load_id = $1 AND header IS NULL', [
    load.loadId,
    toHeaderJson(header),
  ]);
}

/** Postgres text holds neither NUL nor half of a surrogate pair. */
function toHeaderJson(header: readonly string[]): string {
  return JSON.stringify(header.map((name) => name.replaceAll('\0', '').toWellFormed()));
}

async function makeLeaf(connection: Connection, load: LoadIdentity): Promise<void> {
  const options = { pool: 'loads', doing: `Making the table of ${load.label}` } as const;
  await withTransaction(connection, options, async (client) => {
    await lockLoadShared(client, load.loadId);
    await assertLoadRuns(client, load.loadId, 'untilCommit');
    await createLeaf(client, load);
  });
  connection.passing?.('leaf.made');
}

interface CountedBatch {
  readonly rowCount: number;
  readonly rejects: readonly Reject[];
  readonly bytes: number;
}

/** Writes the rejects of a batch, counts it, and tells who watches. */
export async function takeBatch(
  connection: Connection,
  { load, partNo, onProgress }: StagePartRequest,
  counts: Counts,
  batch: CountedBatch,
): Promise<void> {
  const room = Math.max(0, STORED_REJECTS_PER_PART - counts.rejects);
  await stageRejects(connection, { loadId: load.loadId, partNo }, batch.rejects.slice(0, room));
  counts.rows += batch.rowCount;
  counts.rejects += batch.rejects.length;
  onProgress?.({ rows: batch.rowCount, rejects: batch.rejects.length, bytes: batch.bytes });
}

/** The part as COPY text; on the way it is hashed and counted, and its rejects are written. */
async function* copyText(
  connection: Connection,
  request: StagePartRequest,
  columns: readonly StagedColumn[],
  { hash, counts }: { readonly hash: ContentHash; readonly counts: Counts },
): AsyncGenerator<string> {
  const { part } = request;
  const positions = columns.map((column) => column.position);
  for await (const batch of part.batches) {
    for (const text of toCopyChunks(batch.rows, positions, part.columns.length)) {
      hash.update(text);
      yield text;
      connection.passing?.('part.copying');
    }
    await takeBatch(connection, request, counts, { ...batch, rowCount: batch.rows.length });
  }
}

export async function recordReceipt(
  client: pg.PoolClient,
  loadId: string,
  receipt: PartReceipt,
  { columns, sameAs }: { readonly columns: readonly StagedColumn[]; readonly sameAs: string | null },
): Promise<void> {
  await assertLoadRuns(client, loadId, 'untilCommit');
  await client.query(
    `INSERT INTO staging.parts
       (load_id, part_no, name, header, columns, rows, rejects, bytes, sha256, fingerprint, same_as)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      loadId,
      receipt.partNo,
      receipt.name,
      toHeaderJson(receipt.header),
      JSON.stringify(columns.map((column) => column.name)),
      receipt.rows,
      receipt.rejects,
      receipt.bytes,
      receipt.sha256,
      receipt.fingerprint,
      sameAs,
    ],
  );
  await client.query('UPDATE staging.loads SET touched_at = now() WHERE load_id = $1', [loadId]);
}
