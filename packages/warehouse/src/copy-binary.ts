import { once } from 'node:events';
import type { CopyBatch, CopyLayout, ParsedPart, PassMilestone } from '@edgeledger/core';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type StagedColumn, type TableColumns, toPostgresType } from './columns.ts';
import { quoteIdentifier, type Relation } from './identifiers.ts';

/*
 * COPY's binary format (https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"): a signature, flags, the length of
 * a header extension, tuples, and -1 instead of a tuple's number of fields at the end. The tuples come encoded.
 */

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = Buffer.from([0xff, 0xff]);

/** Binary values have no cast: every column must have the very type that its table has. */
export function fitsBinary(columns: readonly StagedColumn[], tableColumns: TableColumns): boolean {
  return columns.every((column) => tableColumns.get(column.name) === toPostgresType(column.type));
}

export interface BinaryCopy {
  readonly relation: Relation;
  readonly columns: readonly StagedColumn[];
  /** Set when the table has a column for it. */
  readonly partNo?: number;
  /** Sees each batch before it is sent. */
  readonly onBatch: (batch: CopyBatch) => Promise<void>;
  readonly passing?: PassMilestone | undefined;
}

/** Streams a part's tuples into a table, no faster than Postgres takes them; gives how many rows arrived. */
export async function copyTuples(
  client: pg.PoolClient,
  copy: NonNullable<ParsedPart['copy']>,
  { relation, columns, partNo, onBatch, passing }: BinaryCopy,
): Promise<number> {
  const own = partNo === undefined ? ['row_no'] : ['part', 'row_no'];
  const names = [...own, ...columns.map((column) => quoteIdentifier(column.name))];
  const layout: CopyLayout = {
    ...(partNo === undefined ? {} : { partNo }),
    positions: columns.map((column) => column.position),
  };
  const stream = client.query(
    copyFrom(`COPY ${relation.sql} (${names.join(', ')}) FROM STDIN (FORMAT binary)`),
  );
  // an error while nothing is being written comes as an event, and must not end the process
  const failed = new Promise<never>((_, reject) => stream.on('error', reject));
  failed.catch(() => undefined);
  // what is smaller than the socket's own buffer counts as written while it still waits there
  const small = 2 * stream.writableHighWaterMark;
  const send = (tuples: Uint8Array): Promise<void> => {
    const bytes = tuples.length < small ? Buffer.from(tuples) : tuples;
    const sent = new Promise<void>((resolve, reject) => {
      stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
    // what Postgres said comes first: after that, writing fails for a reason of the driver's own
    const arrived = Promise.race([failed, sent]);
    // the part itself may break before anybody waits for this; unheard, that would end the process
    arrived.catch(() => undefined);
    sent.catch(() => undefined);
    return arrived;
  };
  try {
    // one batch is on its way while the next is made; its memory is used again after that
    let underway = send(SIGNATURE);
    for await (const batch of copy(layout)) {
      await onBatch(batch);
      await underway;
      if (batch.tuples.length === 0) continue;
      underway = send(batch.tuples);
      passing?.('part.copying');
    }
    await underway;
    const finished = once(stream, 'finish');
    stream.end(TRAILER);
    await Promise.race([failed, finished]);
  } catch (thrown) {
    // ends the COPY on the server too, unless the server ended it; the connection is thrown away after that
    if (stream.errored === null) stream.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
    throw thrown;
  }
  return stream.rowCount;
}
