import type { Freshness, Gap, RecentLoad } from '../questions.ts';
import { formatAge, formatBytes, formatCount, formatDuration, formatInstant } from './format.ts';
import { type Html, html, nothing } from './html.ts';

const SHOWN_GAPS = 50;
const URGENT_DAYS = 14;
function source(row: { readonly account: string; readonly dataset: string }): Html {
  return html`${row.dataset}${row.account === 'default' ? nothing : html` <small>${row.account}</small>`}`;
}

function scrollable(table: Html, label: string): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${table}</div>`;
}

export function renderFreshness(rows: readonly Freshness[], now: Date): Html {
  if (rows.length === 0) return html`<p class="empty">Nothing is loaded yet.</p>`;
  return scrollable(
    html`<table class="list"><thead><tr><th scope="col">dataset</th><th scope="col">complete through</th><th scope="col">settled through</th><th scope="col">newest load</th><th scope="col" class="n">gaps</th></tr></thead><tbody>
${rows.map(
  (
    row,
  ) => html`<tr><th scope="row">${source(row)}</th><td>${formatInstant(row.complete_through)}</td><td>${formatInstant(row.settled_through)}</td><td>${row.newest_loaded_at === null ? '–' : formatAge(row.newest_loaded_at, now)}</td><td class="n">${formatCount(row.gaps)}</td></tr>
`,
)}</tbody></table>`,
    'Freshness',
  );
}

function renderDaysLeft(gap: Gap): Html {
  if (gap.state === 'lost') return html`<b class="bad">lost</b>`;
  if (gap.days_left === null) return html`–`;
  const days = Number(gap.days_left);
  return days <= URGENT_DAYS ? html`<b class="bad">${gap.days_left}</b>` : html`${Math.floor(days)}`;
}

/** Failed ones first, then those that are lost soonest; what is lost already cannot be helped and comes last. */
export function sortGaps(gaps: readonly Gap[]): readonly Gap[] {
  const rank = (gap: Gap) => (gap.state === 'failed' ? 0 : gap.state === 'lost' ? 2 : 1);
  const daysLeft = (gap: Gap) => (gap.days_left === null ? Number.MAX_VALUE : Number(gap.days_left));
  return gaps.toSorted((a, b) => rank(a) - rank(b) || daysLeft(a) - daysLeft(b));
}

export function renderGaps(gaps: readonly Gap[]): Html {
  if (gaps.length === 0) return html`<p class="empty">None: everything that is expected is loaded.</p>`;
  const shown = sortGaps(gaps).slice(0, SHOWN_GAPS);
  const more =
    gaps.length > shown.length
      ? html`<p class="empty">and ${formatCount(gaps.length - shown.length)} more: <code>edgeledger gaps</code></p>`
      : nothing;
  const table = html`<table class="list"><thead><tr><th scope="col">report</th><th scope="col">state</th><th scope="col" class="n">days left</th><th scope="col">why</th></tr></thead><tbody>
${shown.map(
  (
    gap,
  ) => html`<tr><th scope="row">${gap.report_key} <small>${source(gap)}</small></th><td><span class="tag ${gap.state}">${gap.state}</span></td><td class="n">${renderDaysLeft(gap)}</td><td class="text">${gap.error_message ?? '–'}</td></tr>
`,
)}</tbody></table>`;
  return html`${scrollable(table, 'Gaps')}${more}`;
}

export function renderLoads(loads: readonly RecentLoad[], now: Date): Html {
  if (loads.length === 0) return html`<p class="empty">No load has been attempted yet.</p>`;
  const table = html`<table class="list"><thead><tr><th scope="col">report</th><th scope="col">outcome</th><th scope="col">started</th><th scope="col" class="n">took</th><th scope="col" class="n">inserted</th><th scope="col" class="n">updated</th><th scope="col" class="n">deleted</th><th scope="col" class="n">rejects</th><th scope="col" class="n">read</th></tr></thead><tbody>
${loads.map(
  (
    load,
  ) => html`<tr><th scope="row">${load.report_key} <small>${source(load)}</small></th><td><span class="tag ${load.outcome}">${load.outcome}</span></td><td title="${formatInstant(load.started_at)} UTC">${formatAge(load.started_at, now)}</td><td class="n">${load.finished_at === null ? '–' : formatDuration(load.started_at, load.finished_at)}</td><td class="n">${formatCount(load.rows_inserted)}</td><td class="n">${formatCount(load.rows_updated)}</td><td class="n">${formatCount(load.rows_deleted)}</td><td class="n">${formatCount(load.rejects)}</td><td class="n">${formatBytes(load.bytes)}</td></tr>
`,
)}</tbody></table>`;
  return scrollable(table, 'Recent loads');
}
