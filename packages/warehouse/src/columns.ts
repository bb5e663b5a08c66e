import {
  type Column,
  type ColumnType,
  ConfigError,
  ContractError,
  type Dataset,
  type EdgeledgerError,
  type Logger,
  SYSTEM_COLUMNS,
} from '@edgeledger/core';
import type pg from 'pg';
import type { Connection } from './connect.ts';
import { quoteIdentifier, type Relation, toColumnName, toDataTable } from './identifiers.ts';
import { withTransaction } from './transaction.ts';

const LOCK_TIMEOUT_MS = 5_000;
const ATTEMPTS = 4;

/** A column of a part or companion, under the name it has in the table. */
export interface StagedColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly header: string;
  readonly unknown: boolean;
  /** Index into `Row.values`. */
  readonly position: number;
}

/** Column name to Postgres type (`format_type`), in table order. */
export type TableColumns = ReadonlyMap<string, string>;

const POSTGRES_TYPES = { timestamptz: 'timestamp with time zone' } as const;

/** The type as the catalog spells it. */
export function toPostgresType(type: ColumnType): string {
  return type === 'timestamptz' ? POSTGRES_TYPES[type] : type;
}

/**
 * The columns of a part, sorted by name: so the same content has the same fingerprint whatever the order
 * of the header.
 */
export function toStagedColumns(
  columns: readonly (Column & { readonly header?: string; readonly unknown?: boolean })[],
): readonly StagedColumn[] {
  const staged = columns.map((column, position) => {
    const header = column.header ?? column.name;
    return {
      name: toColumnName(column.name, header),
      type: column.type,
      header,
      unknown: column.unknown ?? false,
      position,
    };
  });
  staged.sort((one, other) => (one.name < other.name ? -1 : 1));
  for (const [index, column] of staged.entries()) {
    const next = staged[index + 1];
    if (next !== undefined && next.name === column.name) {
      throw new ContractError(
        'file.malformed',
        `Two columns of the report mean ${column.name}: "${column.header}" and "${next.header}". Rename or drop one of them in edgeledger.yaml.`,
      );
    }
  }
  return staged;
}

const COLUMNS_SQL = `
SELECT attname AS name, format_type(atttypid, atttypmod) AS type
FROM pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
ORDER BY attnum`;

export async function readTableColumns(
  client: pg.Pool | pg.PoolClient,
  relation: Relation,
): Promise<TableColumns> {
  const result = await client.query<{ name: string; type: string }>(COLUMNS_SQL, [relation.sql]);
  if (result.rows.length === 0) {
    throw new ConfigError(
      'warehouse.not-migrated',
      `There is no table ${relation.schema}.${relation.table}. Run \`edgeledger migrate\`; a new dataset needs a migration that makes its table.`,
    );
  }
  return new Map(result.rows.map((row) => [row.name, row.type]));
}

/** The columns that hold what the vendor sent, not our own. */
export function dataColumns(columns: TableColumns): TableColumns {
  const system = new Set<string>(SYSTEM_COLUMNS);
  return new Map([...columns].filter(([name]) => !system.has(name)));
}

export interface EnsureColumnsRequest {
  readonly dataset: Dataset;
  readonly columns: readonly StagedColumn[];
  readonly reportKey: string;
  readonly logger: Logger;
}

/**
 * Adds the columns that the data table lacks, in a short transaction of its own: nothing of a report is
 * dropped because nobody knew of it. Gives the table's columns as they are then.
 */
export async function ensureColumns(
  connection: Connection,
  request: EnsureColumnsRequest,
): Promise<TableColumns> {
  const relation = toDataTable(request.dataset);
  const present = await readTableColumns(connection.queries, relation);
  if (request.columns.every((column) => present.has(column.name))) return present;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const columns = await addColumns(connection, request, relation);
      connection.passing?.('columns.added');
      return columns;
    } catch (error) {
      const conflict = (error as EdgeledgerError).code === 'warehouse.conflict';
      if (!conflict || attempt >= ATTEMPTS) throw error;
    }
  }
}

async function addColumns(
  connection: Connection,
  { dataset, columns, reportKey, logger }: EnsureColumnsRequest,
  relation: Relation,
): Promise<TableColumns> {
  const options = {
    pool: 'queries',
    doing: `Adding columns to ${dataset.name}`,
    // a long query of somebody must not make everybody else queue behind our ALTER TABLE
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  } as const;
  return await withTransaction(connection, options, async (client) => {
    // two workers that meet the same new column: the second one finds it there
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('edgeledger.columns:' || $1, 0))`, [
      dataset.name,
    ]);
    const present = await readTableColumns(client, relation);
    const missing = columns.filter((column) => !present.has(column.name));
    for (const column of missing) {
      const name = quoteIdentifier(column.name);
      const type = toPostgresType(column.type);
      const header = column.header.replaceAll('\0', '');
      const origin = column.unknown ? 'Not in the vendor documents that edgeledger knows' : 'Configured';
      await client.query(`ALTER TABLE ${relation.sql} ADD COLUMN IF NOT EXISTS ${name} ${type}`);
      // COMMENT takes no parameters
      const comment = `${origin}; added from the header "${header}" of ${reportKey}.`;
      await client.query(`COMMENT ON COLUMN ${relation.sql}.${name} IS ${quoteLiteral(comment)}`);
      await client.query(
        `INSERT INTO ledger.schema_changes (dataset, column_name, header, action, type, report_key)
         VALUES ($1, $2, $3, 'added', $4, $5)`,
        [dataset.name, column.name, header, column.type, reportKey],
      );
      logger.warn(
        { dataset: dataset.name, column: column.name, type: column.type, reportKey },
        'a report brought a column that its table did not have; it was added',
      );
    }
    return await readTableColumns(client, relation);
  });
}

function quoteLiteral(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
