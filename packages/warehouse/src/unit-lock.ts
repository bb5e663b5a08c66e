import type pg from 'pg';

/** One at a time may change what a unit shows. Held until the transaction ends. */
export async function lockUnitRows(client: pg.PoolClient, unitId: string): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('edgeledger.unit:' || $1, 0))`, [unitId]);
}

export interface LockedUnit {
  readonly state: string;
  readonly fingerprint: string | null;
  readonly rows: string | null;
  readonly held_fingerprint: string | null;
  readonly held_at: Date | null;
  readonly load_id: string | null;
  /** The newest load that was published for the unit, that found it unchanged, or that was held back. */
  readonly newest_load_id: string | null;
}

/** The unit as it is now, locked for update. Undefined when it is gone from the ledger. */
export async function findLockedUnit(client: pg.PoolClient, unitId: string): Promise<LockedUnit | undefined> {
  await lockUnitRows(client, unitId);
  await client.query('SELECT FROM ledger.units WHERE unit_id = $1 FOR UPDATE', [unitId]);
  return await readUnit(client, unitId);
}

/** The same without waiting for anyone: it may change at once. */
export async function readUnit(client: pg.PoolClient, unitId: string): Promise<LockedUnit | undefined> {
  const result = await client.query<LockedUnit>(
    `SELECT state, fingerprint, rows, held_fingerprint, held_at, load_id, (
       SELECT max(load_id) FROM ledger.loads
       WHERE loads.unit_id = units.unit_id AND outcome IN ('published', 'unchanged', 'held')
     ) AS newest_load_id
     FROM ledger.units WHERE unit_id = $1`,
    [unitId],
  );
  return result.rows[0];
}
