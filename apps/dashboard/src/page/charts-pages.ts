import { addDays, findUtcDay, type UtcDay } from '@edgeledger/core';
import type {
  CallPoint,
  Credits,
  EdgeTrafficPoint,
  ImgixTrafficPoint,
  UsageDay,
} from '@edgeledger/warehouse';
import { formatMonth } from './calendar.ts';
import { type Chart, renderChart } from './chart.ts';
import { renderAccountSwitch, renderOptions } from './controls.ts';
import { formatBytes, formatNumber } from './format.ts';
import { type Html, html, nothing } from './html.ts';
import { type Frame, renderDocument } from './layout.ts';
import { toPath } from './links.ts';
import { projectMonth } from './projection.ts';

interface ChartsFacts {
  readonly account: string;
  readonly accounts: readonly string[];
}

const TABS = [
  { path: '/charts', label: 'Credits' },
  { path: '/charts/traffic', label: 'Bandwidth and errors' },
  { path: '/charts/usage', label: 'Five minutes' },
] as const;

const TOO_SLOW = html`<p class="empty">The warehouse took too long to add that up, so it was given up. Choose fewer days, or ask the view with <code>psql</code>.</p>`;

function renderCharts(
  frame: Frame,
  facts: ChartsFacts,
  path: (typeof TABS)[number]['path'],
  content: Html,
): string {
  const tabs = html`<nav class="tabs" aria-label="Charts">${TABS.map((tab) =>
    tab.path === path
      ? html`<b aria-current="page">${tab.label}</b>`
      : html`<a href="${toPath(tab.path, { account: facts.account })}">${tab.label}</a>`,
  )}</nav>`;
  const body = html`<div class="title"><h1>Charts</h1>${tabs}<div class="push">${renderAccountSwitch(path, facts.accounts, facts.account)}</div></div>${content}`;
  return renderDocument(frame, { title: 'Charts', current: 'charts', body });
}

function renderNone(view: string): Html {
  return html`<p class="empty">Nothing of these days is loaded. The figures come from <code>${view}</code>.</p>`;
}

export interface CreditsFacts extends ChartsFacts {
  /** `YYYY-MM`. */
  readonly month: string;
  readonly days: readonly UtcDay[];
  readonly credits: Credits | undefined;
}

export function renderCreditsPage(frame: Frame, facts: CreditsFacts): string {
  const { month, account, credits } = facts;
  const first = findUtcDay(`${month}-01`);
  const before = first === undefined ? undefined : addDays(first, -1).slice(0, 7);
  const after = facts.days.at(-1);
  const next = after === undefined ? undefined : addDays(after, 1).slice(0, 7);
  const months = html`<p class="tabs push"><a href="${toPath('/charts', { account, month: before })}">${before === undefined ? '' : formatMonth(before)}</a><b>${formatMonth(month)}</b>${next === undefined || `${next}-01` > frame.now.toISOString() ? nothing : html`<a href="${toPath('/charts', { account, month: next })}">${formatMonth(next)}</a>`}</p>`;
  const content = html`<section class="card"><div class="head"><h2>imgix credits by Source and day</h2><p>${formatMonth(month)}, from <code>imgix.credits_daily</code></p>${months}</div>${credits === undefined ? TOO_SLOW : renderCredits(credits, facts)}</section>`;
  return renderCharts(frame, facts, '/charts', content);
}

function renderCredits(credits: Credits, { month, days }: CreditsFacts): Html {
  if (credits.points.length === 0) return renderNone('imgix.credits_daily');
  const bySource = Map.groupBy(credits.points, (point) => point.sourceId);
  const totals = new Map<string, number>();
  for (const { day, credits: used } of credits.points) totals.set(day, (totals.get(day) ?? 0) + used);
  const ids = [...bySource.keys()].sort((a, b) => Number(a === '') - Number(b === ''));
  const series = ids.map((id) => {
    const points = new Map((bySource.get(id) ?? []).map((point) => [point.day, point.credits]));
    const name = bySource.get(id)?.findLast((point) => point.sourceName !== null)?.sourceName;
    return {
      label: id === '' ? 'all others' : (name ?? id),
      values: days.map((day) => points.get(day) ?? (totals.has(day) ? 0 : undefined)),
    };
  });
  const projection = projectMonth(month, totals, credits.monthToDate);
  const facts =
    projection === undefined
      ? nothing
      : html`<dl class="facts"><div><dt>month to date, up to ${projection.asOf}</dt><dd>${formatNumber(projection.monthToDate)}</dd></div><div><dt>a day, last ${projection.meanDays} loaded days</dt><dd>${formatNumber(projection.dailyMean)}</dd></div><div><dt>projected for ${formatMonth(month)}</dt><dd>${formatNumber(projection.projected)}</dd></div></dl><p class="empty">${projection.explanation}</p>`;
  return html`${facts}${renderChart({
    label: `Credits by Source and day in ${formatMonth(month)}`,
    names: days,
    series,
    kind: 'bars',
    formatValue: formatNumber,
  })}`;
}

export interface TrafficFacts extends ChartsFacts {
  readonly range: number;
  readonly days: readonly UtcDay[];
  readonly imgix: readonly ImgixTrafficPoint[] | undefined;
  readonly edge: readonly EdgeTrafficPoint[] | undefined;
  readonly calls: readonly CallPoint[] | undefined;
}

function byDay<Point extends { readonly day: string }>(
  days: readonly string[],
  points: readonly Point[],
  value: (point: Point) => number | null,
): readonly (number | undefined)[] {
  const found = new Map(points.map((point) => [point.day, point]));
  return days.map((day) => {
    const point = found.get(day);
    return point === undefined ? undefined : (value(point) ?? undefined);
  });
}

function renderImgixTraffic({ imgix, days }: TrafficFacts): Html {
  if (imgix === undefined) return TOO_SLOW;
  if (imgix.length === 0) return renderNone('imgix.source_analytics_daily');
  const spans = imgix.some((point) => point.daysCovered > 1);
  const notes = [
    spans ? 'After a missing day the next one holds the figures of both.' : '',
    imgix.some((point) => point.hasNegative)
      ? 'A day with a correction of the vendor is drawn as it is, never below zero.'
      : '',
  ].filter((note) => note !== '');
  const chart = (label: string, series: Chart['series'], formatValue: Chart['formatValue']): Html =>
    renderChart({ label, names: days, series, kind: 'bars', formatValue });
  return html`<div class="two"><div><h3>bandwidth, bytes</h3>${chart('imgix bandwidth by day', [{ label: 'bandwidth', values: byDay(days, imgix, (point) => point.bandwidth) }], formatBytes)}</div>
<div><h3>errors</h3>${chart(
    'imgix errors by day',
    [
      { label: '4xx (mild)', colour: 3, values: byDay(days, imgix, (point) => point.mildErrors) },
      { label: '5xx (severe)', colour: 5, values: byDay(days, imgix, (point) => point.severeErrors) },
    ],
    formatNumber,
  )}</div></div>${notes.map((note) => html`<p class="empty">${note}</p>`)}`;
}

function renderEdgeTraffic({ edge, calls, days }: TrafficFacts): Html {
  const traffic = (points: readonly EdgeTrafficPoint[]): Html =>
    renderChart({
      label: 'Akamai edge bytes by day and stream',
      names: days,
      series: [...Map.groupBy(points, (point) => point.series)].map(([label, ofSeries]) => ({
        label,
        values: byDay(days, ofSeries, (point) => point.edgeBytes),
      })),
      kind: 'lines',
      formatValue: formatBytes,
    });
  const errors = (points: readonly CallPoint[]): Html =>
    renderChart({
      label: 'Share of Akamai API calls that failed, by day and stream',
      names: days,
      series: [...Map.groupBy(points, (point) => point.series)].map(([label, ofSeries]) => ({
        label,
        values: byDay(days, ofSeries, (point) => (100 * point.errors) / point.calls),
      })),
      kind: 'lines',
      formatValue: (value) => `${formatNumber(value)} %`,
    });
  const orNone = <Point>(
    points: readonly Point[] | undefined,
    view: string,
    draw: (points: readonly Point[]) => Html,
  ): Html => (points === undefined ? TOO_SLOW : points.length === 0 ? renderNone(view) : draw(points));
  return html`<div class="two"><div><h3>edge bandwidth, bytes</h3>${orNone(edge, 'akamai.endpoint_usage_daily', traffic)}</div>
<div><h3>API calls answered with 4xx or 5xx, %</h3>${orNone(calls, 'akamai.api_calls_daily', errors)}</div></div>`;
}

export function renderTrafficPage(frame: Frame, facts: TrafficFacts): string {
  const ranges = html`<p class="tabs push">${[30, 90].map((range) =>
    range === facts.range
      ? html`<b>${range} days</b>`
      : html`<a href="${toPath('/charts/traffic', { account: facts.account, days: range })}">${range} days</a>`,
  )}</p>`;
  const content = html`<section class="card"><div class="head"><h2>imgix</h2><p>from <code>imgix.source_analytics_daily</code></p>${ranges}</div>${renderImgixTraffic(facts)}</section>
<section class="card"><div class="head"><h2>Akamai</h2><p>from <code>akamai.endpoint_usage_daily</code> and <code>akamai.api_calls_daily</code>; different streams may count the same traffic</p></div>${renderEdgeTraffic(facts)}</section>`;
  return renderCharts(frame, facts, '/charts/traffic', content);
}

export interface UsageFacts extends ChartsFacts {
  readonly day: UtcDay;
  readonly usage: UsageDay | undefined;
}

const SLOTS = 288;

export function renderUsagePage(frame: Frame, facts: UsageFacts): string {
  const { account, day, usage } = facts;
  const series = usage?.series ?? [];
  const options = series.map((value) => ({ value, label: value }));
  const form = html`<form method="get" action="/charts/usage" class="fields"><input type="hidden" name="account" value="${account}">
<label>UTC day<input type="date" name="day" value="${day}"></label>
${series.length < 2 ? nothing : html`<label>stream<select name="series">${renderOptions(options, usage?.chosen ?? '')}</select></label>`}
<button>Show</button><span class="tabs"><a href="${toPath('/charts/usage', { account, day: addDays(day, -1), series: usage?.chosen })}">day before</a><a href="${toPath('/charts/usage', { account, day: addDays(day, 1), series: usage?.chosen })}">day after</a></span></form>`;
  const content = html`<section class="card"><div class="head"><h2>Akamai endpoint usage, each five minutes of ${day}</h2><p>${usage?.chosen ?? ''}, from <code>akamai.endpoint_usage_by_time</code></p></div>${form}
${usage === undefined ? TOO_SLOW : renderUsage(usage, day)}</section>`;
  return renderCharts(frame, facts, '/charts/usage', content);
}

function renderUsage(usage: UsageDay, day: UtcDay): Html {
  if (usage.points.length === 0) return renderNone('akamai.endpoint_usage_by_time');
  const slots = Array.from({ length: SLOTS }, (_, index) => {
    const minutes = index * 5;
    return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  });
  const found = new Map(usage.points.map((point) => [point.at.toISOString().slice(11, 16), point]));
  const missing = SLOTS - found.size;
  const chart = (label: string, pick: 'edgeHits' | 'edgeBytes', formatValue: Chart['formatValue']): Html =>
    renderChart({
      label: `${label} in each five minutes of ${day}`,
      names: slots,
      series: [{ label, values: slots.map((slot) => found.get(slot)?.[pick] ?? undefined) }],
      kind: 'lines',
      formatValue,
      ticks: ['00:00', '06:00', '12:00', '18:00', '24:00'],
    });
  const note =
    missing === 0
      ? 'All 288 intervals are there.'
      : `${missing} of 288 intervals have no row; they are shaded. An interval without traffic has a row of 0.`;
  return html`<p class="empty">${note}</p><h3>requests at the edge</h3>${chart('requests', 'edgeHits', formatNumber)}<h3>bytes from the edge</h3>${chart('bytes', 'edgeBytes', formatBytes)}`;
}
