import { type Backend, findLeftovers, stopInOrder, takeSnapshot } from '@edgeledger/proof';
import { nextTicks } from '@edgeledger/queue';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestLab, type TestLab } from './open-lab.ts';

type Bench = Awaited<ReturnType<TestLab['openBench']>>;

let lab: TestLab;
beforeAll(async () => {
  lab = await openTestLab();
}, 120_000);
afterAll(() => lab?.[Symbol.asyncDispose]());

const DAYS = { BACKFILL_DAYS: '2' };
const LIMIT = { timeout: 90_000, interval: 100 };

/** Of a database, without what is a matter of time. */
async function readData({ warehouse }: Bench): Promise<Record<string, number | string>> {
  const tables = [...(await takeSnapshot(warehouse))].filter(([name]) => /^(imgix|akamai)\./.test(name));
  return Object.fromEntries(tables.map(([name, { rows, digest }]) => [name, `${rows} ${digest}`]));
}

async function count({ warehouse }: Bench, sql: string): Promise<number> {
  return Number((await warehouse.questions.query(sql)).rows[0]?.[0]);
}

const PLANNED = 'SELECT count(*) FROM ledger.units';
const OPEN = `SELECT count(*) FROM ledger.units WHERE state IN ('expected', 'loading', 'failed')`;
const TWICE = `SELECT count(*) FROM (
  SELECT FROM ledger.loads WHERE outcome = 'published' GROUP BY unit_id HAVING count(*) > 1) AS twice`;

test.for(['postgres', 'redis'] as const)(
  'two schedulers and two workers at once do what one command does, with the queue on %s',
  async (backend: Backend, { skip }) => {
    if (!lab.backends.includes(backend)) skip('no redis-server on PATH');
    await using alone = await lab.openBench({ database: 'migrated', backend: 'postgres' });
    await alone.start(['run'], {}, DAYS).exited;
    await using bench = await lab.openBench({ database: 'migrated', backend });
    const roles = ['scheduler', 'scheduler', 'worker', 'worker'].map((role) => bench.start([role], {}, DAYS));
    await expect.poll(() => roles.every((role) => role.isUp()), LIMIT).toBe(true);
    const planned = await count(alone, PLANNED);
    await expect.poll(() => count(bench, PLANNED), LIMIT).toBe(planned);
    await expect.poll(() => count(bench, OPEN), LIMIT).toBe(0);
    const { backend: queue } = await bench.openQueue();
    const ticks = (await nextTicks(queue)).map(({ sourceId, reason }) => `${sourceId} ${reason}`);
    expect(ticks.length).toBeGreaterThan(0);
    expect(new Set(ticks).size).toBe(ticks.length);
    // what the second scheduler's ticks had read again ends, too: a worker that is stopped leaves staged parts to the next one
    const { producer } = await bench.openQueue();
    const countOpen = async () => {
      const { ticks: _, ...vendors } = await producer.counts();
      return Object.values(vendors).reduce((sum, of) => sum + of.waiting + of.active + of.waitingChildren, 0);
    };
    await expect.poll(countOpen, LIMIT).toBe(0);
    for (const role of roles) expect(await stopInOrder(role)).toEqual([]);
    expect(await readData(bench)).toEqual(await readData(alone));
    expect(await count(bench, TWICE)).toBe(0);
    expect(await findLeftovers(bench.warehouse)).toEqual([]);
  },
);
