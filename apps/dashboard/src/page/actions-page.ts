import type { Action } from '@edgeledger/warehouse';
import { formatDistance, formatInstant } from './format.ts';
import { type Html, html, nothing } from './html.ts';
import { type Frame, renderDocument, scrollable } from './layout.ts';
import { toPath, toUnitPath } from './links.ts';
import { renderState } from './tables.ts';

export const ACTIONS_A_PAGE = 50;

const KINDS: Readonly<Record<string, string>> = {
  reload: 'load again',
  confirm: 'confirm a smaller report',
  retry: 'retry what failed',
  backfill: 'backfill a range',
  queue: 'change on the queue page',
};

function renderSubject(action: Action): Html {
  const { account, dataset, report_key: reportKey, details } = action;
  if (account !== null && dataset !== null && reportKey !== null) {
    return html`<a href="${toUnitPath({ account, dataset, reportKey })}">${reportKey}</a>`;
  }
  const facts = Object.entries(details).map(
    ([name, value]) => `${name} ${Array.isArray(value) ? value.join(', ') : String(value)}`,
  );
  const text = [account, dataset, ...facts].filter((one) => one !== null).join('; ');
  return html`${text === '' ? 'everything' : text}`;
}

export function renderActions(
  actions: readonly Action[],
  now: Date,
  { isOfOneUnit = false }: { readonly isOfOneUnit?: boolean } = {},
): Html {
  if (actions.length === 0) return html`<p class="empty">Nobody has asked for anything yet.</p>`;
  const table = html`<table class="list stacked"><thead><tr><th scope="col">when</th><th scope="col">who</th><th scope="col">what</th>${isOfOneUnit ? nothing : html`<th scope="col">about</th>`}<th scope="col">outcome</th></tr></thead><tbody>
${actions.map(
  (action) =>
    html`<tr><td title="${formatInstant(action.requested_at)} UTC">${formatDistance(action.requested_at, now)}</td><td>${action.person}</td><td>${KINDS[action.kind] ?? action.kind}</td>${isOfOneUnit ? nothing : html`<td class="text">${renderSubject(action)}</td>`}<td class="text">${renderState(action.outcome)} ${action.message ?? ''}</td></tr>
`,
)}</tbody></table>`;
  return scrollable(table, 'Actions');
}

export function renderActionsPage(frame: Frame, actions: readonly Action[], isFirstPage: boolean): string {
  const last = actions.length === ACTIONS_A_PAGE ? actions.at(-1) : undefined;
  const body = html`<div class="title"><h1>Actions</h1><p>who asked for what, when, and what came of it</p></div>
<section class="card">${renderActions(actions, frame.now)}
<nav class="pages" aria-label="Pages of the actions">${isFirstPage ? nothing : html`<a href="/actions">Newest</a>`}${last === undefined ? nothing : html`<a href="${toPath('/actions', { before: last.action_id })}" rel="next">Earlier ones</a>`}</nav>
<div class="acts"><a class="button" href="/backfill">Backfill a range</a></div></section>`;
  return renderDocument(frame, { title: 'Actions', current: 'actions', body });
}
