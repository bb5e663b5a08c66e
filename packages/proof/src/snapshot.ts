import type { Warehouse } from '@edgeledger/warehouse';

/**
 * What a warehouse holds, without what must differ between two runs: times of our own, numbers that are given out in
 * the order of arrival, and how many attempts it took.
 */
export type Snapshot = ReadonlyMap<string, SnapshotTable>;

export interface SnapshotTable {
  readonly rows: number;
  /** Hash over all rows, in an order of their own. */
  readonly digest: string;
  /** The rows themselves, of tables that are small by nature. */
  readonly lines?: readonly string[];
}

type Ask = (sql: string) => Promise<readonly (readonly unknown[])[]>;

/** Columns of data tables that say when and by which load, not what. */
const OWN_COLUMNS = ['load_id'];

const TABLES_SQL = `
SELECT format('%I.%I', nspname, relname) AS name,
  (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute
   WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attname <> ALL ('{${OWN_COLUMNS.join(',')}}')) AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname IN ('imgix', 'akamai') AND relkind IN ('r', 'p') AND NOT relispartition
ORDER BY 1`;

const UNITS_SQL = `
SELECT account, dataset, report_key, period_start, period_end, state, vendor_report_id, revision, parts, rows, rejects,
  bytes, fingerprint, error_code, error_message, held_fingerprint, held_rows, settled_at IS NOT NULL AS is_settled,
  next_check_at IS NOT NULL AS is_due, expires_at, pruned_at IS NOT NULL AS is_pruned, load.visible
FROM ledger.units LEFT JOIN LATERAL (
  SELECT jsonb_build_array(outcome, rows_inserted, rows_updated, rows_unchanged, rows_deleted, rejects, bytes, parts) AS visible
  FROM ledger.loads WHERE loads.load_id = units.load_id
) AS load ON true`;

const REJECTS_SQL = `
SELECT rejects.account, rejects.dataset, rejects.report_key, part, line, column_name, code, message, raw,
  rejects.load_id = units.load_id AS is_of_visible
FROM ledger.rejects LEFT JOIN ledger.units USING (account, dataset, report_key)`;

/** What is found about a report as such is filed under the unit that met it first, which may be any. */
const FINDINGS_SQL = `
SELECT account, dataset, CASE WHEN kind <> 'report-changed' THEN report_key END AS report_key, kind, message, details,
  resolved_at IS NOT NULL AS is_resolved
FROM ledger.findings
-- how long a fault keeps a report away is a matter of time, and whether a clock is right one of the machine
WHERE (kind <> 'late' OR resolved_at IS NULL) AND kind <> 'clock-skew'`;

const CHANGES_SQL = 'SELECT dataset, column_name, header, action, type FROM ledger.schema_changes';

/** What the tables are like; partitions have names of their own. */
const CATALOG_SQL = `
SELECT nspname, relname, relkind, attname, format_type(atttypid, atttypmod) AS type
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute ON attrelid = c.oid
WHERE nspname IN ('imgix', 'akamai', 'ledger', 'staging') AND relkind IN ('r', 'p', 'v') AND NOT relispartition
  AND attnum > 0 AND NOT attisdropped AND NOT (nspname = 'staging' AND relname LIKE 'load\\_%')`;

/** Rows that no load of their unit wrote: there must be none. */
function strayRowsSql(table: string): string {
  return `SELECT account, report_key, load_id FROM ${table} AS rows WHERE NOT EXISTS (
    SELECT FROM ledger.loads JOIN ledger.units USING (unit_id)
    WHERE loads.load_id = rows.load_id AND outcome = 'published' AND units.account = rows.account)`;
}

export async function takeSnapshot(warehouse: Pick<Warehouse, 'questions'>): Promise<Snapshot> {
  const ask: Ask = async (sql) => (await warehouse.questions.query(sql)).rows;
  const snapshot = new Map<string, SnapshotTable>();
  for (const [name, columns] of await ask(TABLES_SQL)) {
    const table = String(name);
    snapshot.set(table, await digest(ask, `SELECT ${String(columns)} FROM ${table}`));
    snapshot.set(`${table}, rows of no load`, await digest(ask, strayRowsSql(table)));
  }
  for (const [name, sql] of Object.entries(LEDGER_SQL)) {
    snapshot.set(name, { ...(await digest(ask, sql)), lines: await readLines(ask, sql) });
  }
  return snapshot;
}

const LEDGER_SQL = {
  'ledger.units': UNITS_SQL,
  'ledger.rejects': REJECTS_SQL,
  'ledger.findings': FINDINGS_SQL,
  'ledger.schema_changes': CHANGES_SQL,
  catalog: CATALOG_SQL,
};

const MOST_LINES = 5_000;

async function readLines(ask: Ask, sql: string): Promise<string[]> {
  const rows = await ask(`SELECT t::text FROM (${sql}) AS t ORDER BY 1 LIMIT ${MOST_LINES}`);
  return rows.map((row) => String(row[0]));
}

async function digest(ask: Ask, sql: string): Promise<SnapshotTable> {
  const [row] = await ask(
    `SELECT count(*)::text, coalesce(md5(string_agg(md5(t::text), '' ORDER BY t::text COLLATE "C")), '') FROM (${sql}) AS t`,
  );
  return { rows: Number(row?.[0] ?? 0), digest: String(row?.[1] ?? '') };
}

/** What differs, a line for each table; none when both are equal. */
export function compareSnapshots(expected: Snapshot, found: Snapshot): string[] {
  const names = new Set([...expected.keys(), ...found.keys()]);
  return [...names].sort().flatMap((name) => {
    const wanted = expected.get(name);
    const seen = found.get(name);
    if (wanted?.digest === seen?.digest && wanted?.rows === seen?.rows) return [];
    const counts = `${seen?.rows ?? 'no'} rows, expected ${wanted?.rows ?? 'no'} rows`;
    const content = wanted?.rows === seen?.rows ? ', with other content' : '';
    return [`${name}: ${counts}${content}${describeLines(wanted?.lines ?? [], seen?.lines ?? [])}`];
  });
}

const SHOWN_CHARACTERS = 700;

function describeLines(wanted: readonly string[], seen: readonly string[]): string {
  const lacking = without(wanted, seen);
  const extra = without(seen, wanted);
  const shown = [
    ...lacking.slice(0, 2).map((line) => `- ${line}`),
    ...extra.slice(0, 2).map((line) => `+ ${line}`),
  ];
  return shown.map((line) => `\n    ${line.slice(0, SHOWN_CHARACTERS)}`).join('');
}

/** The lines that others lack; one that is there twice and there once is among them. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return lines.filter((line) => {
    const place = left.indexOf(line);
    if (place >= 0) left.splice(place, 1);
    return place < 0;
  });
}

export function countRows(snapshot: Snapshot): number {
  return [...snapshot.values()].reduce((sum, table) => sum + table.rows, 0);
}
