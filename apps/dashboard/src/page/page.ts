import type { CoverageDay, DashboardQuestions, Freshness, Gap, RecentLoad } from '../questions.ts';
import { type Calendar, toCalendar, toCalendarRange } from './calendar.ts';
import { renderCoverage } from './coverage-table.ts';
import { formatCount, formatDaysLeft, formatInstant } from './format.ts';
import { type Html, html } from './html.ts';
import { ICON, STYLE } from './style.ts';
import { renderFreshness, renderGaps, renderLoads } from './tables.ts';

const RECENT_LOADS = 25;
const RANGES = [30, 90, 365] as const;

export interface PageFacts {
  readonly calendar: Calendar;
  readonly coverage: readonly CoverageDay[];
  readonly freshness: readonly Freshness[];
  readonly gaps: readonly Gap[];
  readonly loads: readonly RecentLoad[];
  readonly days: number;
  readonly now: Date;
  readonly version: string;
}

/** Asks everything that the page shows. */
export async function loadPageFacts(
  questions: DashboardQuestions,
  view: { readonly now: Date; readonly days: number; readonly version: string },
): Promise<PageFacts> {
  const range = toCalendarRange(view.now, view.days);
  const [coverage, freshness, gaps, loads] = await Promise.all([
    questions.coverage(range),
    questions.freshness(),
    questions.gaps(),
    questions.recentLoads(RECENT_LOADS),
  ]);
  return { ...view, coverage, freshness, gaps, loads, calendar: toCalendar(coverage, range) };
}

function sum(cells: readonly CoverageDay[], count: (cell: CoverageDay) => string): bigint {
  return cells.reduce((total, cell) => total + BigInt(count(cell)), 0n);
}

function renderFacts(facts: PageFacts): Html {
  const { coverage, gaps } = facts;
  const loaded = sum(coverage, (cell) => cell.loaded);
  const units = sum(coverage, (cell) => cell.units);
  const open = gaps.filter((gap) => gap.state !== 'lost' && gap.days_left !== null);
  const soonest = open.map((gap) => Number(gap.days_left)).sort((a, b) => a - b)[0];
  const lost = gaps.filter((gap) => gap.state === 'lost').length;
  return html`<dl class="facts">
<div><dt>reports loaded</dt><dd>${formatCount(loaded)} <small>of ${formatCount(units)}</small></dd></div>
<div><dt>rows in these days</dt><dd>${formatCount(sum(coverage, (cell) => cell.rows))}</dd></div>
<div><dt>gaps</dt><dd>${formatCount(gaps.length)} <small>${lost === 0 ? '' : `${formatCount(lost)} lost`}</small></dd></div>
<div><dt>next one is lost in</dt><dd>${soonest === undefined ? '–' : formatDaysLeft(soonest)}</dd></div>
</dl>
`;
}

function renderDocument(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="${{ markup: ICON }}">
<style>${{ markup: STYLE }}</style>
</head>
<body>
${body}
</body>
</html>
`.markup;
}

function renderRanges(days: number): Html {
  return html`<p class="ranges">days:${RANGES.map((range) =>
    range === days ? html`<b>${range}</b>` : html`<a href="/?days=${range}">${range}</a>`,
  )}</p>`;
}

const QUEUES_LINK = html`<nav><a href="/queues/">Queues and jobs</a></nav>`;

export function renderPage(facts: PageFacts): string {
  return renderDocument(
    'Edgeledger coverage',
    html`<header><h1>Edgeledger</h1><p>what is in the warehouse, what is not yet, and what is lost</p>${QUEUES_LINK}</header>
<main>
${renderFacts(facts)}<section><div class="head"><h2>Coverage</h2><p>one cell a UTC day</p>${renderRanges(facts.days)}</div>
${renderCoverage(facts.calendar)}</section>
<div class="two"><section><div class="head"><h2>Freshness</h2><p>complete up to, UTC</p></div>
${renderFreshness(facts.freshness, facts.now)}</section>
<section><div class="head"><h2>Gaps</h2><p>days left until the vendor drops the report</p></div>
${renderGaps(facts.gaps)}</section></div>
<section><div class="head"><h2>Recent loads</h2></div>
${renderLoads(facts.loads, facts.now)}</section>
</main>
<footer>Edgeledger ${facts.version}, as of ${formatInstant(facts.now)} UTC</footer>`,
  );
}

/** The page for when there is nothing to show. */
export function renderNotice(title: string, message: string): string {
  return renderDocument(
    `Edgeledger: ${title}`,
    html`<header><h1>Edgeledger</h1>${QUEUES_LINK}</header>
<main><section><div class="head"><h2>${title}</h2></div><p>${message}</p></section></main>`,
  );
}
