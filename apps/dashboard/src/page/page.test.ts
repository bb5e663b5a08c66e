import { UNIT_STATES, type UnitState } from '@edgeledger/core';
import { expect, test } from 'vitest';
import type { CoverageDay, Gap } from '../questions.ts';
import { STATE_MARKS, toCalendar, toCalendarRange } from './calendar.ts';
import { renderCoverage } from './coverage-table.ts';
import { formatAge, formatBytes, formatCount, formatDaysLeft, formatDuration } from './format.ts';
import { html } from './html.ts';
import { loadPageFacts, renderPage } from './page.ts';
import { renderGaps, sortGaps } from './tables.ts';

const NOW = new Date('2026-11-21T10:00:00Z');
const RANGE = toCalendarRange(NOW, 90);
const EVIL = `"><script>alert('1')</script>&`;

function cell(day: string, state: UnitState = 'loaded', more: Partial<CoverageDay> = {}): CoverageDay {
  const counts = { units: '1', loaded: state === 'loaded' ? '1' : '0', rows: '1234', rejects: '0' };
  return { account: 'default', dataset: 'imgix.cdn_logs', day, state, ...counts, ...more };
}

function gap(report_key: string, state: UnitState, days_left: string | null): Gap {
  return { account: 'default', dataset: 'imgix.cdn_logs', report_key, state, error_message: null, days_left };
}

test('values are escaped, markup of our own is not', () => {
  expect(html`<p title="${EVIL}">${html`<b>${1}</b>`}${[html`<i>`, html`</i>`]}</p>`.markup).toBe(
    '<p title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;"><b>1</b><i></i></p>',
  );
});

test('the calendar begins with the first known day, and with two weeks at least', () => {
  const short = toCalendar([cell('2026-11-20')], RANGE);
  expect([short.days[0], short.days.length]).toEqual(['2026-11-08', 14]);
  const long = toCalendar([cell('2026-10-30'), cell('2026-11-20')], RANGE);
  expect([long.days[0], long.days.at(-1)]).toEqual(['2026-10-30', '2026-11-21']);
  expect(long.months).toEqual([
    { label: '2026-10', days: 2 },
    { label: '2026-11', days: 21 },
  ]);
  expect(toCalendar([], RANGE).lines).toEqual([]);
});

test('a line is an account and a dataset, its cells stand at their days', () => {
  const calendar = toCalendar(
    [cell('2026-11-20'), cell('2026-11-21', 'waiting'), cell('2026-11-20', 'failed', { account: 'acme' })],
    RANGE,
  );
  expect(calendar.hasAccounts).toBe(true);
  expect(
    calendar.lines.map((line) => [line.account, line.cells.at(-2)?.state, line.cells.at(-1)?.state]),
  ).toEqual([
    ['default', 'loaded', 'waiting'],
    ['acme', 'failed', undefined],
  ]);
});

test('each state has a mark of its own, so that colour is not needed', () => {
  const marks = UNIT_STATES.map((state) => STATE_MARKS[state].mark);
  expect(new Set(marks).size).toBe(UNIT_STATES.length);
});

test('a cell shows state and mark, and says rows, rejects and units', () => {
  const { markup } = renderCoverage(
    toCalendar([cell('2026-11-20', 'failed', { units: '3', loaded: '2', rejects: '17' })], RANGE),
  );
  expect(markup).toContain(
    '<td class="s failed has-rejects" title="imgix.cdn_logs 2026-11-20: failed, 1,234 rows, 17 rejects, 2 of 3 units loaded"><i aria-hidden="true">!</i>',
  );
  expect(markup.match(/<td><\/td>/g)).toHaveLength(13);
});

test('failed gaps come first, then what is lost soonest, then what is lost already', () => {
  const gaps = [
    gap('a', 'lost', '0'),
    gap('b', 'waiting', '89.5'),
    gap('c', 'expected', '3.2'),
    gap('d', 'expected', null),
    gap('e', 'failed', '40'),
  ];
  expect(sortGaps(gaps).map((item) => item.report_key)).toEqual(['e', 'c', 'b', 'd', 'a']);
  expect(renderGaps([gap('c', 'expected', '3.2')]).markup).toContain('<b class="bad">3.2</b>');
});

test('of many gaps the first are shown and the rest is counted', () => {
  const gaps = Array.from({ length: 1260 }, (_, index) => gap(`r${index}`, 'expected', '9'));
  const { markup } = renderGaps(gaps);
  expect(markup.match(/<tr>/g)).toHaveLength(51);
  expect(markup).toContain('and 1,210 more');
});

test('whatever stands in the warehouse, the page holds no markup of it', async () => {
  const page = renderPage(
    await loadPageFacts(
      {
        coverage: async () => [
          cell('2026-11-20', 'loaded', { dataset: EVIL, account: EVIL }),
          cell('2026-11-20'),
        ],
        gaps: async () => [
          { ...gap(EVIL, 'failed', '1'), account: EVIL, dataset: EVIL, error_message: EVIL },
        ],
        freshness: async () => [
          {
            account: EVIL,
            dataset: EVIL,
            complete_through: NOW,
            settled_through: null,
            newest_loaded_at: null,
            gaps: '1',
          },
        ],
        recentLoads: async () => [
          {
            account: EVIL,
            dataset: EVIL,
            report_key: EVIL,
            started_at: NOW,
            finished_at: null,
            outcome: EVIL,
            rows_inserted: '1',
            rows_updated: '2',
            rows_unchanged: '3',
            rows_deleted: '4',
            rejects: '5',
            bytes: '6000',
          },
        ],
      },
      { now: NOW, days: 90, version: EVIL },
    ),
  );
  expect(page).not.toContain('<script');
  expect(page).toContain('&lt;script&gt;');
  expect(page).toContain('6.0 kB');
});

test('an empty warehouse gives a page that says what to do', async () => {
  const none = async () => [];
  const facts = await loadPageFacts(
    { coverage: none, gaps: none, freshness: none, recentLoads: none },
    { now: NOW, days: 90, version: '0.1.0' },
  );
  expect(renderPage(facts)).toContain('edgeledger run');
});

test('counts, sizes and times are written for people', () => {
  expect(formatCount('9007199254740993123')).toBe('9,007,199,254,740,993,123');
  expect([999, 1000, 15_300_000, 123_456_789].map(formatBytes)).toEqual([
    '999 B',
    '1.0 kB',
    '15.3 MB',
    '123 MB',
  ]);
  const ago = (minutes: number) => formatAge(new Date(NOW.getTime() - minutes * 60_000), NOW);
  expect([0, 5, 119, 180, 4000].map(ago)).toEqual([
    'just now',
    '5 min ago',
    '119 min ago',
    '3 h ago',
    '2 days ago',
  ]);
  const took = (ms: number) => formatDuration(NOW, new Date(NOW.getTime() + ms));
  expect([4300, 42_000, 600_000, 10_800_000].map(took)).toEqual(['4.3 s', '42 s', '10 min', '3 h']);
  expect([1.9, 0.2, -3, 40.7].map(formatDaysLeft)).toEqual(['1 day', '0 days', '0 days', '40 days']);
});
