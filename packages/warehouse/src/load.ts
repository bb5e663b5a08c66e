import {
  EdgeledgerError,
  type Load,
  type PartReceipt,
  type ToldHeader,
  TransientError,
} from '@edgeledger/core';
import type { Selectable } from 'kysely';
import { abandonLoad, failLoad } from './end-load.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { LoadContext, LoadIdentity } from './load-identity.ts';
import { fromPostgresError } from './pg-errors.ts';
import { publishLoad } from './publish/publish.ts';
import { findVisiblePart, stageSamePart } from './same-part.ts';
import type { StagedPartsTable } from './schema-staging.ts';
import { stagePart, unstagePart } from './stage-part.ts';

export function createLoad(context: LoadContext, identity: LoadIdentity): Load {
  const { connection, logger } = context;
  const { label } = identity;
  // what is asked outside of a transaction fails with the driver's own errors, and a restart of Postgres is nobody's bug
  const translated = async <Result>(doing: string, work: Promise<Result>): Promise<Result> => {
    try {
      return await work;
    } catch (error) {
      const known = fromPostgresError(error, `${doing} ${label}`, connection.label);
      throw fromChangedTable(known, `${doing} ${label}`) ?? known;
    }
  };
  return {
    loadId: identity.loadId,
    unit: identity.unit,
    dataset: identity.dataset,
    stagePart: (partNo, partName, part, onProgress) =>
      translated(
        `Staging part ${partNo} of`,
        stagePart(connection, { load: identity, partNo, partName, part, onProgress, logger }),
      ),
    findVisiblePart: (partNo) =>
      translated(`Looking for part ${partNo} of`, findVisiblePart(connection, identity, partNo)),
    stageSamePart: (partNo, partName, part, onProgress) =>
      translated(
        `Comparing part ${partNo} of`,
        stageSamePart(connection, { load: identity, partNo, partName, part, onProgress, logger }),
      ),
    keepAlive: (work) => withHeartbeat(connection, identity, work),
    unstagePart: (partNo) => unstagePart(connection, identity, partNo),
    stagedParts: () => readReceipts(context, identity),
    findHeader: () => findHeader(context, identity),
    noteHeaderless: (partNo) => noteHeaderless(context, identity, partNo),
    publish: (request) => translated('Publishing', publishLoad(context, identity, request)),
    fail: (error, now) =>
      translated('Recording the failure of', failLoad(connection, identity, { error, now })),
    abandon: () => translated('Giving up', abandonLoad(connection, identity)),
  };
}

/** An unknown column, another type, a column twice, a partition with other columns than its table. */
const CHANGED_TABLE: ReadonlySet<unknown> = new Set(['42703', '42804', '42701', '42P16']);

/** Somebody renamed, converted or dropped columns under the load (`schema apply`): what is staged has the shape of before. */
function fromChangedTable(error: Error, doing: string): TransientError | undefined {
  if (!(error instanceof EdgeledgerError) || !CHANGED_TABLE.has(error.context.sqlState)) return undefined;
  const said = error.cause instanceof Error ? error.cause.message : error.message;
  return new TransientError(
    'load.staging-lost',
    `${doing}: the columns of its table were changed meanwhile (${said}). Nothing was published; it is loaded anew.`,
    { cause: error.cause, context: error.context },
  );
}

interface HeaderRow {
  readonly header: readonly string[] | null;
  readonly headerless: readonly number[];
  readonly age_ms: number;
}

async function findHeader({ connection }: LoadContext, load: LoadIdentity): Promise<ToldHeader> {
  try {
    // by one clock, whatever those of the workers say
    const result = await connection.queries.query<HeaderRow>(
      `SELECT header, headerless, (extract(epoch FROM clock_timestamp() - started_at) * 1000)::float8 AS age_ms
       FROM staging.loads JOIN ledger.loads USING (load_id) WHERE load_id = $1`,
      [load.loadId],
    );
    const row = result.rows[0];
    return {
      header: row?.header ?? undefined,
      headerless: row?.headerless ?? [],
      ageMs: row?.age_ms ?? Number.POSITIVE_INFINITY,
    };
  } catch (error) {
    throw fromPostgresError(error, `Reading the header of ${load.label}`, connection.label);
  }
}

async function noteHeaderless(
  { connection }: LoadContext,
  load: LoadIdentity,
  partNo: number,
): Promise<number> {
  try {
    const result = await connection.queries.query<{ count: number }>(
      `UPDATE staging.loads SET headerless = array_remove(headerless, $2) || $2::integer, touched_at = now()
       WHERE load_id = $1 RETURNING cardinality(headerless) AS count`,
      [load.loadId, partNo],
    );
    return result.rows[0]?.count ?? 0;
  } catch (error) {
    throw fromPostgresError(error, `Noting a part without header of ${load.label}`, connection.label);
  }
}

async function readReceipts(context: LoadContext, load: LoadIdentity): Promise<readonly PartReceipt[]> {
  try {
    const { rows } = await context.connection.queries.query<Selectable<StagedPartsTable>>(
      'SELECT * FROM staging.parts WHERE load_id = $1 ORDER BY part_no',
      [load.loadId],
    );
    return rows.map((row) => ({
      partNo: row.part_no,
      name: row.name,
      header: row.header,
      rows: Number(row.rows),
      rejects: Number(row.rejects),
      bytes: Number(row.bytes),
      sha256: row.sha256,
      fingerprint: row.fingerprint,
    }));
  } catch (error) {
    throw fromPostgresError(error, `Reading what is staged for ${load.label}`, context.connection.label);
  }
}
