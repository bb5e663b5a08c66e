import type { FreshnessView, RecentLoad, UnitSummary } from '@edgeledger/warehouse';
import { daysUntil, isMissing, URGENT_DAYS } from './calendar.ts';
import { formatAge, formatCount, formatDuration, formatInstant, formatPeriod } from './format.ts';
import { type Html, html, nothing } from './html.ts';
import { scrollable } from './layout.ts';
import { toUnitPath } from './links.ts';

export function renderSource(row: { readonly account: string; readonly dataset: string }): Html {
  return html`${row.dataset}${row.account === 'default' ? nothing : html` <small>${row.account}</small>`}`;
}

export function renderState(state: string): Html {
  return html`<span class="tag ${state}">${state}</span>`;
}

export function renderFreshness(rows: readonly FreshnessView[], now: Date): Html {
  if (rows.length === 0) return html`<p class="empty">Nothing is loaded yet.</p>`;
  const table = html`<table class="list"><thead><tr><th scope="col">dataset</th><th scope="col">complete through</th><th scope="col">settled through</th><th scope="col">newest load</th><th scope="col" class="n">gaps</th></tr></thead><tbody>
${rows.map(
  (row) =>
    html`<tr><th scope="row">${renderSource(row)}</th><td>${formatInstant(row.complete_through)}</td><td>${formatInstant(row.settled_through)}</td><td>${row.newest_loaded_at === null ? '–' : formatAge(row.newest_loaded_at, now)}</td><td class="n">${formatCount(row.gaps)}</td></tr>
`,
)}</tbody></table>`;
  return scrollable(table, 'Freshness');
}

function renderDaysLeft(unit: UnitSummary, now: Date): Html {
  if (unit.state === 'lost') return html`<span class="bad">lost</span>`;
  if (!isMissing(unit.state) || unit.expiresAt === null) return html`–`;
  const days = daysUntil(unit.expiresAt, now);
  return days <= URGENT_DAYS ? html`<span class="urgent">${days}</span>` : html`${days}`;
}

/** Why a unit is not there, in one line; of what is there, when it came. */
function renderNote(unit: UnitSummary, now: Date): Html {
  if (unit.errorMessage !== null && unit.state !== 'loaded') return html`${unit.errorMessage}`;
  if (unit.loadedAt !== null) return html`loaded ${formatAge(unit.loadedAt, now)}`;
  if (unit.nextCheckAt === null) return html`–`;
  return html`${unit.nextCheckAt > now ? 'not before' : 'due since'} ${formatInstant(unit.nextCheckAt)}`;
}

/** `isBrief`: without the counts, where nothing is loaded. */
export function renderUnits(
  units: readonly UnitSummary[],
  now: Date,
  { label, isBrief = false }: { readonly label: string; readonly isBrief?: boolean },
): Html {
  const counts = (unit: UnitSummary): Html =>
    html`<td class="n" data-name="rows">${unit.rows === null ? '–' : formatCount(unit.rows)}</td><td class="n" data-name="rejects">${unit.rejects === null ? '–' : formatCount(unit.rejects)}</td>`;
  const countHeads = html`<th scope="col" class="n">rows</th><th scope="col" class="n">rejects</th>`;
  const table = html`<table class="list stacked"><thead><tr><th scope="col">report</th><th scope="col">period</th><th scope="col">state</th><th scope="col" class="n">days left</th>${isBrief ? nothing : countHeads}<th scope="col">why</th></tr></thead><tbody>
${units.map(
  (unit) =>
    html`<tr><th scope="row"><a href="${toUnitPath(unit)}">${unit.reportKey}</a> <small>${toVendor(unit)}</small></th><td>${formatPeriod(unit.period)}</td><td>${renderState(unit.state)}</td><td class="n" data-name="days left">${renderDaysLeft(unit, now)}</td>${isBrief ? nothing : counts(unit)}<td class="text soft">${renderNote(unit, now)}</td></tr>
`,
)}</tbody></table>`;
  return scrollable(table, label);
}

/** What a load did to the visible rows; what it left alone is not worth a word. */
function renderChange(load: RecentLoad): Html {
  const parts = [
    ['+', load.rows_inserted],
    ['~', load.rows_updated],
    ['−', load.rows_deleted],
  ] as const;
  const text = parts
    .flatMap(([sign, rows]) => (rows === '0' ? [] : [`${sign}${formatCount(rows)}`]))
    .join(' ');
  const title = `${load.rows_inserted} inserted, ${load.rows_updated} updated, ${load.rows_deleted} deleted`;
  return html`<span title="${title}">${text === '' ? 'none' : text}</span>`;
}

export function renderRecentLoads(loads: readonly RecentLoad[], now: Date): Html {
  if (loads.length === 0) return html`<p class="empty">No load has been attempted yet.</p>`;
  const table = html`<table class="list stacked"><thead><tr><th scope="col">report</th><th scope="col">outcome</th><th scope="col">started</th><th scope="col" class="n">took</th><th scope="col" class="n">rows changed</th><th scope="col" class="n">rejects</th></tr></thead><tbody>
${loads.map(
  (load) =>
    html`<tr><th scope="row"><a href="${toUnitPath({ account: load.account, dataset: load.dataset, reportKey: load.report_key })}">${load.report_key}</a> <small>${toVendor(load)}</small></th><td>${renderState(load.outcome)}</td><td title="${formatInstant(load.started_at)} UTC">${formatAge(load.started_at, now)}</td><td class="n" data-name="took">${load.finished_at === null ? '–' : formatDuration(load.started_at, load.finished_at)}</td><td class="n" data-name="rows changed">${renderChange(load)}</td><td class="n" data-name="rejects">${formatCount(load.rejects)}</td></tr>
`,
)}</tbody></table>`;
  return scrollable(table, 'Recent loads');
}

/** The report key says the dataset; whose it is stands beside it. */
function toVendor({ account, dataset }: { readonly account: string; readonly dataset: string }): string {
  const vendor = dataset.split('.')[0] ?? '';
  return account === 'default' ? vendor : `${vendor} ${account}`;
}
