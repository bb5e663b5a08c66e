import { HOUR_MS } from '@edgeledger/core';
import { expect, test } from 'vitest';
import { type AkamaiLab, openAkamaiLab } from './akamai-lab.ts';

const USAGE = { name: 'default', dataset: 'endpoint_usage_by_time', objectIds: 'all' } as const;

async function readUsage({ database }: AkamaiLab) {
  return database.query(
    `SELECT to_char(period_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS start, edge_bytes::float8 AS "edgeBytes",
       edge_hits::float8 AS "edgeHits", midgress_bytes::float8 AS "midgressBytes"
     FROM akamai.endpoint_usage_by_time ORDER BY period_start`,
  );
}

test('ninety days with a moving end and values that change for two days end as the truth', async () => {
  const start = new Date('2026-08-21T01:00:00Z');
  const lab = await openAkamaiLab(start, [{ ...USAGE, everyMinutes: 15 }], {
    historyDays: 3,
    akamai: { changingHours: 48, lagMinutes: 190 },
  });
  const { emulator, database } = lab;
  for (let hour = 0; hour <= 90 * 24; hour += 18) {
    await lab.run(4);
    emulator.advance(18 * HOUR_MS);
  }
  emulator.advance(48 * HOUR_MS);
  await lab.run(5);
  const from = new Date('2026-08-18T00:00:00Z');
  const to = new Date('2026-11-19T00:00:00Z');
  const loaded = (await readUsage(lab)).filter((row) => String(row.start) < to.toISOString());
  expect(loaded).toHaveLength(93 * 288);
  expect(loaded).toEqual(emulator.truth.endpointUsage('all', from, to));

  const [revisions] = await database.query(
    `SELECT count(DISTINCT report_key)::int AS units, max(age) < interval '3 days' AS young FROM ledger.row_revisions
     WHERE period_start < '2026-11-15'`,
  );
  // every day was revised after it had been loaded, and none after the vendor's two days
  expect(revisions).toEqual({ units: expect.any(Number), young: true });
  expect(revisions?.units).toBeGreaterThanOrEqual(84);
  const [settled] = await database.query(
    `SELECT count(*) FILTER (WHERE settled_at IS NULL)::int AS open FROM ledger.units
     WHERE period_end < $1::timestamptz - interval '2 days'`,
    [emulator.now()],
  );
  expect(settled).toEqual({ open: 0 });
  expect(
    await database.query(
      'SELECT * FROM akamai.endpoint_usage_gaps WHERE gap_start >= $1 AND gap_start < $2',
      [from, to],
    ),
  ).toEqual([]);
  const [summed] = await database.query(
    `SELECT count(*)::int AS wrong FROM akamai.report_summaries AS summaries
     JOIN LATERAL (SELECT sum(edge_hits) AS hits FROM akamai.endpoint_usage_by_time AS usage
       WHERE usage.report_key = summaries.report_key) AS sums ON true
     WHERE metric = 'edgeHitsTotal' AND period_end < $1 AND value <> hits`,
    [to],
  );
  expect(summed).toEqual({ wrong: 0 });
}, 240_000);

test('intervals without traffic are rows of 0, intervals that are absent are gaps', async () => {
  const lab = await openAkamaiLab(new Date('2026-11-20T12:00:00Z'), [USAGE], {
    firstDay: '2026-11-18',
    seed: 3,
  });
  const { database, emulator } = lab;
  await lab.run(3);
  const truth = emulator.truth.endpointUsage(
    'all',
    new Date('2026-11-18T00:00:00Z'),
    new Date('2026-11-20T00:00:00Z'),
  );
  const [days] = await database.query(
    `SELECT sum(zero_intervals)::int AS zero, sum(intervals)::int AS intervals, sum(edge_hits)::float8 AS hits,
       bool_and(is_complete) AS complete
     FROM akamai.endpoint_usage_daily WHERE day < '2026-11-20'`,
  );
  expect(days).toEqual({
    zero: truth.filter((interval) => interval.edgeHits === 0).length,
    intervals: 576,
    hits: truth.reduce((sum, interval) => sum + interval.edgeHits, 0),
    complete: true,
  });
  // the account did not exist on the 17th, of which the vendor says that it has all
  const gaps = await database.query(
    'SELECT report_key, intervals::int, is_window_complete AS complete FROM akamai.endpoint_usage_gaps ORDER BY 1',
  );
  expect(gaps).toEqual([
    { report_key: 'endpoint-usage-by-time_default_20261117', intervals: 288, complete: true },
  ]);
  await database.query(
    `DELETE FROM akamai.endpoint_usage_by_time WHERE period_start >= '2026-11-19T03:00Z' AND period_start < '2026-11-19T03:20Z'`,
  );
  const [hole] = await database.query(
    `SELECT gap_start, gap_end, intervals::int FROM akamai.endpoint_usage_gaps WHERE report_key LIKE '%20261119'`,
  );
  expect(hole).toEqual({
    gap_start: new Date('2026-11-19T03:00:00Z'),
    gap_end: new Date('2026-11-19T03:20:00Z'),
    intervals: 4,
  });
});

test('a unit that settled because two readings agreed is corrected by the last look', async () => {
  const lab = await openAkamaiLab(new Date('2026-11-19T06:00:00Z'), [USAGE]);
  const { database, emulator } = lab;
  const day = { from: new Date('2026-11-18T00:00:00Z'), to: new Date('2026-11-19T00:00:00Z') };
  const read = () =>
    database.query(
      `SELECT settled_at, next_check_at FROM ledger.units WHERE report_key = 'endpoint-usage-by-time_default_20261118'`,
    );
  await lab.run(1);
  emulator.advance(4 * HOUR_MS);
  await lab.run(1);
  expect(await read()).toEqual([
    { settled_at: new Date('2026-11-19T10:00:00Z'), next_check_at: new Date('2026-11-21T00:00:00Z') },
  ]);
  emulator.reviseAkamai({ ...day, factor: 2 });
  emulator.setNow(new Date('2026-11-21T05:00:00Z'));
  await lab.run(4);
  const loaded = (await readUsage(lab)).filter((row) => String(row.start).startsWith('2026-11-18'));
  expect(loaded).toEqual(emulator.truth.endpointUsage('all', day.from, day.to));
  expect(await read()).toEqual([{ settled_at: new Date('2026-11-21T05:00:00Z'), next_check_at: null }]);
  const [revision] = await database.query(
    `SELECT rows_updated::int > 0 AS updated FROM ledger.row_revisions WHERE report_key LIKE '%20261118'`,
  );
  expect(revision).toEqual({ updated: true });
});
