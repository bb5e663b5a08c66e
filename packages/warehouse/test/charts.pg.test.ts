import { silentLogger } from '@edgeledger/core';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCharts } from '../src/charts.ts';
import { type Connection, openConnection } from '../src/connect.ts';

let database: TestDatabase;
let connection: Connection;
beforeAll(async () => {
  database = await createTestDatabase();
  connection = await openConnection({
    connectionString: database.connectionString,
    applicationName: 'test',
    maxConnections: 6,
    logger: silentLogger,
  });
});
afterAll(async () => {
  await connection.close();
  await database.drop();
});

const RANGE = { account: 'a', from: '2026-11-01', to: '2026-11-30' };

it('draws nothing of an empty warehouse', async () => {
  const charts = createCharts(connection);
  expect(await charts.credits(RANGE)).toEqual({ points: [], monthToDate: undefined });
  expect(await charts.imgixTraffic(RANGE)).toEqual([]);
  expect(await charts.edgeTraffic(RANGE)).toEqual([]);
  expect(await charts.calls(RANGE)).toEqual([]);
  expect(await charts.usage({ account: 'a', day: '2026-11-20' })).toEqual({
    series: [],
    chosen: undefined,
    points: [],
  });
});

it('adds small Sources up and names the large ones', async () => {
  await database.query(
    `INSERT INTO imgix.credit_analytics_daily (account, report_key, period_start, period_end, source_id, source_name, total_credits, load_id)
     SELECT 'a', 'credit_analytics_daily_20261110', '2026-11-10Z', '2026-11-11Z', 's' || n, 'Source ' || n, n * 10, 1
     FROM generate_series(1, 9) AS n`,
  );
  const credits = await createCharts(connection).credits(RANGE);
  expect(credits?.points).toHaveLength(7);
  const [others] = credits?.points ?? [];
  expect(others).toMatchObject({ day: '2026-11-10', sourceId: '', credits: 60 });
  expect(credits?.points.reduce((sum, point) => sum + point.credits, 0)).toBe(450);
});

it('finds the five-minute intervals of a day by the units that cover it, series by series', async () => {
  await database.query(
    `INSERT INTO ledger.units (account, dataset, report_key, period_start, period_end, state)
     SELECT 'a', 'akamai.endpoint_usage_by_time', 'endpoint-usage-by-time_' || name || '_20261110', '2026-11-10Z', '2026-11-11Z', 'loaded'
     FROM unnest(ARRAY['default', 'shops']) AS name`,
  );
  await database.query(
    `INSERT INTO akamai.endpoint_usage_by_time (account, report_key, period_start, period_end, object_id, edge_bytes, edge_hits, load_id)
     SELECT 'a', 'endpoint-usage-by-time_shops_20261110', at, at + interval '5 minutes', object, 100, 1, 1
     FROM generate_series(timestamptz '2026-11-10 00:00Z', '2026-11-10 00:10Z', '5 minutes') AS at, unnest(ARRAY['1', '2']) AS object`,
  );
  const charts = createCharts(connection);
  const usage = await charts.usage({
    account: 'a',
    day: '2026-11-10',
    series: 'endpoint-usage-by-time_shops',
  });
  expect(usage?.series).toEqual(['endpoint-usage-by-time_default', 'endpoint-usage-by-time_shops']);
  expect(
    usage?.points.map(({ at, edgeHits, edgeBytes }) => [at.toISOString().slice(11, 16), edgeHits, edgeBytes]),
  ).toEqual([
    ['00:00', 2, 200],
    ['00:05', 2, 200],
    ['00:10', 2, 200],
  ]);
  expect((await charts.usage({ account: 'a', day: '2026-11-10', series: 'no such' }))?.chosen).toBe(
    'endpoint-usage-by-time_default',
  );
});

it('gives up what takes too long, and says so instead of failing', async () => {
  await database.query(
    `INSERT INTO akamai.endpoint_usage_by_time (account, report_key, period_start, period_end, object_id, edge_bytes, edge_hits, load_id)
     SELECT 'slow', 'endpoint-usage-by-time_default_20261110', at, at + interval '5 minutes', '', 100, 1, 1
     FROM generate_series(timestamptz '2026-01-01 00:00Z', '2026-11-30 00:00Z', '5 minutes') AS at`,
  );
  const slow = { ...RANGE, account: 'slow' };
  expect(await createCharts(connection, 2).edgeTraffic(slow)).toBeUndefined();
  expect(await createCharts(connection).edgeTraffic(slow)).not.toEqual([]);
});
