import {
  InvariantError,
  type Load,
  type Loader,
  TransientError,
  toUnitId,
  type UnitRef,
} from '@edgeledger/core';
import type pg from 'pg';
import { ensureGeneratedTable } from './generated-table.ts';
import { createLoad } from './load.ts';
import type { LoadContext, LoadIdentity } from './load-identity.ts';
import { fromPostgresError } from './pg-errors.ts';
import { withTransaction } from './transaction.ts';

export interface LoaderOptions extends LoadContext {
  /** Who loads, for `ledger.loads`. */
  readonly worker: string;
  readonly version: string | null;
}

export function createLoader(options: LoaderOptions): Loader {
  return {
    begin: (unit, dataset, expected) => beginLoad(options, { unit, dataset, partCount: expected?.partCount }),
    resume: (loadId, dataset, expected) =>
      resumeLoad(options, { loadId, dataset, partCount: expected?.partCount }),
  };
}

type LoadToBegin = Pick<LoadIdentity, 'unit' | 'dataset' | 'partCount'>;
type LoadToResume = Pick<LoadIdentity, 'loadId' | 'dataset' | 'partCount'>;

function toIdentity({ unit, dataset, ...known }: Omit<LoadIdentity, 'label'>): LoadIdentity {
  if (unit.dataset !== dataset.name) {
    throw new InvariantError(`Unit ${toUnitId(unit)} cannot be loaded as ${dataset.name}.`);
  }
  const { account, reportKey, period } = unit;
  return {
    ...known,
    unit: { account, dataset: dataset.name, reportKey, period },
    dataset,
    label: `${toUnitId(unit)} (load ${known.loadId})`,
  };
}

/**
 * Two workers may really load one unit at once (a stalled job runs twice), so beginning ends nothing: which of
 * them counts is decided when they publish.
 */
async function beginLoad(options: LoaderOptions, { unit, dataset, partCount }: LoadToBegin): Promise<Load> {
  const transaction = { pool: 'queries', doing: `Beginning to load ${toUnitId(unit)}` } as const;
  try {
    await ensureGeneratedTable(options.connection, dataset);
  } catch (error) {
    throw fromPostgresError(error, transaction.doing, options.connection.label);
  }
  const ids = await withTransaction(options.connection, transaction, async (client) => {
    const known = await lockUnit(client, unit);
    await client.query(
      `UPDATE ledger.units SET
         state = CASE WHEN state IN ('loaded', 'held') THEN state ELSE 'loading' END,
         attempts = CASE WHEN state IN ('loaded', 'held') AND error_code IS NULL THEN 1 ELSE attempts + 1 END
       WHERE unit_id = $1`,
      [known.unitId],
    );
    const inserted = await client.query<{ load_id: string }>(
      'INSERT INTO ledger.loads (unit_id, worker, version) VALUES ($1, $2, $3) RETURNING load_id',
      [known.unitId, options.worker, options.version],
    );
    const loadId = inserted.rows[0]?.load_id;
    if (loadId === undefined) throw new InvariantError('A load was begun without a number.');
    await client.query('INSERT INTO staging.loads (load_id, previous_state) VALUES ($1, $2)', [
      loadId,
      // what another load left half done is not a state to go back to
      known.state === 'loading' ? 'expected' : known.state,
    ]);
    return { loadId, unitId: known.unitId };
  });
  options.connection.passing?.('load.begun');
  return createLoad(options, toIdentity({ ...ids, unit, dataset, partCount }));
}

async function lockUnit(client: pg.PoolClient, unit: UnitRef): Promise<{ unitId: string; state: string }> {
  const key = [unit.account, unit.dataset, unit.reportKey];
  await client.query(
    `INSERT INTO ledger.units (account, dataset, report_key, period_start, period_end)
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
    [...key, unit.period.start, unit.period.end],
  );
  const found = await client.query<{ unit_id: string; state: string }>(
    'SELECT unit_id, state FROM ledger.units WHERE account = $1 AND dataset = $2 AND report_key = $3 FOR UPDATE',
    key,
  );
  const row = found.rows[0];
  if (row === undefined) throw new InvariantError(`Unit ${toUnitId(unit)} vanished from the ledger.`);
  return { unitId: row.unit_id, state: row.state };
}

interface ResumedRow {
  readonly unit_id: string;
  readonly account: string;
  readonly dataset: string;
  readonly report_key: string;
  readonly period_start: Date;
  readonly period_end: Date;
  readonly started_at: Date;
}

async function resumeLoad(
  options: LoaderOptions,
  { loadId, dataset, partCount }: LoadToResume,
): Promise<Load> {
  let row: ResumedRow | undefined;
  try {
    const result = await options.connection.queries.query<ResumedRow>(
      `SELECT unit_id, account, dataset, report_key, period_start, period_end, loads.started_at
       FROM ledger.loads JOIN ledger.units USING (unit_id) WHERE loads.load_id = $1`,
      [loadId],
    );
    row = result.rows[0];
  } catch (error) {
    throw fromPostgresError(error, `Resuming load ${loadId}`, options.connection.label);
  }
  if (row === undefined) {
    throw new TransientError(
      'load.staging-lost',
      `Load ${loadId} is not in the ledger of ${options.connection.label}; the next attempt begins a new one.`,
    );
  }
  const unit: UnitRef = {
    account: row.account,
    dataset: row.dataset,
    reportKey: row.report_key,
    period: { start: row.period_start, end: row.period_end },
  };
  const load = createLoad(options, toIdentity({ loadId, unitId: row.unit_id, unit, dataset, partCount }));
  return { ...load, startedAt: row.started_at };
}
