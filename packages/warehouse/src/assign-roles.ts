import type { Logger } from '@edgeledger/core';
import type pg from 'pg';
import type { Connection } from './connect.ts';
import { quoteIdentifier, type Relation, toRelation } from './identifiers.ts';
import { LOADER_ROLE } from './loader-role.ts';
import { findSqlState, fromPostgresError } from './pg-errors.ts';

/*
 * Three kinds of users: the owner migrates, members of edgeledger_loader load, members of edgeledger_reader read. The loader
 * owns the data tables, because it adds the columns that reports bring and swaps partitions, which only an owner may. Of the
 * ledger it may change rows, and nothing of its structure. It makes nothing where people look things up: a view or a function
 * that it could put there would run with the rights of whoever reads it. docs/security.md has the statements for an administrator.
 */

export const READER_ROLE = 'edgeledger_reader';
export const READER_COMMENT = 'May read the data and the ledger of edgeledger, and nothing else.';

/** Schemas of the data. The loader owns their tables, which ledger.make_report_table() makes for it. */
const DATA_SCHEMAS = ['imgix', 'akamai'];
/** Schemas in which the loader itself makes tables. */
const WORK_SCHEMAS = ['partitions', 'staging'];
/** Rows of the ledger that nobody but a person may delete. */
const KEPT_TABLES = ['migrations', 'units', 'loads', 'findings', 'schema_changes'];

export type RolesReport =
  | { readonly kind: 'assigned' }
  /** The user may not do it; `reason` is Postgres's. Everything works as before for the user itself. */
  | { readonly kind: 'skipped'; readonly reason: string };

/** Brings roles, grants and ownership in line; to be repeated after every migration, by the owner. */
export async function assignRoles(connection: Connection, logger: Logger): Promise<RolesReport> {
  const client = await connection.loads.connect();
  try {
    // two at once would change the same rows of the catalog, which Postgres refuses
    await client.query(`SELECT pg_advisory_lock(hashtextextended('edgeledger.migrate', 0))`);
    const { isOwner, schemas } = await readSituation(client);
    if (!isOwner) {
      return { kind: 'skipped', reason: 'only the owner of schema ledger may grant anything on it' };
    }
    for (const statement of toStatements(schemas)) await client.query(statement);
    // one by one: each takes its table for itself, and a busy one must not hold up the others
    for (const relation of await findForeignTables(client)) await client.query(toHandOver(relation));
    return { kind: 'assigned' };
  } catch (thrown) {
    const isRefused = ['42501', '42704', '0LP01'].includes(findSqlState(thrown) ?? '');
    if (!isRefused) throw fromPostgresError(thrown, 'Assigning roles', connection.label);
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    logger.info({ reason }, 'roles were not assigned');
    return { kind: 'skipped', reason };
  } finally {
    // the lock goes with the connection
    client.release(true);
  }
}

interface Situation {
  /** Whoever is not the owner would only be warned by each GRANT. */
  readonly isOwner: boolean;
  readonly schemas: ReadonlySet<string>;
}

async function readSituation(client: pg.PoolClient): Promise<Situation> {
  const found = await client.query<{ name: string; is_owner: boolean }>(
    `SELECT nspname AS name, pg_has_role(current_user, nspowner, 'USAGE') AS is_owner FROM pg_namespace`,
  );
  return {
    isOwner: found.rows.some(({ name, is_owner }) => name === 'ledger' && is_owner),
    schemas: new Set(found.rows.map(({ name }) => name)),
  };
}

async function findForeignTables(client: pg.PoolClient): Promise<Relation[]> {
  const found = await client.query<{ schema: string; name: string }>(
    `SELECT nspname AS schema, relname AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname = ANY ($1) AND relkind IN ('r', 'p') AND relowner <> $2::regrole
       AND (nspname <> 'staging' OR relname !~ '^load_') ORDER BY 1, 2`,
    [[...DATA_SCHEMAS, ...WORK_SCHEMAS], LOADER_ROLE],
  );
  return found.rows.map(({ schema, name }) => toRelation(schema, name));
}

/** An owner must be able to make such a table where it is. In one transaction nobody sees that it may. */
function toHandOver({ schema, sql }: Relation): string {
  const statement = `ALTER TABLE ${sql} OWNER TO ${LOADER_ROLE}`;
  if (!DATA_SCHEMAS.includes(schema)) return statement;
  const right = `CREATE ON SCHEMA ${quoteIdentifier(schema)}`;
  return `GRANT ${right} TO ${LOADER_ROLE}; ${statement}; REVOKE ${right} FROM ${LOADER_ROLE}`;
}

/** Makes a role that cannot log in, unless it is there. */
export const makeRole = (role: string, comment: string): string => `
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN
    CREATE ROLE ${role} NOLOGIN;
    COMMENT ON ROLE ${role} IS '${comment}';
  END IF;
EXCEPTION
  -- another database of this server was migrated at the same moment
  WHEN duplicate_object OR unique_violation THEN NULL;
END
$$`;

/** The owner has to be a member to hand tables over, and to go on using them. A superuser needs neither. */
const JOIN_LOADER = `
DO $$
BEGIN
  IF NOT pg_has_role(current_user, '${LOADER_ROLE}', 'USAGE') THEN
    EXECUTE format('GRANT ${LOADER_ROLE} TO %I', current_user);
  END IF;
END
$$`;

const GRANT_LEDGER = `
DO $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT relname, relname = ANY (ARRAY[${KEPT_TABLES.map((name) => `'${name}'`).join(', ')}]) AS is_kept
    FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'migrations'
  LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE%s ON ledger.%I TO ${LOADER_ROLE}',
      CASE WHEN found.is_kept THEN '' ELSE ', DELETE' END, found.relname);
  END LOOP;
END
$$`;

/** The function is missing while only older migrations are applied. */
const GRANT_MAKING = `
DO $$
DECLARE
  found regproc := to_regproc('ledger.make_report_table');
BEGIN
  IF found IS NOT NULL THEN
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO ${LOADER_ROLE}', found::oid::regprocedure);
  END IF;
END
$$`;

/** Whoever reads could fill the disk with them. Only a superuser may, and not where somebody else in this database has some. */
const CLOSE_LARGE_OBJECTS = `
DO $$
BEGIN
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AND NOT EXISTS (SELECT FROM pg_largeobject_metadata) THEN
    REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea), lo_put(oid, bigint, bytea)
      FROM PUBLIC;
  END IF;
END
$$`;

function toStatements(schemas: ReadonlySet<string>): string[] {
  const present = (names: readonly string[]): string =>
    names
      .filter((name) => schemas.has(name))
      .map(quoteIdentifier)
      .join(', ');
  const queue = [
    `GRANT USAGE ON SCHEMA bullmq TO ${LOADER_ROLE}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bullmq TO ${LOADER_ROLE}`,
    `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA bullmq TO ${LOADER_ROLE}`,
    `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bullmq TO ${LOADER_ROLE}`,
  ];
  return [
    makeRole(
      LOADER_ROLE,
      'Loads reports of edgeledger: owns the data tables, writes the ledger, changes nothing else.',
    ),
    makeRole(READER_ROLE, READER_COMMENT),
    JOIN_LOADER,
    `GRANT USAGE ON SCHEMA ledger TO ${LOADER_ROLE}`,
    `GRANT USAGE ON SCHEMA ${present(DATA_SCHEMAS)} TO ${LOADER_ROLE}`,
    `GRANT USAGE, CREATE ON SCHEMA ${present(WORK_SCHEMAS)} TO ${LOADER_ROLE}`,
    // before ledger.make_report_table() it needed that
    `REVOKE CREATE ON SCHEMA ${present(DATA_SCHEMAS)} FROM ${LOADER_ROLE}`,
    GRANT_MAKING,
    `GRANT SELECT ON ALL TABLES IN SCHEMA ledger, imgix, akamai TO ${LOADER_ROLE}`,
    GRANT_LEDGER,
    ...(schemas.has('bullmq') ? queue : []),
    `GRANT USAGE ON SCHEMA ledger, imgix, akamai TO ${READER_ROLE}`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA ledger, imgix, akamai TO ${READER_ROLE}`,
    CLOSE_LARGE_OBJECTS,
  ];
}
