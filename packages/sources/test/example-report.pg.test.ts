import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseUtcDay, silentLogger } from '@edgeledger/core';
import { planSource, recordPlan, runUnit } from '@edgeledger/pipeline';
import { createTestDatabase } from '@edgeledger/testkit';
import { createWarehouse, type Warehouse } from '@edgeledger/warehouse';
import { expect, onTestFinished, test } from 'vitest';
import { createFileSource } from '../src/index.ts';
import { VIDEO_ANALYTICS } from './example-report/dataset.ts';
import { VIDEO_ANALYTICS_SQL } from './example-report/migration.ts';

/* The worked example of docs/adding-a-report.md: one more report of a vendor, loaded into a table of its own. */

const NOW = new Date('2026-11-21T06:00:00Z');
const DAY = parseUtcDay('2026-11-20', 'day');

const FIRST = 'Source,Codec,Requests,Encoded Seconds\ns1,av1,10,1.5\ns1,h264,7,0.25\n';
const REVISED =
  'Source,Codec,Requests,Encoded Seconds,Region\ns1,av1,11,1.5,EU\ns1,h264,7,0.25,EU\ns2,h264,many,3,US\n';

async function load(warehouse: Warehouse, path: string) {
  const source = createFileSource({ dataset: VIDEO_ANALYTICS, account: 'default', files: [path] });
  onTestFinished(() => source.close());
  const signal = AbortSignal.timeout(15_000);
  const context = { now: NOW, signal, logger: silentLogger, isManual: true };
  const plan = await planSource(source, warehouse.ledger, { from: DAY, to: DAY }, context);
  await recordPlan(plan, source, warehouse.ledger, { now: NOW });
  // a person asks for it again, so that it is covered is no reason to leave it
  const [unit] = await source.discover({ from: DAY, to: DAY }, context);
  if (unit === undefined) throw new Error('no unit');
  const thresholds = { maxShare: 0.5, maxCount: 10 };
  const services = { ...warehouse, source, clock: { now: () => NOW }, logger: silentLogger, thresholds };
  return (await runUnit(unit, services, { signal })).kind;
}

test('a report that is described as data is loaded, revised and checked like the others', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'edgeledger-report-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await using database = await createTestDatabase();
  await using warehouse = await createWarehouse({ connectionString: database.connectionString });
  await database.query(VIDEO_ANALYTICS_SQL);
  const path = join(folder, 'video_analytics_20261120.csv');

  await writeFile(path, FIRST);
  expect(await load(warehouse, path)).toBe('loaded');
  const read = 'SELECT source_id, codec, plays, encoded_seconds FROM imgix.video_analytics ORDER BY 1, 2';
  expect(await database.query(read)).toEqual([
    { source_id: 's1', codec: 'av1', plays: '10', encoded_seconds: '1.5' },
    { source_id: 's1', codec: 'h264', plays: '7', encoded_seconds: '0.25' },
  ]);

  await writeFile(path, REVISED);
  expect(await load(warehouse, path)).toBe('loaded');
  expect(await database.query('SELECT codec, plays, region FROM imgix.video_analytics ORDER BY 1')).toEqual([
    { codec: 'av1', plays: '11', region: 'EU' },
    { codec: 'h264', plays: '7', region: 'EU' },
  ]);
  expect(await database.query('SELECT line, column_name, raw FROM ledger.rejects')).toEqual([
    { line: '4', column_name: 'plays', raw: 's2,h264,many,3,US' },
  ]);
});
