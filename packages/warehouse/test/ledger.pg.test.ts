import { addDays, dayPeriod, type ExpectedUnit, parseUtcDay, TransientError } from '@edgeledger/core';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWarehouse, type Warehouse } from '../src/index.ts';
import { LOGS, NOW, publishRequest, stageAll, unitOf } from './sample-reports.ts';

let database: TestDatabase;
let warehouse: Warehouse;
let account = '';
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  warehouse = await createWarehouse({ connectionString: database.connectionString });
});
afterAll(async () => {
  await warehouse.close();
  await database.drop();
});
beforeEach(() => {
  count += 1;
  account = `account-${count}`;
});

const FIRST = parseUtcDay('2026-11-01', 'day');
const EXPIRES = new Date('2027-02-01T00:00:00Z');
const DUE = new Date('2026-11-02T04:00:00Z');

function expected(dayOffset: number, change: Partial<ExpectedUnit> = {}): ExpectedUnit {
  const unit = unitOf(LOGS, addDays(FIRST, dayOffset), account);
  return { ...unit, expiresAt: EXPIRES, dueAt: DUE, ...change };
}

const listed = (revision: string, completed = true) => ({
  vendorReportId: `id-${revision}`,
  completed,
  revision,
});

async function loadUnit(unit: ExpectedUnit, revision = 'r1'): Promise<void> {
  const load = await stageAll(await warehouse.loader.begin(unit, LOGS), [
    { columns: [['url', 'text']], rows: [['/a']] },
  ]);
  await load.publish(publishRequest({ revision }));
}

async function filter(from: number, to: number) {
  return await warehouse.ledger.findUnits({
    account,
    from: dayPeriod(addDays(FIRST, from)).start,
    to: dayPeriod(addDays(FIRST, to)).start,
  });
}

describe('recordExpected', () => {
  it('adds what is new once, and finds it by period and dataset', async () => {
    const units = [expected(0), expected(1, { listed: listed('r1') }), expected(2), expected(2)];
    await warehouse.ledger.recordExpected(units, NOW);
    await warehouse.ledger.recordExpected(units, new Date(NOW.getTime() + 1000));
    const found = await filter(0, 3);
    expect(
      found.map((unit) => [
        unit.state,
        unit.firstSeenAt,
        unit.expiresAt,
        unit.nextCheckAt,
        unit.availableAt,
        unit.revision,
      ]),
    ).toEqual([
      ['expected', NOW, EXPIRES, DUE, null, null],
      ['expected', NOW, EXPIRES, DUE, NOW, 'r1'],
      ['expected', NOW, EXPIRES, DUE, null, null],
    ]);
    expect(await filter(1, 2)).toHaveLength(1);
    const nothing = { account, from: FIRST_START, to: EXPIRES, datasets: ['imgix.mild_errors'] };
    expect(await warehouse.ledger.findUnits(nothing)).toEqual([]);
  });

  const FIRST_START = dayPeriod(FIRST).start;

  it('writes nothing when it learns nothing', async () => {
    const units = [expected(0, { listed: listed('r1') }), expected(1)];
    const versions = async () =>
      await database.query(
        'SELECT xmin::text, ctid::text FROM ledger.units WHERE account = $1 ORDER BY unit_id',
        [account],
      );
    await warehouse.ledger.recordExpected(units, NOW);
    await loadUnit(expected(0));
    const before = await versions();
    await warehouse.ledger.recordExpected(units, new Date(NOW.getTime() + 1000));
    expect(await versions()).toEqual(before);
    await warehouse.ledger.recordExpected([expected(1, { listed: listed('r1') })], NOW);
    expect(await versions()).not.toEqual(before);
  });

  it('leaves the revision of what is visible, so that a new one is noticed', async () => {
    await warehouse.ledger.recordExpected([expected(0, { listed: listed('r1') })], NOW);
    await loadUnit(expected(0), 'r1');
    await warehouse.ledger.recordExpected([expected(0, { listed: listed('r2') })], NOW);
    expect(await warehouse.ledger.findUnit(expected(0))).toMatchObject({ state: 'loaded', revision: 'r1' });
  });

  it('takes thousands of units in one call', async () => {
    const units = Array.from({ length: 5_000 }, (_, index) => ({
      ...expected(0),
      reportKey: `report_${index}`,
    }));
    await warehouse.ledger.recordExpected(units, NOW);
    expect(await filter(0, 1)).toHaveLength(5_000);
  });

  it('expects a lost unit again when the vendor lists it after all', async () => {
    await warehouse.ledger.recordLost(expected(0), 'retention ended');
    await warehouse.ledger.recordExpected([expected(0)], NOW);
    expect((await warehouse.ledger.findUnit(expected(0)))?.state).toBe('lost');
    await warehouse.ledger.recordExpected([expected(0, { listed: listed('r1') })], NOW);
    expect((await warehouse.ledger.findUnit(expected(0)))?.state).toBe('expected');
  });
});

describe('waiting, lost and failed', () => {
  it('are recorded for a unit that is not loaded', async () => {
    const until = new Date(NOW.getTime() + 60_000);
    await warehouse.ledger.recordWaiting(expected(0), until, 'not completed');
    expect(await warehouse.ledger.findUnit(expected(0))).toMatchObject({
      state: 'waiting',
      nextCheckAt: until,
      errorMessage: 'not completed',
      errorCode: null,
      attempts: 0,
    });
    await warehouse.ledger.recordFailure(expected(1), new TransientError('source.timeout', 'slow'), NOW);
    expect(await warehouse.ledger.findUnit(expected(1))).toMatchObject({
      state: 'failed',
      attempts: 1,
      errorCode: 'source.timeout',
      nextCheckAt: new Date(NOW.getTime() + 300_000),
    });
    await warehouse.ledger.recordFailure(expected(1), new TransientError('source.timeout', 'slow'), NOW);
    expect(await warehouse.ledger.findUnit(expected(1))).toMatchObject({
      attempts: 2,
      nextCheckAt: new Date(NOW.getTime() + 300_000),
    });
    await warehouse.ledger.recordLost(expected(2), 'retention ended');
    await warehouse.ledger.recordLost(expected(2), 'retention ended');
    expect(await warehouse.ledger.findUnit(expected(2))).toMatchObject({ state: 'lost', nextCheckAt: null });
    expect((await warehouse.questions.unit(expected(2)))?.findings).toMatchObject([
      { kind: 'lost', message: 'retention ended' },
    ]);
  });

  it('are lost once the vendor has dropped them, with one finding each', async () => {
    await warehouse.ledger.recordExpected([expected(0), expected(1)], NOW);
    await loadUnit(expected(1));
    const expire = (now: Date) =>
      warehouse.ledger.recordExpired(expected(0).account, [expected(0).dataset], now);
    expect(await expire(new Date(EXPIRES.getTime() - 1))).toBe(0);
    expect(await expire(EXPIRES)).toBe(1);
    expect(await expire(EXPIRES)).toBe(0);
    expect((await warehouse.ledger.findUnit(expected(0)))?.state).toBe('lost');
    expect((await warehouse.ledger.findUnit(expected(1)))?.state).toBe('loaded');
    expect((await warehouse.questions.unit(expected(0)))?.findings).toMatchObject([{ kind: 'lost' }]);
  });

  it('leave a loaded unit loaded', async () => {
    await loadUnit(expected(0));
    await warehouse.ledger.recordWaiting(expected(0), EXPIRES, 'later');
    expect(await warehouse.ledger.findUnit(expected(0))).toMatchObject({
      state: 'loaded',
      nextCheckAt: EXPIRES,
      errorMessage: null,
    });
    await warehouse.ledger.recordFailure(expected(0), new TransientError('source.timeout', 'slow'), NOW);
    expect(await warehouse.ledger.findUnit(expected(0))).toMatchObject({
      state: 'loaded',
      errorCode: 'source.timeout',
      rows: 1,
    });
    await warehouse.ledger.recordLost(expected(0), 'gone');
    expect(await warehouse.ledger.findUnit(expected(0))).toMatchObject({
      state: 'loaded',
      nextCheckAt: null,
    });
    expect((await warehouse.ledger.findUnit(expected(0)))?.settledAt).not.toBeNull();
    expect((await warehouse.questions.unit(expected(0)))?.findings).toEqual([]);
  });
});

describe('the views', () => {
  it('say what is covered, what is missing and how far a dataset is complete', async () => {
    await warehouse.ledger.recordExpected(
      [0, 1, 2, 3, 4].map((day) => expected(day)),
      NOW,
    );
    for (const day of [0, 1, 3]) await loadUnit(expected(day));
    await warehouse.ledger.recordLost(expected(4), 'gone');
    const coverage = await warehouse.questions.coverage({ account, from: '2026-11-01', to: '2026-11-05' });
    expect(coverage.map((day) => [day.day, day.state, day.rows, day.units])).toEqual([
      ['2026-11-01', 'loaded', '1', '1'],
      ['2026-11-02', 'loaded', '1', '1'],
      ['2026-11-03', 'expected', '0', '1'],
      ['2026-11-04', 'loaded', '1', '1'],
      ['2026-11-05', 'lost', '0', '1'],
    ]);
    const gaps = (await warehouse.questions.gaps()).filter((gap) => gap.account === account);
    expect(gaps.map((gap) => [gap.report_key, gap.state]).sort()).toEqual([
      ['cdn_logs_20261103', 'expected'],
      ['cdn_logs_20261105', 'lost'],
    ]);
    const [left] = await database.query<{ exact: boolean }>(
      `SELECT abs(days_left - extract(epoch FROM expires_at - now()) / 86400) < 0.1 AS exact
       FROM ledger.gaps WHERE account = $1 AND state = 'expected'`,
      [account],
    );
    expect(left?.exact).toBe(true);
    const freshness = (await warehouse.questions.freshness()).find((one) => one.account === account);
    expect(freshness).toEqual({
      account,
      dataset: 'imgix.cdn_logs',
      complete_through: new Date('2026-11-03T00:00:00Z'),
      newest_loaded_at: NOW,
      settled_through: null,
      gaps: '2',
    });
  });

  it('know no complete period when the very first one is missing', async () => {
    await warehouse.ledger.recordExpected([expected(0)], NOW);
    await loadUnit(expected(1));
    const freshness = (await warehouse.questions.freshness()).find((one) => one.account === account);
    expect(freshness).toMatchObject({ complete_through: null, settled_through: null, gaps: '1' });
  });

  it('do not call a period complete of which only the beginning was there', async () => {
    await loadUnit(expected(0));
    const load = await stageAll(await warehouse.loader.begin(expected(1), LOGS), [
      { columns: [['url', 'text']] },
    ]);
    await load.publish(publishRequest({ availableAt: null, nextCheckAt: EXPIRES }));
    const freshness = (await warehouse.questions.freshness()).find((one) => one.account === account);
    expect(freshness?.complete_through).toEqual(new Date('2026-11-02T00:00:00Z'));
    expect(freshness?.gaps).toBe('0');
  });
});

describe('questions', () => {
  it('answer in rows, and refuse to write', async () => {
    await loadUnit(expected(0));
    expect(await warehouse.questions.query('SELECT 1 AS one, $1::text AS two', ['x'])).toEqual({
      columns: ['one', 'two'],
      rows: [[1, 'x']],
    });
    await expect(warehouse.questions.query('DELETE FROM ledger.units')).rejects.toThrow(/read-only/);
    expect((await warehouse.questions.recentLoads(1))[0]).toMatchObject({
      account,
      outcome: 'published',
      dataset: 'imgix.cdn_logs',
    });
    expect((await warehouse.questions.totals())[0]?.dataset).toBe('imgix.cdn_logs');
  });
});
