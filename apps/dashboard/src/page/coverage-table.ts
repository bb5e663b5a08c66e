import type { CoverageDay } from '../questions.ts';
import { type Calendar, type CalendarLine, STATE_MARKS } from './calendar.ts';
import { formatCount } from './format.ts';
import { type Html, html, nothing } from './html.ts';

function describeCell(cell: CoverageDay): string {
  const rows = `${formatCount(cell.rows)} ${cell.rows === '1' ? 'row' : 'rows'}`;
  const units = cell.units === '1' ? '' : `, ${cell.loaded} of ${cell.units} units loaded`;
  const rejects = cell.rejects === '0' ? '' : `, ${formatCount(cell.rejects)} rejects`;
  return `${cell.dataset} ${cell.day}: ${cell.state}, ${rows}${rejects}${units}`;
}

function renderCell(cell: CoverageDay | undefined): Html {
  if (cell === undefined) return html`<td></td>`;
  const text = describeCell(cell);
  const look = cell.rejects === '0' ? cell.state : `${cell.state} has-rejects`;
  // colour and mark are for the eye; the text is for a pointer and for a screen reader
  return html`<td class="s ${look}" title="${text}"><i aria-hidden="true">${STATE_MARKS[cell.state].mark}</i><b class="only-read">${cell.state}</b></td>`;
}

function renderLine(line: CalendarLine, hasAccounts: boolean): Html {
  const account = hasAccounts ? html`<small>${line.account}</small>` : nothing;
  return html`<tr><th scope="row">${line.dataset}${account}</th>${line.cells.map(renderCell)}</tr>
`;
}

function renderLegend(): Html {
  const order = ['loaded', 'waiting', 'expected', 'loading', 'held', 'failed', 'lost'] as const;
  return html`<ul class="legend">${order.map(
    (state) =>
      html`<li title="${STATE_MARKS[state].meaning}"><span class="s ${state}" aria-hidden="true">${STATE_MARKS[state].mark}</span> ${state}</li>`,
  )}<li title="some records could not be accepted"><span class="s expected has-rejects" aria-hidden="true"></span> with rejects</li></ul>`;
}

/** Datasets by days. The newest day is at the right, and in view first where the table has to scroll. */
export function renderCoverage(calendar: Calendar): Html {
  if (calendar.lines.length === 0) {
    return html`<p class="empty">No unit is known for these days. <code>edgeledger run</code> or a running scheduler plans them.</p>`;
  }
  return html`<div class="scroll from-end" tabindex="0" role="region" aria-label="Coverage by dataset and day"><table class="calendar">
<thead>
<tr><th></th>${calendar.months.map((month) => html`<th scope="colgroup" colspan="${month.days}">${month.days > 2 ? html`<span>${month.label}</span>` : nothing}</th>`)}</tr>
<tr><th scope="col">dataset</th>${calendar.days.map((day) => html`<th scope="col" title="${day}">${day.slice(8)}</th>`)}</tr>
</thead>
<tbody>
${calendar.lines.map((line) => renderLine(line, calendar.hasAccounts))}</tbody>
</table></div>
${renderLegend()}`;
}
