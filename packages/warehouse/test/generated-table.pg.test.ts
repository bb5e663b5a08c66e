import type { Column, Dataset } from '@edgeledger/core';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWarehouse, type Warehouse } from '../src/index.ts';
import { unitOf } from './sample-reports.ts';

let database: TestDatabase;
let warehouses: Warehouse[];
beforeAll(async () => {
  database = await createTestDatabase();
  warehouses = await Promise.all(
    [1, 2, 3].map(() => createWarehouse({ connectionString: database.connectionString })),
  );
});
afterAll(async () => {
  await Promise.all(warehouses.map((warehouse) => warehouse.close()));
  await database.drop();
});

const HITS: Column = { name: 'edge_hits', type: 'bigint', comment: "Users' hits \\ requests. (edgeHits)" };

function datasetOf(columns: readonly Column[]): Dataset {
  return {
    name: 'akamai.hits_by_time',
    vendor: 'akamai',
    report: 'hits-by-time',
    accumulation: 'interval',
    strategy: 'upsert',
    identity: ['object_id', 'country'],
    columns: [{ name: 'object_id', type: 'text' }, { name: 'country', type: 'text' }, ...columns],
    retentionDays: 90,
    generated: { comment: 'Hits over time.' },
  };
}

async function begin(warehouse: Warehouse, dataset: Dataset, day: string): Promise<void> {
  const load = await warehouse.loader.begin(unitOf(dataset, day), dataset);
  await load.abandon();
}

const readColumns = () =>
  database.query<{ name: string; type: string; required: boolean; comment: string | null }>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attnotnull AS required,
       col_description(attrelid, attnum) AS comment
     FROM pg_attribute WHERE attrelid = 'akamai.hits_by_time'::regclass AND attnum > 0 ORDER BY attnum`,
  );

describe('the table of a report that only its vendor describes', () => {
  it('is made once, however many begin at the same moment, with comments on everything', async () => {
    await Promise.all(
      warehouses.map((warehouse, index) => begin(warehouse, datasetOf([HITS]), `2026-11-0${index + 1}`)),
    );
    const columns = await readColumns();
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'account text',
      'report_key text',
      'period_start timestamp with time zone',
      'period_end timestamp with time zone',
      'object_id text',
      'country text',
      'edge_hits bigint',
      'load_id bigint',
    ]);
    expect(columns.filter((column) => (column.comment ?? '') === '')).toEqual([]);
    expect(columns.find((column) => column.name === 'edge_hits')?.comment).toBe(HITS.comment);
    const [key] = await database.query<{ definition: string }>(
      `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint
       WHERE conrelid = 'akamai.hits_by_time'::regclass AND contype = 'p'`,
    );
    expect(key?.definition).toBe('PRIMARY KEY (account, report_key, period_start, object_id, country)');
  });

  it('gets the columns that the vendor adds, and keeps those that it drops', async () => {
    const [warehouse] = warehouses;
    if (warehouse === undefined) throw new Error('no warehouse');
    const offload: Column = { name: 'offload', type: 'numeric', comment: 'Share of the edge.' };
    await begin(warehouse, datasetOf([offload]), '2026-11-10');
    const columns = await readColumns();
    expect(columns.map((column) => column.name)).toContain('edge_hits');
    expect(columns.find((column) => column.name === 'offload')).toEqual({
      name: 'offload',
      type: 'numeric',
      required: false,
      comment: 'Share of the edge.',
    });
  });
});
