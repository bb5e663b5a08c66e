import { ERROR_CODES, UNIT_STATES, type UnitRecord, type UnitState } from '@edgeledger/core';
import type { CalendarCell, SchemaChange } from '@edgeledger/warehouse';
import { expect, test } from 'vitest';
import { findRangeProblem } from './backfill-page.ts';
import { STATE_MEANINGS, toCalendar, toCalendarRange } from './calendar.ts';
import { renderChart, toScale } from './chart.ts';
import { renderConfirmation } from './controls.ts';
import { renderCoverage } from './coverage-table.ts';
import { explainAbsence, explainUnit } from './explain.ts';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDaysLeft,
  formatDistance,
  formatDuration,
  formatNumber,
  formatPeriod,
  formatShort,
} from './format.ts';
import { html } from './html.ts';
import type { Frame } from './layout.ts';
import { toDayPath, toJobPath, toPath, toUnitPath } from './links.ts';
import { projectMonth } from './projection.ts';
import { findOpenColumns, renderMapping, renderSchemaPage } from './schema-page.ts';

const NOW = new Date('2026-11-21T10:00:00Z');
const RANGE = toCalendarRange(NOW, 90);
const EVIL = `"><script>alert('1')</script>&`;

const FRAME: Frame = {
  assets: { style: '/s.css', script: '/s.js', icon: '/i.svg' },
  version: '0.1.0',
  now: NOW,
  person: { name: EVIL, role: 'operator', formKey: 'k', hasSession: true },
  createFormToken: () => 'token',
};

function cell(day: string, state: UnitState = 'loaded', more: Partial<CalendarCell> = {}): CalendarCell {
  const counts = { units: 1, loaded: state === 'loaded' ? 1 : 0, rows: '1234', rejects: '0' };
  return {
    account: 'default',
    dataset: 'imgix.cdn_logs',
    day,
    state,
    expiresAt: null,
    pruned: 0,
    ...counts,
    ...more,
  };
}

function unit(state: UnitState, more: Partial<UnitRecord> = {}): UnitRecord {
  return {
    account: 'default',
    dataset: 'imgix.cdn_logs',
    reportKey: 'cdn_logs_20261120',
    period: { start: new Date('2026-11-20T00:00:00Z'), end: new Date('2026-11-21T00:00:00Z') },
    unitId: '1',
    state,
    vendorReportId: null,
    revision: null,
    parts: null,
    rows: null,
    rejects: null,
    bytes: null,
    fingerprint: null,
    attempts: 0,
    errorCode: null,
    errorMessage: null,
    firstSeenAt: NOW,
    availableAt: null,
    loadedAt: null,
    settledAt: null,
    expiresAt: null,
    nextCheckAt: null,
    loadId: null,
    isBeingLoaded: false,
    ...more,
  };
}

const NOT_HELD = { rows: null, at: null };
const explain = (record: UnitRecord, held = NOT_HELD as { rows: string | null; at: Date | null }) =>
  explainUnit({ unit: record, held, prunedAt: null }, NOW);

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
  expect(toCalendar([], RANGE).lines).toEqual([]);
});

test('a line is an account and a dataset, and says what is open, lost and urgent', () => {
  const calendar = toCalendar(
    [
      cell('2026-11-18', 'lost'),
      cell('2026-11-19', 'failed', { expiresAt: new Date('2026-12-03T00:00:00Z') }),
      cell('2026-11-20', 'waiting', { expiresAt: new Date('2026-12-04T00:00:00Z') }),
      cell('2026-11-20', 'failed', { account: 'acme' }),
    ],
    RANGE,
  );
  expect(calendar.hasAccounts).toBe(true);
  expect(calendar.lines.map(({ account, missing, lost }) => [account, missing, lost])).toEqual([
    ['default', 2, 1],
    ['acme', 1, 0],
  ]);
  expect(calendar.lines[0]?.soonestLossAt).toEqual(new Date('2026-12-03T00:00:00Z'));
  const { markup } = renderCoverage(calendar, NOW);
  expect(markup).toContain('<span class="urgent">2 open, 11 d</span>');
  expect(markup).toContain('class="s failed is-urgent"');
});

test('each state has a meaning, and a shape of its own in the style sheet', async () => {
  const { readFile } = await import('node:fs/promises');
  const style = await readFile(new URL('../assets/dashboard.css', import.meta.url), 'utf8');
  const shapes = UNIT_STATES.map(
    (state) => new RegExp(`\\.${state}\\.s::before \\{\\s*content: "(.)"`).exec(style)?.[1] ?? 'filled',
  );
  expect(new Set(shapes).size).toBe(UNIT_STATES.length);
  expect(Object.keys(STATE_MEANINGS).sort()).toEqual([...UNIT_STATES].sort());
});

test('a cell leads to its day and says state, rows, rejects, reports and days left', () => {
  const cells = [
    cell('2026-11-20', 'failed', {
      units: 3,
      loaded: 2,
      rejects: '17',
      expiresAt: new Date('2026-11-26T00:00:00Z'),
    }),
  ];
  const { markup } = renderCoverage(toCalendar(cells, RANGE), NOW);
  expect(markup).toContain(
    '<a class="s failed has-rejects is-urgent" href="/day/default/imgix.cdn_logs/2026-11-20" title="2026-11-20 imgix.cdn_logs: failed, 1,234 rows, 17 rejects, 2 of 3 reports loaded, 4 days left"><b>failed</b></a>',
  );
});

test('a year is a table of months for each dataset, newest month first, small however many cells it has', () => {
  const range = toCalendarRange(NOW, 365);
  const days = Array.from({ length: 365 }, (_, index) =>
    new Date(Date.parse('2025-11-22T00:00:00Z') + index * 86_400_000).toISOString().slice(0, 10),
  );
  const cells = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].flatMap((name) =>
    days.map((day) => cell(day, 'loaded', { dataset: `imgix.report_${name}` })),
  );
  const { markup } = renderCoverage(toCalendar(cells, range), NOW);
  expect(markup.match(/<table class="year"/g)).toHaveLength(8);
  expect(markup.indexOf('Nov 2026')).toBeLessThan(markup.indexOf('Dec 2025'));
  expect(markup.length).toBeLessThan(350_000);
});

test('why a unit is as it is: every state has a headline, a reason and a way on', () => {
  for (const state of UNIT_STATES) {
    const { headline, reasons, reloadLabel } = explain(unit(state));
    expect(headline.length).toBeGreaterThan(10);
    expect(reasons.every((reason) => reason.endsWith('.'))).toBe(true);
    expect(reloadLabel).not.toBe('');
  }
});

test('a failure names its code, its message, when it is tried again, how long there is time, and what to do', () => {
  const why = explain(
    unit('failed', {
      attempts: 3,
      errorCode: 'source.auth-rejected',
      errorMessage: 'imgix answered 401.',
      nextCheckAt: new Date('2026-11-21T12:00:00Z'),
      expiresAt: new Date('2026-11-30T00:00:00Z'),
    }),
  );
  expect(why.headline).toBe('Failed after 3 attempts: source.auth-rejected');
  expect(why.reasons.join(' ')).toBe(
    'imgix answered 401. Nothing of it is in the warehouse. It is tried again by itself: 2026-11-21 12:00 UTC, in 2 h. The vendor keeps it until 2026-11-30: 8 days left. After that it is lost for good.',
  );
  expect(why.advice).toContain('refuses the credential');
});

test('every error code has advice, and an unknown one none', () => {
  for (const errorCode of Object.values(ERROR_CODES).flat()) {
    expect([errorCode, explain(unit('failed', { errorCode })).advice]).toEqual([
      errorCode,
      expect.stringMatching(/\.$/),
    ]);
  }
  expect(explain(unit('failed', { errorCode: 'of.tomorrow' })).advice).toBeUndefined();
});

test('what is held says both counts and when a second reading decides', () => {
  const held = { rows: '12', at: new Date('2026-11-21T09:00:00Z') };
  const why = explain(unit('held', { rows: 1500, nextCheckAt: new Date('2026-11-21T10:30:00Z') }), held);
  expect(why.reasons.join(' ')).toContain('again with 12 rows instead of 1,500');
  expect(why.reasons.join(' ')).toContain('2026-11-21 10:30 UTC, in 30 min');
});

test('what is due is told from what is not, and what was interrupted from what runs', () => {
  const due = (nextCheckAt: string) =>
    explain(unit('expected', { nextCheckAt: new Date(nextCheckAt) })).headline;
  expect(due('2026-11-21T04:00:00Z')).toContain('no worker has read it yet');
  expect(due('2026-11-22T04:00:00Z')).toContain('not due yet');
  expect(explain(unit('loading', { isBeingLoaded: true })).headline).toContain('right now');
  expect(explain(unit('loading')).headline).toContain('interrupted');
  const failedAgain = explain(unit('loaded', { errorCode: 'source.timeout', errorMessage: 'Too slow.' }));
  expect(failedAgain.headline).toContain('the newest attempt to read it again failed');
});

test('rows that were pruned are not said to be there', () => {
  const prunedAt = new Date('2026-11-01T00:00:00Z');
  const why = explainUnit({ unit: unit('loaded', { rows: 7 }), held: NOT_HELD, prunedAt }, NOW);
  expect([why.headline, why.reasons[0]]).toEqual([
    'Was in the warehouse; its rows were pruned',
    'It was loaded with 7 rows, and `edgeledger prune` removed them (2026-11-01 00:00 UTC, 20 days ago). Only the ledger has it now.',
  ]);
  const { markup } = renderCoverage(toCalendar([cell('2026-11-20', 'loaded', { pruned: 1 })], RANGE), NOW);
  expect(markup).toMatch(/class="s loaded is-pruned".* title="[^"]*pruned since"/);
});

test('why a day has no unit depends on where it lies', () => {
  const known = { today: '2026-11-21', firstDay: '2026-09-01', lastDay: '2026-11-10' };
  const reasonOf = (day: string) => explainAbsence({ day, ...known });
  expect(reasonOf('2026-11-22')).toMatchObject({ canPlan: false, reason: expect.stringContaining('future') });
  expect(reasonOf('2026-11-21')).toMatchObject({ canPlan: false });
  expect(reasonOf('2026-08-31')).toMatchObject({
    canPlan: true,
    reason: expect.stringContaining('2026-09-01'),
  });
  expect(reasonOf('2026-11-11').reason).toContain('not planned since 2026-11-10');
  expect(reasonOf('2026-10-01').reason).toContain('never listed it');
  expect(
    explainAbsence({ day: '2026-10-01', today: '2026-11-21', firstDay: undefined, lastDay: undefined })
      .canPlan,
  ).toBe(true);
});

test('an action asks once more with a form, and a viewer gets no form at all', () => {
  const confirmation = {
    id: 'x',
    label: 'Load again',
    isPrimary: false,
    title: EVIL,
    text: html`<p>${EVIL}</p>`,
    action: '/actions/reload',
    fields: { report_key: EVIL },
  };
  const { markup } = renderConfirmation(FRAME, confirmation);
  expect(markup).toContain('popovertarget="x"');
  expect(markup).toContain('<form method="post" action="/actions/reload"');
  expect(markup).not.toContain('<script');
  const viewer = { name: 'vi', role: 'viewer', formKey: 'k', hasSession: true } as const;
  expect(renderConfirmation({ ...FRAME, person: viewer }, confirmation).markup).not.toContain('<form');
});

const change = (more: Partial<SchemaChange>): SchemaChange => ({
  dataset: 'imgix.cdn_logs',
  column: 'edge_pop',
  header: 'Edge POP',
  action: 'added',
  type: 'text',
  reportKey: 'cdn_logs_20261120',
  createdAt: NOW,
  ...more,
});

test('what to write for a new column is YAML, whatever its header holds', () => {
  expect(renderMapping([change({ header: 'a: "b" # c' })])).toBe(
    [
      'sources:',
      '  - vendor: imgix',
      '    datasets:',
      '      cdn_logs:',
      '        columns:',
      '          edge_pop: { header: "a: \\"b\\" # c", type: text }   # or { drop: true }',
    ].join('\n'),
  );
  const page = renderSchemaPage(FRAME, [
    change({ header: EVIL, column: EVIL, dataset: EVIL, reportKey: EVIL }),
  ]);
  expect(page.match(/<script/g)).toHaveLength(1);
});

test('a column that was dropped or renamed since is decided about', () => {
  const changes = [change({ action: 'dropped' }), change({}), change({ column: 'other' })];
  expect(findOpenColumns(changes).map(({ column }) => column)).toEqual(['other']);
});

test('a chart draws what there is, shades what is missing, and has its figures as a table', () => {
  const chart = {
    label: 'Bytes',
    names: ['a', 'b', 'c'],
    series: [
      { label: EVIL, values: [10, undefined, 30] },
      { label: 'two', values: [0, undefined, 15] },
    ],
    kind: 'bars',
    formatValue: formatNumber,
  } as const;
  const bars = renderChart(chart).markup;
  expect(bars.match(/<rect class="c\d" x/g)).toHaveLength(3);
  expect(bars.match(/<rect class="gap"/g)).toHaveLength(1);
  expect(bars).toContain('<span>50</span>');
  expect(bars).toContain('<td class="n">–</td>');
  expect(bars).not.toContain('<script');
  const lines = renderChart({ ...chart, kind: 'lines' }).markup;
  expect(lines.match(/ d="M[^"]*h\.5M[^"]*"/g)).toHaveLength(2);
  expect([0, 7, 42, 100, 1001, Number.NaN].map(toScale)).toEqual([1, 10, 50, 100, 2000, 1]);
});

test('a month is projected from its date so far and the mean of the last seven loaded days', () => {
  const totals = new Map(
    Array.from({ length: 20 }, (_, index) => [
      `2026-11-${String(index + 1).padStart(2, '0')}`,
      index < 13 ? 100 : 10,
    ]),
  );
  const own = projectMonth('2026-11', totals, undefined);
  expect(own).toMatchObject({
    monthToDate: 1370,
    dailyMean: 10,
    remainingDays: 10,
    projected: 1470,
    meanDays: 7,
  });
  expect(own?.explanation).toContain('1,370 + 10 × 10 = 1,470');
  const vendor = projectMonth('2026-11', totals, { day: '2026-11-19', credits: 2000 });
  expect(vendor).toMatchObject({ monthToDate: 2010, asOf: '2026-11-20', projected: 2110 });
  expect(projectMonth('2026-11', new Map([['2026-11-30', 5]]), undefined)).toMatchObject({ projected: 5 });
  expect(projectMonth('2026-11', new Map(), undefined)).toBeUndefined();
});

test('a range is checked before it is offered', () => {
  const problem = (from: string, to: string, sources = ['imgix-a']) =>
    findRangeProblem({ from, to, sources, datasets: [] }, '2026-11-20');
  expect(problem('2026-11-01', '2026-11-20')).toBeUndefined();
  expect(problem('', '2026-11-20')).toContain('first and the last');
  expect(problem('2026-11-02', '2026-11-01')).toContain('after the last');
  expect(problem('2026-11-02', '2026-11-21')).toContain('2026-11-20');
  expect(problem('2020-01-01', '2026-11-01')).toContain('1,000');
  expect(problem('2026-11-01', '2026-11-01', [])).toContain('source');
});

test('links hold any key, and queries leave out what is blank', () => {
  const odd = { account: 'a/b', dataset: 'imgix.x', reportKey: 'k?#%é' };
  expect(toUnitPath(odd)).toBe('/unit/a%2Fb/imgix.x/k%3F%23%25%C3%A9');
  expect(toDayPath({ ...odd, day: '2026-11-20' })).toBe('/day/a%2Fb/imgix.x/2026-11-20');
  expect(toJobPath({ queue: 'q', jobId: 'load.unit~a%2Fb' })).toBe('/queues/queue/q/load.unit~a%252Fb');
  expect(toPath('/x', { a: '', b: undefined, c: 'd e', s: ['1', '2'] })).toBe('/x?c=d+e&s=1&s=2');
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
  const ahead = (minutes: number) => formatDistance(new Date(NOW.getTime() + minutes * 60_000), NOW);
  expect([0.2, 5, 180, -5].map(ahead)).toEqual(['in a moment', 'in 5 min', 'in 3 h', '5 min ago']);
  const took = (ms: number) => formatDuration(NOW, new Date(NOW.getTime() + ms));
  expect([4300, 42_000, 600_000, 10_800_000].map(took)).toEqual(['4.3 s', '42 s', '10 min', '3 h']);
  expect([1.9, 0.2, -3, 40.7].map(formatDaysLeft)).toEqual(['1 day', '0 days', '0 days', '40 days']);
  expect([1234.5, 12.34, 1.234, 7, Number.NaN].map(formatNumber)).toEqual([
    '1,235',
    '12.3',
    '1.23',
    '7',
    '–',
  ]);
  expect([0, 950, 1_200_000, 37.5].map(formatShort)).toEqual(['0', '950', '1.2 M', '37.5']);
  const period = (start: string, end: string) => formatPeriod({ start: new Date(start), end: new Date(end) });
  expect(period('2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z')).toBe('2026-11-20');
  expect(period('2026-11-20T06:00:00Z', '2026-11-20T12:00:00Z')).toBe('2026-11-20 06:00 to 12:00');
});
