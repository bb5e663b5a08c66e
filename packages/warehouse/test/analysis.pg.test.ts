import { type Accumulation, type ColumnType, type Dataset, dayPeriod, parseUtcDay } from '@edgeledger/core';
import { createTestDatabase, type TestDatabase } from '@edgeledger/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWarehouse, type Warehouse } from '../src/index.ts';
import { CREDITS, LOGS, NOW, publishRequest, stageAll } from './sample-reports.ts';

let database: TestDatabase;
let warehouse: Warehouse;
let account = 'a0';

beforeAll(async () => {
  database = await createTestDatabase();
  warehouse = await createWarehouse({ connectionString: database.connectionString });
});
afterAll(async () => {
  await warehouse.close();
  await database.drop();
});
beforeEach(() => {
  database.keepOnFailure();
  account = `a${Number(account.slice(1)) + 1}`;
});

const TYPES: Readonly<Record<string, ColumnType>> = {
  source_id: 'text',
  source_name: 'text',
  origin_image_url: 'text',
  total_credits: 'numeric',
  storage_credits: 'numeric',
  delivery_bandwidth_credits: 'numeric',
  avg_response_time: 'numeric',
};

type Figures = Readonly<Record<string, string | number | null>>;

async function load(
  report: string,
  day: string,
  rows: readonly Figures[],
  accumulation: Accumulation = 'daily',
) {
  const shape = report.startsWith('credit') ? CREDITS : LOGS;
  const dataset: Dataset = { ...shape, name: `imgix.${report}`, report, accumulation };
  const reportKey = `${report}_${day.replaceAll('-', '')}`;
  const period = dayPeriod(parseUtcDay(day, 'day'));
  const begun = await warehouse.loader.begin({ account, dataset: dataset.name, reportKey, period }, dataset);
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  await stageAll(begun, [
    {
      columns: names.map((name) => [name, TYPES[name] ?? 'bigint']),
      rows: rows.map((row) => names.map((name) => (row[name] == null ? null : String(row[name])))),
    },
  ]);
  return await begun.publish(publishRequest());
}
const mtd = (report: string, day: string, rows: readonly Figures[]) =>
  load(report, day, rows, 'month_to_date');
const ask = (sql: string) => database.query(sql.replaceAll('$account', `'${account}'`));
const openFindings = () =>
  ask(
    'SELECT report_key, kind, message FROM ledger.findings WHERE account = $account AND resolved_at IS NULL ORDER BY 1',
  );

describe('source_analytics_daily', () => {
  const read = () =>
    ask(
      `SELECT to_char(day, 'MM-DD') AS day, source_id, requests::int, days_covered AS days, is_first_of_month AS first,
         has_negative AS negative, has_vanished AS vanished FROM imgix.source_analytics_daily
       WHERE account = $account ORDER BY day, source_id`,
    );
  const row = (
    day: string,
    source: string,
    requests: number | null,
    days: number,
    flags: Readonly<Record<string, boolean>> = {},
  ) => ({
    day,
    source_id: source,
    requests,
    days,
    first: day.endsWith('-01'),
    negative: (requests ?? 0) < 0,
    vanished: false,
    ...flags,
  });

  it('gives the value itself on the first, differences after, and says how many days one spans', async () => {
    await mtd('source_analytics', '2026-09-30', [{ source_id: 's', requests: 900 }]);
    await mtd('source_analytics', '2026-10-01', [{ source_id: 's', requests: 10 }]);
    await mtd('source_analytics', '2026-10-02', [{ source_id: 's', requests: 25 }]);
    await mtd('source_analytics', '2026-10-05', [{ source_id: 's', requests: 100 }]);
    expect(await read()).toEqual([
      row('09-30', 's', 900, 30),
      row('10-01', 's', 10, 1),
      row('10-02', 's', 15, 1),
      row('10-05', 's', 75, 3),
    ]);
    // the missing day comes late: the difference after it gets smaller
    await mtd('source_analytics', '2026-10-04', [{ source_id: 's', requests: 70 }]);
    expect((await read()).slice(-2)).toEqual([row('10-04', 's', 45, 2), row('10-05', 's', 30, 1)]);
  });

  it('flags what went down or vanished and clamps nothing; a report without rows is a report', async () => {
    await mtd('source_analytics', '2026-10-01', [
      { source_id: 'a', requests: 10 },
      { source_id: 'b', requests: 5 },
    ]);
    await mtd('source_analytics', '2026-10-02', [
      { source_id: 'a', requests: 8 },
      { source_id: 'c', requests: 3 },
    ]);
    await mtd('source_analytics', '2026-10-03', []);
    expect((await read()).slice(2)).toEqual([
      row('10-02', 'a', -2, 1),
      row('10-02', 'b', -5, 1, { vanished: true }),
      row('10-02', 'c', 3, 1),
      row('10-03', 'a', -8, 1, { vanished: true }),
      row('10-03', 'c', -3, 1, { vanished: true }),
    ]);
  });

  it('does not difference an average, nor a figure that is blank', async () => {
    await mtd('source_analytics', '2026-10-01', [
      { source_id: 's', requests: 10, avg_response_time: '80.5' },
    ]);
    await mtd('source_analytics', '2026-10-02', [
      { source_id: 's', requests: null, avg_response_time: '90' },
    ]);
    expect(
      await ask(
        'SELECT requests, avg_response_time_mtd FROM imgix.source_analytics_daily WHERE account = $account ORDER BY day',
      ),
    ).toEqual([
      { requests: '10', avg_response_time_mtd: '80.5' },
      { requests: null, avg_response_time_mtd: '90' },
    ]);
  });
});

describe('images', () => {
  const image = (name: string, bandwidth: number): Figures => ({
    source_id: 's',
    origin_image_url: `/${name}`,
    requests: 1,
    bandwidth,
  });
  const daily = () =>
    ask(
      `SELECT to_char(day, 'DD') AS day, origin_image_url AS url, bandwidth::int FROM imgix.image_analytics_daily
       WHERE account = $account ORDER BY 1, 2`,
    );
  const fresh = () =>
    ask(
      `SELECT to_char(day, 'DD') AS day, new_origin_images::int AS n, origin_images::int AS of
       FROM imgix.new_origin_images_daily WHERE account = $account ORDER BY 1`,
    );
  const top = () =>
    ask(
      `SELECT rank::int, origin_image_url AS url, bandwidth::int, round(share, 2)::float8 AS share
       FROM imgix.top_images_by_bandwidth WHERE account = $account ORDER BY 1, 2`,
    );

  it('are differenced, counted as new once a month, and ranked by the newest report', async () => {
    await mtd('image_analytics', '2026-10-01', [image('a', 10), image('b', 5)]);
    await mtd('image_analytics', '2026-10-02', [image('a', 60), image('b', 5), image('c', 35)]);
    expect(await daily()).toEqual([
      { day: '01', url: '/a', bandwidth: 10 },
      { day: '01', url: '/b', bandwidth: 5 },
      { day: '02', url: '/a', bandwidth: 50 },
      { day: '02', url: '/b', bandwidth: 0 },
      { day: '02', url: '/c', bandwidth: 35 },
    ]);
    expect(await fresh()).toEqual([
      { day: '01', n: 2, of: 2 },
      { day: '02', n: 1, of: 3 },
    ]);
    expect(await top()).toEqual([
      { rank: 1, url: '/a', bandwidth: 60, share: 0.6 },
      { rank: 2, url: '/c', bandwidth: 35, share: 0.35 },
      { rank: 3, url: '/b', bandwidth: 5, share: 0.05 },
    ]);
  });

  it('stay as they are where the report is configured as daily', async () => {
    await load('image_analytics', '2026-10-01', [image('a', 10), image('b', 5)]);
    await load('image_analytics', '2026-10-02', [image('c', 60)]);
    await load('image_analytics', '2026-10-03', [image('a', 20), image('c', 5), image('d', 1)]);
    expect((await daily()).map(({ bandwidth }) => bandwidth)).toEqual([10, 5, 60, 20, 5, 1]);
    expect((await fresh()).map(({ n }) => n)).toEqual([2, 1, 1]);
    expect(await top()).toMatchObject([{ url: '/c', bandwidth: 65 }, { url: '/a', bandwidth: 30 }, {}, {}]);
  });

  it('follow a changed configuration from the next load on', async () => {
    await load('image_analytics', '2026-10-01', [image('a', 10)]);
    await load('image_analytics', '2026-10-02', [image('a', 15)]);
    expect((await daily()).map(({ bandwidth }) => bandwidth)).toEqual([10, 15]);
    await mtd('image_analytics', '2026-10-03', [image('a', 20)]);
    expect((await daily()).map(({ bandwidth }) => bandwidth)).toEqual([10, 5, 5]);
  });
});

describe('credits', () => {
  it('show what is charged beyond the kinds that are listed', async () => {
    await load('credit_analytics_daily', '2026-10-01', [
      { source_id: 's', total_credits: '10.5', storage_credits: '2', delivery_bandwidth_credits: '5.25' },
    ]);
    expect(
      await ask(
        'SELECT total_credits, listed_credits, unlisted_credits FROM imgix.credits_daily WHERE account = $account',
      ),
    ).toEqual([{ total_credits: '10.5', listed_credits: '7.25', unlisted_credits: '3.25' }]);
  });

  const credits = (total: string, source = 's'): Figures => ({ source_id: source, total_credits: total });

  it('that do not add up over the month are a finding, whichever report comes last, until they do', async () => {
    await mtd('credit_analytics_mtd', '2026-10-02', [credits('5')]);
    await load('credit_analytics_daily', '2026-10-02', [credits('2')]);
    // the first is missing: nothing can be said
    expect(await openFindings()).toEqual([]);
    await load('credit_analytics_daily', '2026-10-01', [credits('2.5')]);
    const found = await openFindings();
    expect(found).toMatchObject([{ report_key: 'credit_analytics_mtd_20261002', kind: 'sum-mismatch' }]);
    expect(found[0]?.message).toMatch(
      /Source s has 5, its days add up to 4\.5\. See imgix\.credits_month_check/,
    );
    // loading either again finds the same, once
    await mtd('credit_analytics_mtd', '2026-10-02', [credits('5'), credits('0', 'other')]);
    expect(await openFindings()).toEqual(found);
    await load('credit_analytics_daily', '2026-10-02', [credits('2.5')]);
    expect(await openFindings()).toEqual([]);
    expect(
      await ask(`SELECT resolved_at FROM ledger.findings WHERE account = $account AND kind = 'sum-mismatch'`),
    ).toEqual([{ resolved_at: NOW }]);
  });

  it('of the days before are checked against every later month-to-date report', async () => {
    for (const [day, total] of [
      ['2026-10-01', '1'],
      ['2026-10-02', '2'],
      ['2026-10-03', '3'],
    ] as const) {
      await load('credit_analytics_daily', day, [credits('1')]);
      await mtd('credit_analytics_mtd', day, [credits(total)]);
    }
    expect(await openFindings()).toEqual([]);
    await load('credit_analytics_daily', '2026-10-02', [credits('4'), credits('1', 'late')]);
    expect((await openFindings()).map((row) => row.report_key)).toEqual([
      'credit_analytics_mtd_20261002',
      'credit_analytics_mtd_20261003',
    ]);
  });
});

it('a Source keeps the last name that was not blank', async () => {
  await mtd('source_analytics', '2026-10-01', [{ source_id: 's', source_name: 'old' }]);
  await mtd('source_analytics', '2026-10-02', [{ source_id: 's', source_name: 'new' }]);
  await mtd('source_analytics', '2026-10-03', [{ source_id: 's', source_name: null }]);
  expect(
    await ask(
      `SELECT source_name, named_on, first_seen_on, last_seen_on FROM imgix.current_sources WHERE account = $account`,
    ),
  ).toEqual([
    {
      source_name: 'new',
      named_on: new Date(2026, 9, 2),
      first_seen_on: new Date(2026, 9, 1),
      last_seen_on: new Date(2026, 9, 3),
    },
  ]);
});
