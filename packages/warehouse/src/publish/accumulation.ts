import type pg from 'pg';
import type { LoadIdentity } from '../load-identity.ts';

/** Lets the analysis views know how the dataset adds up: reports were daily once that are month-to-date now. */
export async function recordAccumulation(
  client: pg.PoolClient,
  { unit, dataset }: LoadIdentity,
  now: Date,
): Promise<void> {
  await client.query(
    `INSERT INTO ledger.datasets AS known (account, dataset, accumulation, updated_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (account, dataset) DO UPDATE SET accumulation = excluded.accumulation, updated_at = excluded.updated_at
     WHERE known.accumulation <> excluded.accumulation`,
    [unit.account, dataset.name, dataset.accumulation, now],
  );
}
