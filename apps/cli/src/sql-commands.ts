/** `\d` and `\d schema.table`, as people know them from psql, as the query that answers; undefined for SQL. */
export function findMetaQuery(text: string): string | undefined {
  const [, name] = /^\\d[tv+]*(?:\s+([\w.]+))?;?$/.exec(text.trim()) ?? [text];
  if (!/^\\d/.test(text.trim())) return undefined;
  return name === undefined ? RELATIONS_SQL : toColumnsSql(name);
}

const RELATIONS_SQL = `
SELECT n.nspname || '.' || c.relname AS relation, CASE WHEN c.relkind = 'v' THEN 'view' ELSE 'table' END AS kind,
  obj_description(c.oid, 'pg_class') AS meaning
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('imgix', 'akamai', 'ledger') AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
ORDER BY n.nspname, c.relname`;

function toColumnsSql(name: string): string {
  // the expression that found it allows word characters and dots alone
  return `
SELECT a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type, col_description(a.attrelid, a.attnum) AS meaning
FROM pg_attribute a WHERE a.attrelid = '${name}'::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum`;
}
