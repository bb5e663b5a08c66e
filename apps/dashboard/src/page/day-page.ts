import type { UnitSummary } from '@edgeledger/warehouse';
import { html } from './html.ts';
import { type Frame, renderDocument } from './layout.ts';
import { toPath } from './links.ts';
import { renderUnits } from './tables.ts';

export interface DayFacts {
  readonly account: string;
  readonly dataset: string;
  readonly day: string;
  readonly units: readonly UnitSummary[];
  /** Set when no unit is known. */
  readonly absence: { readonly reason: string; readonly canPlan: boolean } | undefined;
}

/** A dataset on a day: its units when there are several, or why there is none. */
export function renderDayPage(frame: Frame, facts: DayFacts): string {
  const { account, dataset, day, units, absence } = facts;
  const plan = toPath('/backfill', { from: day, to: day, dataset, account });
  const content =
    absence === undefined
      ? html`<section class="card"><div class="head"><h2>Reports of the day</h2></div>${renderUnits(units, frame.now, { label: 'Reports of the day' })}</section>`
      : html`<section class="card why ${absence.canPlan ? 'warn' : ''}"><h2>Not planned: the ledger knows no report of that day</h2><p>${absence.reason}</p>${absence.canPlan ? html`<div class="acts"><a class="button primary" href="${plan}">Backfill ${day}</a></div>` : html``}</section>`;
  const body = html`<div class="title"><h1>${dataset}, ${day}</h1><p>account ${account}</p></div>
${content}<p class="pages"><a href="${toPath('/units', { account, day })}">All reports of ${day}</a><a href="${toPath('/units', { account, dataset })}">All reports of ${dataset}</a></p>`;
  return renderDocument(frame, { title: `${dataset} ${day}`, current: 'reports', body });
}
