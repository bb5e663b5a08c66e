import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';

/* The usual way with a query builder: `kysely-upsert.ts <url> <table> …files`, 1,000 rows a statement. */

const [, , url = '', table = '', ...files] = process.argv;
const ROWS = 1000;
type Row = Record<string, unknown>;
const database = new Kysely<Record<string, Row>>({
  dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }),
});

async function insert(rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const names = Object.keys(rows[0] ?? {}).filter((name) => name !== 'part' && name !== 'row_no');
  await database
    .insertInto(table)
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['part', 'row_no', 'account', 'report_key', 'period_start'])
        .doUpdateSet((builder) =>
          Object.fromEntries(names.map((name) => [name, builder.ref(`excluded.${name}`)])),
        ),
    )
    .execute();
}

for (const [part, file] of files.entries()) {
  const records = createReadStream(file)
    .pipe(createGunzip())
    .pipe(parse({ columns: true, relax_quotes: true }));
  let batch: Row[] = [];
  let rowNo = 0;
  for await (const record of records) {
    rowNo += 1;
    const values = Object.entries(record as Record<string, string>).map(([name, value]) => [
      name,
      value === '' ? null : value,
    ]);
    batch.push({ ...Object.fromEntries(values), part: part + 1, row_no: rowNo });
    if (batch.length < ROWS) continue;
    await insert(batch);
    batch = [];
  }
  await insert(batch);
}
await database.destroy();
