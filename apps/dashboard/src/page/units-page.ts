import { UNIT_STATES, type UnitState } from '@edgeledger/core';
import { COUNT_LIMIT, type UnitPage } from '@edgeledger/warehouse';
import { renderOptions } from './controls.ts';
import { formatCount } from './format.ts';
import { type Html, html, nothing } from './html.ts';
import { type Frame, renderDocument } from './layout.ts';
import { toPath } from './links.ts';
import { renderUnits } from './tables.ts';

export const UNITS_A_PAGE = 50;

export interface UnitsQuery {
  readonly text: string;
  readonly account: string;
  readonly dataset: string;
  readonly day: string;
  readonly states: readonly UnitState[];
  readonly order: 'newest' | 'urgent';
  /** 1 is the first. */
  readonly page: number;
}

export interface UnitsFacts {
  readonly query: UnitsQuery;
  readonly found: UnitPage;
  readonly accounts: readonly string[];
  readonly datasets: readonly string[];
  /** The day that was asked for is none. */
  readonly problem: string | undefined;
}

function toUnitsPath({ text, states, ...query }: UnitsQuery, page: number): string {
  const { account, dataset, day, order } = query;
  return toPath('/units', {
    q: text,
    account,
    dataset,
    day,
    state: states,
    order: order === 'newest' ? undefined : order,
    page: page === 1 ? undefined : page,
  });
}

function renderForm({ query, accounts, datasets }: UnitsFacts): Html {
  const any = (label: string, values: readonly string[]) => [
    { value: '', label },
    ...values.map((value) => ({ value, label: value })),
  ];
  const account =
    accounts.length < 2
      ? nothing
      : html`<label>account<select name="account">${renderOptions(any('any account', accounts), query.account)}</select></label>`;
  return html`<form method="get" action="/units" class="fields" role="search">
<label class="wide">report key contains<input type="search" name="q" value="${query.text}" maxlength="200" placeholder="cdn_logs_20261120" autocomplete="off"></label>
<label>dataset<select name="dataset">${renderOptions(any('any dataset', datasets), query.dataset)}</select></label>${account}
<label>UTC day<input type="date" name="day" value="${query.day}"></label>
<label>order<select name="order">${renderOptions(
    [
      { value: 'newest', label: 'newest first' },
      { value: 'urgent', label: 'most urgent first' },
    ],
    query.order,
  )}</select></label>
<fieldset class="checks"><legend class="only-read">states</legend>${UNIT_STATES.map(
    (state) =>
      html`<label><input type="checkbox" name="state" value="${state}"${query.states.includes(state) ? html` checked` : nothing}> ${state}</label>`,
  )}</fieldset>
<button class="primary">Search</button></form>`;
}

function renderPages({ query, found }: UnitsFacts): Html {
  const last = Math.max(1, Math.ceil(found.total / UNITS_A_PAGE));
  const first = (query.page - 1) * UNITS_A_PAGE + 1;
  const end = first + found.units.length - 1;
  const total =
    found.total >= COUNT_LIMIT ? `more than ${formatCount(COUNT_LIMIT - 1)}` : formatCount(found.total);
  return html`<nav class="pages" aria-label="Pages of the list"><span>${formatCount(first)} to ${formatCount(end)} of ${total}</span>
${query.page > 1 ? html`<a href="${toUnitsPath(query, query.page - 1)}" rel="prev">Previous ${UNITS_A_PAGE}</a>` : nothing}
${query.page < last ? html`<a href="${toUnitsPath(query, query.page + 1)}" rel="next">Next ${UNITS_A_PAGE}</a>` : nothing}</nav>`;
}

export function renderUnitsPage(frame: Frame, facts: UnitsFacts): string {
  const { found, problem } = facts;
  const list =
    found.units.length === 0
      ? html`<p class="empty">${problem ?? 'No report is known that fits. A report that was never planned is not known: a backfill of its day asks the vendor for it.'}</p>${problem === undefined ? html`<div class="acts"><a class="button" href="${toPath('/backfill', { from: facts.query.day, to: facts.query.day })}">Backfill a range</a></div>` : nothing}`
      : html`${renderUnits(found.units, frame.now, { label: 'Reports' })}${renderPages(facts)}`;
  const body = html`<div class="title"><h1>Reports</h1><p>every report that the ledger knows, loaded or not</p></div>
<section class="card">${renderForm(facts)}</section>
<section class="card">${list}</section>`;
  return renderDocument(frame, { title: 'Reports', current: 'reports', body });
}
