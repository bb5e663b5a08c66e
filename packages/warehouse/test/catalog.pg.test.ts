import { readFile } from 'node:fs/promises';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** What a TypeScript type of schema.ts can hold, as the catalog says it. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  string: ['text', 'bigint', 'numeric', 'date', 'uuid'],
  number: ['integer'],
  boolean: ['boolean'],
  Duration: ['interval'],
  Instant: ['timestamp with time zone'],
  UnitState: ['text'],
  LoadOutcome: ['text'],
  BigIntText: ['bigint'],
  Json: ['jsonb'],
  'readonly number[]': ['integer[]'],
};

interface Member {
  readonly type: string;
  readonly nullable: boolean;
}

/** Reads the interfaces as text: types are gone when a test runs. */
async function readInterfaces(): Promise<Map<string, Map<string, Member>>> {
  const files = ['schema.ts', 'schema-actions.ts', 'schema-staging.ts', 'alerts/alerts-schema.ts'];
  const texts = files.map((file) => readFile(new URL(`../src/${file}`, import.meta.url), 'utf8'));
  const text = (await Promise.all(texts)).join('\n');
  const members = (name: string): Map<string, Member> => {
    const body = new RegExp(`export interface ${name} \\{([^}]*)\\}`).exec(text)?.[1] ?? '';
    const lines = [...body.matchAll(/^ {2}'?([\w.]+)'?: (.+);$/gm)];
    return new Map(lines.map(([, key = '', type = '']) => [key, toMember(type)]));
  };
  const tables = members('WarehouseSchema');
  return new Map([...tables].map(([relation, member]) => [relation, members(member.type)]));
}

function toMember(written: string): Member {
  const nullable = / \| null$/.test(written) || written.startsWith('Nullable');
  const type = written
    .replace(/ \| null$/, '')
    .replace(/^Nullable/, '')
    .replace(/^Default(?=BigIntText|Instant)/, '')
    .replace(/^Generated(?:Always)?<(.+)>$/, '$1')
    .replace(/^ColumnType<readonly string\[\],.*$/, 'Json')
    .replace(/^Json<.*$/, 'Json');
  return { type, nullable };
}

async function readCatalog(): Promise<
  Map<string, Map<string, { type: string; required: boolean; kind: string }>>
> {
  const rows = await database.query<{
    relation: string;
    column: string;
    type: string;
    required: boolean;
    kind: string;
  }>(
    `SELECT n.nspname || '.' || c.relname AS relation, attname AS column, format_type(atttypid, atttypmod) AS type,
       attnotnull AS required, c.relkind AS kind
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE n.nspname IN ('ledger', 'staging') AND c.relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped`,
  );
  const relations = new Map<string, Map<string, { type: string; required: boolean; kind: string }>>();
  for (const { relation, column, ...rest } of rows) {
    const columns = relations.get(relation) ?? new Map();
    relations.set(relation, columns.set(column, rest));
  }
  return relations;
}

describe('schema.ts', () => {
  it('names the same tables, views and columns as the database', async () => {
    const names = (relations: Map<string, Map<string, unknown>>) =>
      Object.fromEntries([...relations].sort().map(([name, columns]) => [name, [...columns.keys()].sort()]));
    const interfaces = await readInterfaces();
    expect(interfaces.size).toBeGreaterThan(10);
    expect(names(interfaces)).toEqual(names(await readCatalog()));
  });

  it('gives every column the type and nullability that it has', async () => {
    const catalog = await readCatalog();
    const wrong: string[] = [];
    for (const [relation, members] of await readInterfaces()) {
      for (const [name, member] of members) {
        const column = catalog.get(relation)?.get(name);
        if (column === undefined) continue;
        if (!(TYPES[member.type] ?? []).includes(column.type))
          wrong.push(`${relation}.${name}: ${member.type} is ${column.type}`);
        // columns of views are never NOT NULL in the catalog
        if (column.kind === 'r' && member.nullable === column.required)
          wrong.push(`${relation}.${name}: nullability`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('the schema', () => {
  it('has a comment on every schema, table, view and column', async () => {
    const missing = await database.query<{ name: string }>(
      `SELECT nspname AS name FROM pg_namespace
         WHERE nspname IN ('imgix', 'akamai', 'ledger', 'staging') AND obj_description(oid, 'pg_namespace') IS NULL
       UNION ALL
       SELECT c.oid::regclass || coalesce('.' || attname, '') FROM pg_class c
         LEFT JOIN LATERAL (
           SELECT NULL AS attname, 0 AS attnum
           UNION ALL SELECT attname, attnum FROM pg_attribute
             WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) a ON true
         WHERE relnamespace::regnamespace::text IN ('imgix', 'akamai', 'ledger', 'staging') AND relkind IN ('r', 'v', 'p')
           AND coalesce(CASE WHEN attnum = 0 THEN obj_description(c.oid, 'pg_class') ELSE col_description(c.oid, attnum) END, '') = ''`,
    );
    expect(missing).toEqual([]);
  });

  it('lets edgeledger_reader read data and ledger, and nothing else', async () => {
    const may = async (sql: string): Promise<boolean> => {
      try {
        await database.query(`SET ROLE edgeledger_reader; ${sql}; RESET ROLE`);
        return true;
      } catch {
        return false;
      } finally {
        await database.query('RESET ROLE');
      }
    };
    await database.query('CREATE TABLE imgix.made_later (a int)');
    expect(await may('SELECT * FROM imgix.cdn_logs')).toBe(true);
    expect(await may('SELECT * FROM ledger.coverage')).toBe(true);
    expect(await may('SELECT * FROM ledger.gaps')).toBe(true);
    expect(await may('SELECT * FROM imgix.made_later')).toBe(true);
    expect(await may('SELECT * FROM staging.parts')).toBe(false);
    expect(await may('DELETE FROM imgix.cdn_logs')).toBe(false);
    expect(await may('INSERT INTO ledger.units (account) VALUES (1)')).toBe(false);
    expect(await may('CREATE TABLE imgix.mine (a int)')).toBe(false);
  });
});
