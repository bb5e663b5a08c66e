import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { parseUtcDay, Secret, silentLogger } from '@edgeledger/core';
import { planSource, recordPlan, runUnit } from '@edgeledger/pipeline';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { createWarehouse } from '@edgeledger/warehouse';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runSourceContract } from './contract-suite.ts';
import { TIDEWATER_SQL } from './example-vendor/migration.ts';
import { createTidewaterSource } from './example-vendor/source.ts';

/* The worked example of docs/adding-a-vendor.md: a third vendor against a real server and a real Postgres. */

const NOW = new Date('2026-11-21T06:00:00Z');
const RANGE = { from: parseUtcDay('2026-11-18', 'from'), to: parseUtcDay('2026-11-20', 'to') };
const FILES: Record<string, string> = {
  '2026-11-18': 'Zone,Hits,Egress Bytes\nshop,10,1000\nblog,5,\n',
  '2026-11-19': 'Zone,Hits,Egress Bytes,Country\nshop,12,many,DE\nblog,6,600,FR\n',
  '2026-11-20': 'Zone,Hits,Egress Bytes\nshop,14,1400\n',
};

let server: Server;
let database: TestDatabase;
let sound = true;
beforeAll(async () => {
  server = createServer((request, response) => {
    const day = /(\d{4}-\d\d-\d\d)\.csv$/.exec(request.url ?? '')?.[1] ?? '';
    if (request.headers.authorization !== 'Bearer k3y') response.writeHead(401).end();
    else if (day === '2026-10-01') response.writeHead(410).end();
    else if (FILES[day] === undefined) response.writeHead(404).end();
    else
      response
        .writeHead(200, { etag: `"${day}"` })
        .end(sound ? FILES[day].replace('many', '1200') : FILES[day]);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  database = await createTestDatabase();
  await database.query(TIDEWATER_SQL);
});
afterAll(async () => {
  server.close();
  await database.drop();
});

function open() {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return createTidewaterSource(
    { account: 'default', apiKey: new Secret('k3y'), apiUrl: new URL(`http://127.0.0.1:${port}`) },
    { clock: { now: () => NOW }, logger: silentLogger },
  );
}

runSourceContract('the example', async () => ({ source: open(), now: NOW, range: RANGE }));

test('planned and loaded like any other, with a new column and a reject where they belong', async () => {
  sound = false;
  const warehouse = await createWarehouse({ connectionString: database.connectionString });
  const source = open();
  const signal = AbortSignal.timeout(15_000);
  const context = { now: NOW, signal, logger: silentLogger, isManual: false };
  const plan = await planSource(source, warehouse.ledger, RANGE, context);
  await recordPlan(plan, source, warehouse.ledger, { now: NOW });
  expect(plan.load).toHaveLength(3);
  const thresholds = { maxShare: 0.5, maxCount: 10 };
  const services = { ...warehouse, source, clock: { now: () => NOW }, logger: silentLogger, thresholds };
  for (const { unit } of plan.load)
    expect(await runUnit(unit, services, { signal })).toMatchObject({ kind: 'loaded' });

  expect(
    await database.query(
      `SELECT (period_start AT TIME ZONE 'UTC')::date::text AS day, zone, requests, egress_bytes, country
       FROM tidewater.zone_traffic ORDER BY day, zone`,
    ),
  ).toEqual([
    { day: '2026-11-18', zone: 'blog', requests: '5', egress_bytes: null, country: null },
    { day: '2026-11-18', zone: 'shop', requests: '10', egress_bytes: '1000', country: null },
    { day: '2026-11-19', zone: 'blog', requests: '6', egress_bytes: '600', country: 'FR' },
    { day: '2026-11-20', zone: 'shop', requests: '14', egress_bytes: '1400', country: null },
  ]);
  expect(await database.query('SELECT line, column_name, raw FROM ledger.rejects')).toEqual([
    { line: '2', column_name: 'egress_bytes', raw: 'shop,12,many,DE' },
  ]);
  const again = await planSource(source, warehouse.ledger, RANGE, context);
  expect(again.load).toEqual([]);
  await source.close();
  await warehouse.close();
});

test('what is not there yet waits, and what the vendor dropped is gone', async () => {
  const source = open();
  const context = { now: NOW, signal: AbortSignal.timeout(15_000), logger: silentLogger };
  const ask = async (day: string) => {
    const range = { from: parseUtcDay(day, 'day'), to: parseUtcDay(day, 'day') };
    const [unit] = await source.discover(range, context);
    return unit === undefined ? undefined : await source.check(unit, context);
  };
  expect(await ask('2026-11-21')).toMatchObject({ kind: 'waiting', until: new Date('2026-11-21T07:00:00Z') });
  expect(await ask('2026-10-01')).toMatchObject({ kind: 'gone' });
  await source.close();
});
