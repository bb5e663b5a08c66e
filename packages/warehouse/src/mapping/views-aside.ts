import type pg from 'pg';
import { quoteIdentifier, type Relation } from '../identifiers.ts';

interface DependentView {
  readonly name: string;
  readonly definition: string;
  readonly comment: string | null;
  readonly comments: readonly { readonly column: string; readonly text: string }[];
  readonly grants: readonly { readonly role: string; readonly privilege: string }[];
}

/** Plain views of ours that use the column, and views that use those, innermost first. */
const DEPENDENTS_SQL = `
WITH RECURSIVE dependents AS (
  SELECT rule.ev_class AS oid, 1 AS depth
  FROM pg_depend AS link JOIN pg_rewrite AS rule ON rule.oid = link.objid
  WHERE link.classid = 'pg_rewrite'::regclass AND link.refclassid = 'pg_class'::regclass
    AND link.refobjid = to_regclass($1)
    AND link.refobjsubid = (SELECT attnum FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2)
  UNION
  SELECT rule.ev_class, depth + 1
  FROM dependents JOIN pg_depend AS link ON link.refobjid = dependents.oid AND link.refclassid = 'pg_class'::regclass
  JOIN pg_rewrite AS rule ON rule.oid = link.objid
  WHERE link.classid = 'pg_rewrite'::regclass AND rule.ev_class <> dependents.oid
)
SELECT format('%I.%I', nspname, relname) AS name, pg_get_viewdef(class.oid) AS definition,
  obj_description(class.oid, 'pg_class') AS comment,
  (SELECT coalesce(json_agg(json_build_object('column', attname, 'text', col_description(class.oid, attnum))), '[]')
   FROM pg_attribute WHERE attrelid = class.oid AND attnum > 0 AND col_description(class.oid, attnum) IS NOT NULL) AS comments,
  (SELECT coalesce(json_agg(json_build_object('role', quote_ident(pg_get_userbyid(grantee)), 'privilege', privilege_type)), '[]')
   FROM aclexplode(relacl) WHERE grantee <> relowner AND grantee <> 0) AS grants
FROM (SELECT oid, max(depth) AS depth FROM dependents GROUP BY oid) AS found
JOIN pg_class AS class USING (oid) JOIN pg_namespace AS space ON space.oid = relnamespace
WHERE relkind = 'v' AND reloptions IS NULL AND relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
ORDER BY depth`;

/**
 * Takes away the views that use a column while `work` changes it, and puts them back as they were, with comments and
 * rights: Postgres does not change the type of a column that a view uses. What cannot be put back undoes all of it.
 */
export async function withViewsAside<Result>(
  client: pg.PoolClient,
  { table, column }: { readonly table: Relation; readonly column: string },
  work: () => Promise<Result>,
): Promise<Result> {
  const views = (await client.query<DependentView>(DEPENDENTS_SQL, [table.sql, column])).rows;
  for (const view of views.toReversed()) await client.query(`DROP VIEW ${view.name}`);
  const result = await work();
  for (const view of views) await putBack(client, view);
  return result;
}

async function putBack(client: pg.PoolClient, view: DependentView): Promise<void> {
  await client.query(`CREATE VIEW ${view.name} AS ${view.definition}`);
  if (view.comment !== null) await client.query(`COMMENT ON VIEW ${view.name} IS ${quoteText(view.comment)}`);
  for (const { column, text } of view.comments) {
    await client.query(`COMMENT ON COLUMN ${view.name}.${quoteIdentifier(column)} IS ${quoteText(text)}`);
  }
  for (const { role, privilege } of view.grants) {
    await client.query(`GRANT ${privilege} ON ${view.name} TO ${role}`);
  }
}

/** COMMENT takes no parameters. */
function quoteText(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
