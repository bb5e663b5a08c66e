import { eachDay, findUtcDay } from '@edgeledger/core';
import type { Action } from '@edgeledger/warehouse';
import { renderConfirmation, renderFlash } from './controls.ts';
import { formatCount } from './format.ts';
import { type Html, html, nothing } from './html.ts';
import { type Frame, renderDocument } from './layout.ts';

export interface BackfillQuery {
  readonly from: string;
  readonly to: string;
  readonly sources: readonly string[];
  readonly datasets: readonly string[];
}

export interface BackfillFacts {
  readonly query: BackfillQuery;
  readonly sources: readonly string[];
  readonly datasets: readonly string[];
  /** Yesterday: the newest whole day. */
  readonly latest: string;
  readonly known: { readonly units: number; readonly loaded: number } | undefined;
  readonly action: Action | undefined;
}

/** What is wrong with a range, in words; undefined when nothing is. */
export function findRangeProblem({ from, to, sources }: BackfillQuery, latest: string): string | undefined {
  const [first, last] = [findUtcDay(from), findUtcDay(to)];
  if (first === undefined || last === undefined) return 'Give the first and the last day.';
  if (first > last) return 'The first day is after the last one.';
  if (last > latest) return `Whole days are planned after they end: the last one can be ${latest}.`;
  if (eachDay(first, last).length > 1_000) return 'Give 1,000 days at most.';
  return sources.length === 0 ? 'Choose a source.' : undefined;
}

function renderChecks(name: string, legend: string, all: readonly string[], chosen: readonly string[]): Html {
  if (all.length === 0) return nothing;
  return html`<fieldset><legend>${legend}</legend><div class="checks">${all.map(
    (value) =>
      html`<label><input type="checkbox" name="${name}" value="${value}"${chosen.includes(value) ? html` checked` : nothing}> ${value}</label>`,
  )}</div></fieldset>`;
}

function renderPreview(frame: Frame, { query, known, latest }: BackfillFacts): Html {
  const problem = findRangeProblem(query, latest);
  if (problem !== undefined) return html`<p class="bad" role="alert">${problem}</p>`;
  const [first, last] = [findUtcDay(query.from), findUtcDay(query.to)];
  const days = first === undefined || last === undefined ? 0 : eachDay(first, last).length;
  const what = query.datasets.length === 0 ? 'all datasets' : query.datasets.join(', ');
  const facts =
    known === undefined || known.units === 0
      ? html`<p>No report of these days is known yet.</p>`
      : html`<p>Of these days ${formatCount(known.units)} reports are known, ${formatCount(known.loaded)} of them loaded.</p>`;
  const fields: Record<string, string> = {
    from: query.from,
    to: query.to,
    sources: query.sources.join(','),
    datasets: query.datasets.join(','),
  };
  return html`<h2>${query.from} to ${query.to}: ${formatCount(days)} ${days === 1 ? 'day' : 'days'}, ${what} of ${query.sources.join(', ')}</h2>${facts}
<p class="soft">A worker asks the vendor what there is for these days and loads what is missing or was revised. What is loaded and unchanged is left alone.</p>
<div class="acts">${renderConfirmation(frame, {
    id: 'backfill',
    label: 'Backfill these days',
    isPrimary: true,
    title: `Backfill ${query.from} to ${query.to}?`,
    text: html`<p>${what} of ${query.sources.join(', ')}. The vendor’s request limits are kept, so a long range takes its time.</p>`,
    action: '/actions/backfill',
    fields,
  })}</div>`;
}

export function renderBackfillPage(frame: Frame, facts: BackfillFacts): string {
  const { query, sources, datasets, latest } = facts;
  const isAsked = query.from !== '' || query.to !== '';
  const form = html`<form method="get" action="/backfill" class="fields">
<label>first UTC day<input type="date" name="from" value="${query.from}" max="${latest}" required></label>
<label>last UTC day<input type="date" name="to" value="${query.to === '' ? latest : query.to}" max="${latest}" required></label>
${renderChecks('source', 'sources', sources, query.sources)}
${renderChecks('dataset', 'datasets (none: all)', datasets, query.datasets)}
<button${isAsked ? nothing : html` class="primary"`}>Look at it first</button></form>`;
  const body = html`<div class="title"><h1>Backfill a range</h1><p>plan days that are missing, and load them</p></div>
${renderFlash(facts.action)}<section class="card">${sources.length === 0 ? html`<p class="empty">No source is known. Configure one first: <code>edgeledger doctor</code> says what is missing.</p>` : form}</section>
${isAsked && sources.length > 0 ? html`<section class="card">${renderPreview(frame, facts)}</section>` : nothing}`;
  return renderDocument(frame, { title: 'Backfill', current: 'actions', body });
}
