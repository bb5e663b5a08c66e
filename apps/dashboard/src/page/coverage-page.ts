import { addDays, toUtcDay } from '@edgeledger/core';
import type {
  Action,
  CalendarCell,
  FreshnessView,
  RecentLoad,
  StateCount,
  UnitPage,
} from '@edgeledger/warehouse';
import { daysUntil, toCalendar, toCalendarRange, URGENT_DAYS, YEAR_DAYS } from './calendar.ts';
import { renderAccountSwitch, renderConfirmation, renderFlash } from './controls.ts';
import { renderCoverage } from './coverage-table.ts';
import { formatCount, formatDaysLeft } from './format.ts';
import { type Html, html, nothing } from './html.ts';
import { type Frame, renderDocument } from './layout.ts';
import { toPath } from './links.ts';
import { type KnownPresence, renderPresence } from './presence.ts';
import { renderFreshness, renderRecentLoads, renderUnits } from './tables.ts';

export interface CoverageFacts {
  readonly days: number;
  readonly account: string | undefined;
  readonly accounts: readonly string[];
  readonly cells: readonly CalendarCell[];
  /** Of all days, of the chosen account. */
  readonly states: readonly StateCount[];
  readonly urgent: UnitPage;
  readonly freshness: readonly FreshnessView[];
  readonly loads: readonly RecentLoad[];
  /** Ids of the sources that the configuration or the ledger knows. */
  readonly sources: readonly string[];
  readonly action: Action | undefined;
  readonly presence: KnownPresence | undefined;
}

const FIRST_DAYS = 30;

const RANGES = [
  { days: 30, label: '30 days' },
  { days: 90, label: '90 days' },
  { days: 365, label: 'a year' },
] as const;

function countUnits(states: readonly StateCount[], wanted: (state: StateCount['state']) => boolean): number {
  return states.reduce((sum, one) => sum + (wanted(one.state) ? one.units : 0), 0);
}

function renderFacts({ states }: CoverageFacts, now: Date): Html {
  const all = countUnits(states, () => true);
  const loaded = countUnits(states, (state) => state === 'loaded' || state === 'held');
  const lost = countUnits(states, (state) => state === 'lost');
  const failed = countUnits(states, (state) => state === 'failed');
  const held = countUnits(states, (state) => state === 'held');
  const losses = states.flatMap(({ soonestLossAt }) =>
    soonestLossAt === null ? [] : [soonestLossAt.getTime()],
  );
  const soonest = losses.length === 0 ? undefined : new Date(Math.min(...losses));
  const isUrgent = soonest !== undefined && daysUntil(soonest, now) <= URGENT_DAYS;
  const left = soonest === undefined ? '–' : formatDaysLeft((soonest.getTime() - now.getTime()) / 86_400_000);
  return html`<dl class="facts">
<div><dt>reports loaded</dt><dd>${formatCount(loaded)} <small>of ${formatCount(all)}</small></dd></div>
<div><dt>open</dt><dd>${formatCount(all - loaded - lost)} <small>${failed === 0 ? '' : html`<span class="bad">${formatCount(failed)} failed</span>`}</small></dd></div>
<div><dt>next one is lost in</dt><dd>${isUrgent ? html`<span class="urgent">${left}</span>` : left}</dd></div>
<div><dt>lost</dt><dd>${lost === 0 ? '0' : html`<span class="bad">${formatCount(lost)}</span>`}</dd></div>
${held === 0 ? nothing : html`<div><dt>held back</dt><dd>${formatCount(held)}</dd></div>`}</dl>
`;
}

function renderFirstSteps({ sources }: CoverageFacts, now: Date): Html {
  const latest = addDays(toUtcDay(now), -1);
  const backfill = toPath('/backfill', { from: addDays(latest, 1 - FIRST_DAYS), to: latest });
  const known =
    sources.length === 0
      ? html`<p class="empty">No source is configured: set <code>IMGIX_API_KEY</code> or the four <code>AKAMAI_*</code> variables (README, “Use it”) and start again. <code>edgeledger demo</code> shows everything without an account.</p>`
      : html`<p class="empty">Configured: ${sources.join(', ')}. A running scheduler and worker (<code>edgeledger up</code>) plan and load by themselves within minutes; <code>edgeledger doctor</code> checks that they can. To begin at once:</p>
<div class="acts"><a class="button primary" href="${backfill}">Load the last ${FIRST_DAYS} days</a><a class="button" href="/queues/">Look at the queue</a></div>`;
  return html`<section class="card"><div class="head"><h2>Nothing is in the warehouse yet</h2></div><p class="empty">No report of any day has been planned.</p>${known}</section>`;
}

function renderUrgent(facts: CoverageFacts, frame: Frame): Html {
  const { urgent, account } = facts;
  const failed = countUnits(facts.states, (state) => state === 'failed');
  const list = toPath('/units', {
    account,
    state: ['failed', 'waiting', 'expected', 'loading', 'lost'],
    order: 'urgent',
  });
  const retry =
    failed === 0
      ? nothing
      : renderConfirmation(frame, {
          id: 'retry',
          label: `Retry all ${formatCount(failed)} failed`,
          isPrimary: true,
          title: `Retry ${formatCount(failed)} failed ${failed === 1 ? 'report' : 'reports'}?`,
          text: html`<p>Each is handed to the queue and read again from the vendor as soon as a worker is free. Nothing that is loaded is touched. Retrying before the reason is gone does no harm.</p>`,
          action: '/actions/retry',
          fields: account === undefined ? {} : { account },
        });
  const body =
    urgent.units.length === 0
      ? html`<p class="empty">Nothing is missing: everything that is expected is loaded.</p>`
      : html`${renderUnits(urgent.units, frame.now, { label: 'What is missing', isBrief: true })}<p class="pages"><a href="${list}">All ${formatCount(urgent.total)} that are missing</a></p>`;
  return html`<section class="card"><div class="head"><h2>What is missing</h2><p>most urgent first</p></div>
${body}<div class="acts">${retry}<a class="button" href="${toPath('/backfill', { account })}">Backfill a range</a></div></section>`;
}

export function renderCoveragePage(frame: Frame, facts: CoverageFacts): string {
  const { account, days } = facts;
  const { now } = frame;
  const calendar = toCalendar(facts.cells, toCalendarRange(now, days));
  const ranges = html`<p class="tabs push">${RANGES.map((range) =>
    range.days === days
      ? html`<b aria-current="true">${range.label}</b>`
      : html`<a href="${toPath('/', { days: range.days, account })}">${range.label}</a>`,
  )}</p>`;
  const coverage =
    calendar.lines.length === 0
      ? html`<p class="empty">No report is known for these days.</p>`
      : renderCoverage(calendar, now);
  const isYear = calendar.days.length > YEAR_DAYS;
  const main = html`<section class="card"><div class="head"><h2>Coverage</h2><p>${isYear ? 'one line a month, one cell a UTC day' : 'one cell a UTC day'}; a cell opens its report and says why</p>${ranges}</div>
${coverage}</section>
${renderUrgent(facts, frame)}
<div class="two"><section class="card"><div class="head"><h2>Freshness</h2><p>without a gap up to, UTC</p></div>
${renderFreshness(facts.freshness, now)}</section>
<section class="card"><div class="head"><h2>Recent loads</h2></div>
${renderRecentLoads(facts.loads, now)}</section></div>`;
  const isEmpty = facts.states.length === 0;
  const body = html`<div class="title"><h1>Coverage</h1><p>what is in the warehouse, what is not yet, what is lost, and why</p><div class="push">${renderAccountSwitch('/', facts.accounts, account, { days: String(days) })}</div></div>
${renderPresence(facts.presence)}${renderFlash(facts.action)}${isEmpty ? renderFirstSteps(facts, now) : html`${renderFacts(facts, now)}${main}`}`;
  return renderDocument(frame, { title: 'Coverage', current: 'coverage', body });
}
