import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { QueueCounts } from '@edgeledger/queue';
import type { Warehouse } from '@edgeledger/warehouse';

/** What nobody may find after all work is done: a line for each kind that was found. */
const LEFTOVERS: Readonly<Record<string, string>> = {
  'tables in staging': `SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace AND relkind IN ('r', 'p') AND relname LIKE 'load\\_%'`,
  'loads in staging': 'SELECT load_id::text FROM staging.loads',
  'parts in staging': 'SELECT load_id::text FROM staging.parts',
  'rejects in staging': 'SELECT load_id::text FROM staging.rejects',
  'running loads': `SELECT load_id::text FROM ledger.loads WHERE outcome = 'running'`,
  'loading units': `SELECT report_key FROM ledger.units WHERE state = 'loading'`,
  'partitions that belong to nothing': `SELECT relname FROM pg_class WHERE relnamespace = 'partitions'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition`,
  'days without a partition': `SELECT relname FROM pg_class WHERE relnamespace = 'partitions'::regnamespace AND relkind = 'p'
    AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = pg_class.oid)`,
  'advisory locks': `SELECT objid::text FROM pg_locks JOIN pg_database ON pg_database.oid = database
    WHERE locktype = 'advisory' AND datname = current_database()`,
  'open transactions': `SELECT application_name FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'`,
};

export async function findLeftovers(warehouse: Pick<Warehouse, 'questions'>): Promise<string[]> {
  const found: string[] = [];
  for (const [kind, sql] of Object.entries(LEFTOVERS)) {
    const { rows } = await warehouse.questions.query(sql);
    if (rows.length > 0) found.push(`${kind}: ${rows.map((row) => String(row[0])).join(', ')}`);
  }
  return found;
}

/** Jobs that are not done. Completed ones are history. */
export function findUnfinishedJobs(counts: Readonly<Record<string, QueueCounts>>): string[] {
  return Object.entries(counts).flatMap(([queue, of]) => {
    const { completed: _, ...open } = of;
    const kinds = Object.entries(open).filter(([, count]) => count > 0);
    return kinds.length === 0
      ? []
      : [`jobs of ${queue}: ${kinds.map(([kind, count]) => `${count} ${kind}`).join(', ')}`];
  });
}

/** Files in the archive that are not what their name says, and half received ones. */
export async function findArchiveLeftovers(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if (!/^[0-9a-f]{64}$/.test(entry.name)) {
      found.push(`half received file: ${path}`);
      continue;
    }
    const hash = createHash('sha256').update(await readFile(path));
    if (hash.digest('hex') !== entry.name) found.push(`damaged file: ${path}`);
  }
  return found;
}
