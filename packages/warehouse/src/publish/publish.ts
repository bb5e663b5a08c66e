import {
  type Finding,
  type PassMilestone,
  type PublishRequest,
  type PublishResult,
  TransientError,
} from '@edgeledger/core';
import type pg from 'pg';
import { ensureColumns, toStagedColumns } from '../columns.ts';
import { toDataTable } from '../identifiers.ts';
import type { LoadContext, LoadIdentity } from '../load-identity.ts';
import { endOutdatedLoads, markOutdatedLoads } from '../outdated-loads.ts';
import { isPartitioned } from '../partition/leaf.ts';
import { areRejectsEqual, moveRejects } from '../rejects.ts';
import type { LoadOutcome } from '../schema.ts';
import { removeStagedLoad } from '../staging.ts';
import { withTransaction } from '../transaction.ts';
import { findLockedUnit, type LockedUnit } from '../unit-lock.ts';
import { recordAccumulation } from './accumulation.ts';
import { runChecks } from './checks.ts';
import { publishCompanions, stageCompanions } from './companions.ts';
import { recordFindings } from './findings.ts';
import { checkMonth } from './month-check.ts';
import { preparePartition, swapPatiently } from './partition.ts';
import { recordLoad, recordUnit } from './record.ts';
import { publishReplace } from './replace.ts';
import { findShrink, holdLoad } from './shrink.ts';
import type { PublishTarget, RowCounts } from './source.ts';
import { readStaged, type StagedLoad } from './staged-load.ts';
import { isVisibleAlready, toPublishTarget } from './target.ts';
import { publishUpsert } from './upsert.ts';

const LOCK_TIMEOUT_MS = 60_000;

type Ending =
  | { readonly kind: 'done'; readonly result: PublishResult }
  | { readonly kind: 'refused'; readonly error: TransientError };

/**
 * Makes a load visible: rows, rejects, companions, findings, load and unit in one transaction. Of two loads of
 * one unit the later one counts, also when the earlier one comes here last. Publishing twice gives the first
 * answer again, because a worker may die between commit and acknowledgement.
 */
export async function publishLoad(
  context: LoadContext,
  load: LoadIdentity,
  request: PublishRequest,
): Promise<PublishResult> {
  for (const companion of request.companions) {
    await ensureColumns(context.connection, {
      dataset: companion.dataset,
      columns: toStagedColumns(companion.columns),
      reportKey: load.unit.reportKey,
      logger: context.logger,
    });
  }
  const options = {
    pool: 'loads',
    doing: `Publishing ${load.label}`,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  } as const;
  const { passing } = context.connection;
  const publish = () =>
    withTransaction(context.connection, options, (client) => publishWithin(client, load, request, passing));
  const isLarge = await isPartitioned(context.connection.queries, toDataTable(load.dataset));
  const ending = isLarge ? await swapPatiently(context.connection, load, publish) : await publish();
  passing?.('publish.committed');
  if (ending.kind === 'refused') throw ending.error;
  await endOutdatedLoads(context.connection, load, context.logger);
  return ending.result;
}

async function publishWithin(
  client: pg.PoolClient,
  load: LoadIdentity,
  request: PublishRequest,
  passing: PassMilestone | undefined,
): Promise<Ending> {
  const companions = await stageCompanions(client, request.companions);
  const unit = await findLockedUnit(client, load.unitId);
  const ended = await findEnding(client, load);
  if (ended !== undefined) return ended;
  if (unit === undefined || isSuperseded(unit, load)) return await supersede(client, load, request.now);
  passing?.('publish.started');
  const staged = await readStaged(client, load);
  const target = await toPublishTarget(client, load, staged.parts);
  const sameContent = await isVisibleAlready(client, target, { unit, staged });
  const shrink = sameContent ? undefined : findShrink(unit, staged, request);
  if (shrink !== undefined) {
    return { kind: 'done', result: await holdLoad(client, load, { request, staged, shrink }) };
  }
  const { counts, swap } = sameContent
    ? { counts: { inserted: 0, updated: 0, unchanged: Number(unit.rows), deleted: 0 }, swap: undefined }
    : await publishRows(client, load, { target, unit, passing });
  passing?.('publish.rows-written');
  const isVisible = unit.state === 'loaded' || unit.state === 'held';
  const unchanged = isVisible && counts.inserted + counts.updated + counts.deleted === 0;
  await publishCompanions(client, load, companions);
  await publishRejects(client, load, { unit, unchanged });
  const outcome = unchanged ? 'unchanged' : 'published';
  await recordLoad(client, load, { outcome, request, counts, staged, now: request.now });
  const settled = request.isSettled(unchanged);
  await recordUnit(client, load, { request, counts, staged, settled, unchanged });
  await markOutdatedLoads(client, load);
  await recordAccumulation(client, load, request.now);
  // the checks look at what this transaction made visible, the unit's own record included
  const checked = await runChecks(client, load.dataset, load.unit);
  const findings = [...request.findings, ...findDuplicates(staged, counts), ...checked];
  await recordFindings(client, load.unit, findings, request.now);
  if (!unchanged) await checkMonth(client, load, request.now);
  // last, because from here to the commit readers of that day wait
  await swap?.();
  await removeStagedLoad(client, load.loadId);
  passing?.('publish.recorded');
  return { kind: 'done', result: toResult(outcome, counts, { ...staged, settled }) };
}

/** Records that share an identity become one row, the last one; that is told, because it is no row less by itself. */
function findDuplicates(staged: StagedLoad, counts: RowCounts): Finding[] {
  const records = staged.parts.reduce((sum, part) => sum + part.rows, 0);
  const rows = counts.inserted + counts.updated + counts.unchanged;
  if (records <= rows) return [];
  const message = `${records - rows} of ${records} records have the identity of another one; the last of each counts.`;
  return [{ kind: 'duplicate', message, details: { records, rows } }];
}

function toResult(
  outcome: PublishResult['outcome'],
  counts: RowCounts,
  load: { readonly rejects: number; readonly bytes: number; readonly settled: boolean },
): PublishResult {
  return {
    outcome,
    rowsInserted: counts.inserted,
    rowsUpdated: counts.updated,
    rowsUnchanged: counts.unchanged,
    rowsDeleted: counts.deleted,
    rejects: load.rejects,
    bytes: load.bytes,
    settled: load.settled,
  };
}

interface EndedLoad {
  readonly outcome: LoadOutcome;
  readonly rows_inserted: string;
  readonly rows_updated: string;
  readonly rows_unchanged: string;
  readonly rows_deleted: string;
  readonly rejects: string;
  readonly bytes: string;
  readonly settled: boolean;
  readonly visible_rows: string | null;
  readonly held_rows: string | null;
  readonly next_check_at: Date | null;
}

/** What a load that has ended already answers; undefined while it runs. Locks the load. */
async function findEnding(client: pg.PoolClient, load: LoadIdentity): Promise<Ending | undefined> {
  const found = await client.query<EndedLoad>(
    `SELECT loads.*, settled_at IS NOT NULL AS settled, units.rows AS visible_rows, held_rows, next_check_at
     FROM ledger.loads JOIN ledger.units USING (unit_id) WHERE loads.load_id = $1 FOR UPDATE OF loads`,
    [load.loadId],
  );
  const row = found.rows[0];
  if (row?.outcome === 'running') return undefined;
  if (row?.outcome === 'published' || row?.outcome === 'unchanged' || row?.outcome === 'held') {
    const counts = {
      inserted: Number(row.rows_inserted),
      updated: Number(row.rows_updated),
      unchanged: Number(row.rows_unchanged),
      deleted: Number(row.rows_deleted),
    };
    const ended = { rejects: Number(row.rejects), bytes: Number(row.bytes), settled: row.settled };
    const result = toResult(row.outcome, counts, ended);
    if (row.outcome !== 'held') return { kind: 'done', result };
    const held = {
      rows: Number(row.held_rows),
      visibleRows: Number(row.visible_rows),
      confirmableAt: row.next_check_at ?? new Date(),
    };
    return { kind: 'done', result: { ...result, held } };
  }
  return {
    kind: 'refused',
    error: new TransientError(
      'load.superseded',
      `Publishing ${load.label}: the load has ended already (${row?.outcome ?? 'unknown'}). The next attempt begins a new load.`,
      { context: { isNewerPublished: row?.outcome === 'superseded' } },
    ),
  };
}

function isSuperseded(unit: LockedUnit, load: LoadIdentity): boolean {
  return unit.newest_load_id !== null && BigInt(unit.newest_load_id) > BigInt(load.loadId);
}

async function supersede(client: pg.PoolClient, load: LoadIdentity, now: Date): Promise<Ending> {
  await client.query(`UPDATE ledger.loads SET outcome = 'superseded', finished_at = $2 WHERE load_id = $1`, [
    load.loadId,
    now,
  ]);
  await removeStagedLoad(client, load.loadId);
  return {
    kind: 'refused',
    error: new TransientError(
      'load.superseded',
      `Publishing ${load.label}: a load that began later was published first. Nothing was changed.`,
      { context: { isNewerPublished: true } },
    ),
  };
}

interface PublishedRows {
  readonly counts: RowCounts;
  /** What makes the rows visible, where that is a step of its own. */
  readonly swap?: (() => Promise<void>) | undefined;
}

interface RowsToPublish {
  readonly target: PublishTarget;
  readonly unit: LockedUnit;
  readonly passing: PassMilestone | undefined;
}

async function publishRows(
  client: pg.PoolClient,
  load: LoadIdentity,
  { target, unit, passing }: RowsToPublish,
): Promise<PublishedRows> {
  if (target.dataset.strategy === 'upsert') return { counts: await publishUpsert(client, target) };
  if (!(await isPartitioned(client, target.table))) return { counts: await publishReplace(client, target) };
  const isVisible = unit.state === 'loaded' || unit.state === 'held';
  const rowsBefore = isVisible ? Number(unit.rows ?? 0) : 0;
  return await preparePartition(client, load, { target, rowsBefore, passing });
}

/** Rejects of earlier loads go: what the ledger shows are those of the load that is visible. */
async function publishRejects(
  client: pg.PoolClient,
  load: LoadIdentity,
  { unit, unchanged }: { readonly unit: LockedUnit; readonly unchanged: boolean },
): Promise<void> {
  const fileUnder = unchanged && unit.load_id !== null ? unit.load_id : load.loadId;
  if (unchanged && (await areRejectsEqual(client, load.loadId, unit.load_id))) {
    await client.query('DELETE FROM staging.rejects WHERE load_id = $1', [load.loadId]);
    await moveRejects(client, {
      unitId: load.unitId,
      loadId: load.loadId,
      keepLoadIds: [unit.load_id],
      fileUnder,
    });
    return;
  }
  await moveRejects(client, { unitId: load.unitId, loadId: load.loadId, keepLoadIds: [], fileUnder });
}
