import type { UtcDay } from '@edgeledger/core';
import type { CalendarCell } from '@edgeledger/warehouse';
import {
  type Calendar,
  type CalendarLine,
  daysUntil,
  formatMonth,
  groupMonths,
  isMissing,
  STATE_MEANINGS,
  URGENT_DAYS,
  YEAR_DAYS,
} from './calendar.ts';
import { formatCount } from './format.ts';
import { type Html, html, nothing } from './html.ts';

import { toDayPath } from './links.ts';

function describeCell(cell: CalendarCell, now: Date): string {
  const rows = `${formatCount(cell.rows)} ${cell.rows === '1' ? 'row' : 'rows'}`;
  const units = cell.units === 1 ? '' : `, ${cell.loaded} of ${cell.units} reports loaded`;
  const rejects = cell.rejects === '0' ? '' : `, ${formatCount(cell.rejects)} rejects`;
  const pruned = cell.pruned === 0 ? '' : ', pruned since';
  const left =
    cell.expiresAt !== null && isMissing(cell.state) ? `, ${daysUntil(cell.expiresAt, now)} days left` : '';
  return `${cell.day} ${cell.dataset}: ${cell.state}, ${rows}${rejects}${units}${pruned}${left}`;
}

function toClasses(cell: CalendarCell, now: Date): string {
  const isUrgent =
    cell.expiresAt !== null && isMissing(cell.state) && daysUntil(cell.expiresAt, now) <= URGENT_DAYS;
  return `s ${cell.state}${cell.rejects === '0' ? '' : ' has-rejects'}${cell.pruned === 0 ? '' : ' is-pruned'}${isUrgent ? ' is-urgent' : ''}`;
}

/** The mark is for the eye, the text for a screen reader, the title for a pointer. */
function renderCell(
  cell: CalendarCell | undefined,
  options: { now: Date; isNewMonth: boolean; isTerse: boolean },
): Html {
  const edge = options.isNewMonth ? html` class="month"` : nothing;
  if (cell === undefined) return html`<td${edge}></td>`;
  const isPlain = cell.state === 'loaded' && cell.rejects === '0' && cell.pruned === 0;
  const title = options.isTerse && isPlain ? nothing : html` title="${describeCell(cell, options.now)}"`;
  return html`<td${edge}><a class="${toClasses(cell, options.now)}" href="${toDayPath(cell)}"${title}><b>${cell.state}</b></a></td>`;
}

function renderEnd(line: CalendarLine, now: Date): Html {
  const lost = line.lost === 0 ? nothing : html`<span class="bad">${formatCount(line.lost)} lost</span>`;
  if (line.missing === 0) return html`<td class="end">${line.lost === 0 ? 'complete' : lost}</td>`;
  const left = line.soonestLossAt === null ? undefined : daysUntil(line.soonestLossAt, now);
  const text = html`${formatCount(line.missing)} open${left === undefined ? nothing : html`, ${left} d`}`;
  const open = left !== undefined && left <= URGENT_DAYS ? html`<span class="urgent">${text}</span>` : text;
  return html`<td class="end">${open}${line.lost === 0 ? nothing : html`<br>${lost}`}</td>`;
}

/** Where ninety days stand side by side, there is room for the number of some. */
function isMarked(day: string): boolean {
  return ['01', '05', '10', '15', '20', '25'].includes(day.slice(8));
}

/** `credit_analytics_daily` may break at its underscores. */
export function renderName(name: string): Html {
  return html`${name.split('_').map((word, index) => (index === 0 ? html`${word}` : html`_<wbr>${word}`))}`;
}

function renderDays(calendar: Calendar, now: Date): Html {
  const { days } = calendar;
  const months = groupMonths(days);
  const isNewMonth = (day: UtcDay | undefined): boolean => day?.endsWith('-01') === true;
  const groups = Map.groupBy(calendar.lines, ({ account, dataset }) =>
    calendar.hasAccounts ? `${dataset.split('.')[0]} · ${account}` : (dataset.split('.')[0] ?? ''),
  );
  const body = [...groups].map(
    ([
      group,
      lines,
    ]) => html`<tr><th class="group" scope="rowgroup" colspan="${days.length + 2}"><span>${group}</span></th></tr>
${lines.map(
  (line) =>
    html`<tr><th scope="row">${renderName(line.dataset.split('.')[1] ?? line.dataset)}</th>${line.cells.map((cell, index) => renderCell(cell, { now, isNewMonth: isNewMonth(days[index]), isTerse: false }))}${renderEnd(line, now)}</tr>
`,
)}`,
  );
  return html`<div class="scroll from-end" tabindex="0" role="region" aria-label="Coverage by dataset and day"><table class="calendar${days.length > 30 ? ' of-90' : ''}" data-calendar>
<colgroup><col class="name"><col span="${days.length}"><col class="end"></colgroup>
<thead><tr><td></td>${months.map((month) => html`<th scope="colgroup" colspan="${month.days.length}">${month.days.length > 3 ? html`<span>${formatMonth(month.month)}</span>` : nothing}</th>`)}<td class="end"></td></tr>
<tr><td></td>${days.map((day) => html`<th class="${isMarked(day) ? 'day' : 'day minor'}" scope="col"><span>${day.slice(8)}</span></th>`)}<th class="end" scope="col">open, days left</th></tr></thead>
<tbody>${body}</tbody></table></div>`;
}

/** A month is a line of up to 31 days, so that a year fits a phone. */
function renderYear(line: CalendarLine, calendar: Calendar, now: Date): Html {
  const cells = new Map(line.cells.flatMap((cell) => (cell === undefined ? [] : [[cell.day, cell]])));
  const monthDays = Array.from({ length: 31 }, (_, index) => String(index + 1).padStart(2, '0'));
  const account = calendar.hasAccounts ? html` <small>${line.account}</small>` : nothing;
  const open =
    line.missing + line.lost === 0
      ? html`<small>complete</small>`
      : html`<small>${line.missing} open, ${line.lost} lost</small>`;
  return html`<table class="year" data-calendar><caption>${line.dataset}${account} ${open}</caption>
<colgroup><col class="name"><col span="31"></colgroup>
<thead><tr><td></td>${monthDays.map((day) => html`<th scope="col">${Number(day) % 5 === 0 || day === '01' ? Number(day) : html`<span class="only-read">${Number(day)}</span>`}</th>`)}</tr></thead>
<tbody>${groupMonths(calendar.days)
    .toReversed()
    .map(
      ({ month }) =>
        html`<tr><th scope="row">${formatMonth(month)}</th>${monthDays.map((day) => renderCell(cells.get(`${month}-${day}`), { now, isNewMonth: false, isTerse: true }))}</tr>
`,
    )}</tbody></table>`;
}

export function renderLegend(): Html {
  return html`<ul class="legend">${Object.entries(STATE_MEANINGS).map(
    ([state, meaning]) =>
      html`<li><span class="s ${state}" aria-hidden="true"></span>${state}: ${meaning}</li>`,
  )}<li><span class="s loaded has-rejects" aria-hidden="true"></span>with rejects</li><li><span class="s loaded is-pruned" aria-hidden="true"></span>rows pruned since</li><li><span class="s waiting is-urgent" aria-hidden="true"></span>lost within ${URGENT_DAYS} days</li></ul>`;
}

/** Datasets by days. The newest day is at the right, and in view first where the table has to scroll. */
export function renderCoverage(calendar: Calendar, now: Date): Html {
  if (calendar.days.length <= YEAR_DAYS) return html`${renderDays(calendar, now)}${renderLegend()}`;
  return html`<div class="years">${calendar.lines.map((line) => renderYear(line, calendar, now))}</div>${renderLegend()}`;
}
