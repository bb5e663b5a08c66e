import type { Action } from '@edgeledger/warehouse';
import { type Html, html, nothing } from './html.ts';
import { type Frame, renderFormToken } from './layout.ts';

export interface Confirmation {
  /** Unique on the page. */
  readonly id: string;
  /** What the button that asks says, and then the one that does it. */
  readonly label: string;
  readonly isPrimary: boolean;
  readonly title: string;
  readonly text: Html;
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** A button that asks once more, without a script; a viewer is told who may press it. */
export function renderConfirmation(frame: Frame, confirmation: Confirmation): Html {
  const { id, label, isPrimary, title, text, action, fields } = confirmation;
  if (frame.person?.role !== 'operator') {
    return html`<button type="button" disabled title="Only an operator may do that">${label}</button>`;
  }
  return html`<button type="button"${isPrimary ? html` class="primary"` : nothing} popovertarget="${id}">${label}</button>
<div popover id="${id}" role="dialog" aria-labelledby="${id}-title"><h3 id="${id}-title">${title}</h3>${text}
<form method="post" action="${action}" class="acts">${renderFormToken(frame)}${Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )}<button class="primary">Yes: ${label.charAt(0).toLowerCase() + label.slice(1)}</button><button type="button" popovertarget="${id}" popovertargetaction="hide">Cancel</button></form></div>`;
}

const OUTCOMES: Readonly<Record<string, string>> = {
  done: 'Done',
  nothing: 'Nothing to do',
  failed: 'That did not work',
  requested: 'Not answered yet',
};

/** What came of the action that led to this page; `since`: what has happened after it. */
export function renderFlash(action: Action | undefined, since: Html = nothing): Html {
  if (action === undefined) return nothing;
  return html`<section class="card flash ${action.outcome}" role="status"><h2>${OUTCOMES[action.outcome] ?? action.outcome}</h2><p>${action.message ?? 'The outcome is not known yet: reload this page in a moment.'} ${since} <a href="/actions">All actions</a></p></section>`;
}

export function renderOptions(
  options: readonly { readonly value: string; readonly label: string }[],
  chosen: string,
): Html {
  return html`${options.map(
    ({ value, label }) =>
      html`<option value="${value}"${value === chosen ? html` selected` : nothing}>${label}</option>`,
  )}`;
}

/** Shown where there is a choice. */
export function renderAccountSwitch(
  path: string,
  accounts: readonly string[],
  chosen: string | undefined,
  others: Readonly<Record<string, string>> = {},
): Html {
  if (accounts.length < 2) return nothing;
  const options = accounts.map((account) => ({ value: account, label: account }));
  const all = path === '/' ? [{ value: '', label: 'all accounts' }] : [];
  return html`<form method="get" action="${path}" class="fields"><label>account<select name="account">${renderOptions([...all, ...options], chosen ?? '')}</select></label>${Object.entries(others).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}<button>Show</button></form>`;
}
