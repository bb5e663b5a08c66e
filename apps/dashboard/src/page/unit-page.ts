import type { UnitJob } from '@edgeledger/queue';
import type { Action, UnitDetails } from '@edgeledger/warehouse';
import { renderActions } from './actions-page.ts';
import { renderConfirmation, renderFlash } from './controls.ts';
import { explainLoss, explainUnit } from './explain.ts';
import { formatBytes, formatCount, formatDistance, formatInstant, formatPeriod } from './format.ts';
import { type Html, html, nothing } from './html.ts';
import { type Frame, renderDocument, scrollable } from './layout.ts';
import { toJobPath, toPath } from './links.ts';
import { type KnownPresence, renderPresence } from './presence.ts';
import { renderState } from './tables.ts';
import { renderFindings, renderLoads, renderParts, renderRejects } from './unit-tables.ts';

export interface UnitPageFacts {
  readonly details: UnitDetails;
  /** Undefined when the queue does not answer: the page is of use without it. */
  readonly jobs: readonly UnitJob[] | undefined;
  readonly actions: readonly Action[];
  readonly action: Action | undefined;
  readonly rejectsFrom: number;
  readonly presence: KnownPresence | undefined;
}

const TONES = { good: 'good', calm: '', warn: 'warn', poor: 'poor' } as const;
const RUNNING_STATES: readonly string[] = ['waiting', 'active', 'prioritized', 'waiting-children'];
const REFRESH_SECONDS = 3;

const JOB_STATES: Readonly<Record<string, string>> = {
  waiting: 'waits for a free worker',
  prioritized: 'waits for a free worker',
  active: 'runs now',
  'waiting-children': 'waits for its parts',
  completed: 'ended',
  failed: 'failed for good',
};

function renderWhy(facts: UnitPageFacts, frame: Frame): Html {
  const { unit, held, prunedAt } = facts.details;
  const why = explainUnit({ unit, held, prunedAt }, frame.now);
  const key = { account: unit.account, dataset: unit.dataset, report_key: unit.reportKey };
  const confirm =
    unit.state !== 'held' || held.revision === null
      ? nothing
      : renderConfirmation(frame, {
          id: 'confirm',
          label: 'Confirm the smaller report',
          isPrimary: true,
          title: `Replace ${formatCount(unit.rows ?? 0)} rows by ${held.rows === null ? 'fewer' : formatCount(held.rows)}?`,
          text: html`<p>The revision that is held back is read again and takes the place of the rows that are visible now. If the vendor issues another one meanwhile, that one is judged anew.</p>`,
          action: '/actions/confirm',
          fields: { ...key, revision: held.revision },
        });
  const reload = renderConfirmation(frame, {
    id: 'reload',
    label: why.reloadLabel,
    isPrimary: unit.state !== 'held' && unit.state !== 'loaded',
    title: `${why.reloadLabel}: ${unit.reportKey}`,
    text: html`<p>It is handed to the queue and read from the vendor as soon as a worker is free. ${
      unit.rows === null
        ? 'It becomes visible as a whole or not at all.'
        : 'The rows that are visible stay until the new reading is complete; what did not change is not written.'
    }</p>`,
    action: '/actions/reload',
    fields: key,
  });
  return html`<section class="card why ${TONES[why.tone]}"><h2>${renderState(unit.state)} ${why.headline}</h2>
${why.reasons.map((reason) => html`<p>${reason}</p>`)}${why.advice === undefined ? nothing : html`<p class="do">What to do: ${why.advice}</p>`}
<div class="acts">${confirm}${reload}</div></section>`;
}

const LOAD_OUTCOMES: Readonly<Record<string, string>> = {
  running: 'is being read',
  published: 'was read and published',
  unchanged: 'was read; nothing had changed, so nothing was written',
  held: 'was read and is held back',
  failed: 'failed',
  abandoned: 'was given up',
  superseded: 'was overtaken by a newer one',
};

/** The newest load since the action, so that nobody has to look for it in the table. */
function renderSince({ action, details }: UnitPageFacts): Html {
  if (action === undefined || action.outcome !== 'done') return nothing;
  const load = details.loads.find(({ startedAt }) => startedAt >= action.requested_at);
  if (load === undefined) return html`No worker has begun to read it yet.`;
  return html`Since then load ${load.loadId} ${LOAD_OUTCOMES[load.outcome] ?? load.outcome}.`;
}

function renderJobs(jobs: readonly UnitJob[] | undefined, now: Date): Html {
  if (jobs === undefined)
    return html`<p class="empty">The queue does not answer, so its jobs are not known.</p>`;
  if (jobs.length === 0) {
    return html`<p class="empty">No job of this report is in the queue, and of the newest that ended none was for it.</p>`;
  }
  const describe = (job: UnitJob): Html => {
    if (job.state !== 'delayed') return html`${JOB_STATES[job.state] ?? job.state}`;
    return html`waits until ${job.delayedUntil === undefined ? 'later' : html`${formatInstant(job.delayedUntil)} (${formatDistance(job.delayedUntil, now)})`}`;
  };
  const table = html`<table class="list"><thead><tr><th scope="col">job</th><th scope="col">state</th><th scope="col">enqueued</th></tr></thead><tbody>${jobs.map(
    (job) =>
      html`<tr><th scope="row"><a href="${toJobPath(job)}">${job.name}</a> <small class="mono">${job.jobId.slice(-13)}</small></th><td>${describe(job)}</td><td>${formatDistance(job.enqueuedAt, now)}</td></tr>
`,
  )}</tbody></table>`;
  return scrollable(table, 'Jobs of this report');
}

function renderFacts({ details }: UnitPageFacts, now: Date): Html {
  const { unit } = details;
  const instant = (at: Date | null): Html =>
    at === null ? html`–` : html`${formatInstant(at)} <small>${formatDistance(at, now)}</small>`;
  const count = (value: number | null): Html => (value === null ? html`–` : html`${formatCount(value)}`);
  const pairs: readonly (readonly [string, Html])[] = [
    ['account', html`${unit.account}`],
    ['dataset', html`${unit.dataset}`],
    ['period (UTC)', html`${formatPeriod(unit.period)}`],
    ['rows, rejects', html`${count(unit.rows)}, ${count(unit.rejects)}`],
    ['parts, bytes read', html`${count(unit.parts)}, ${unit.bytes === null ? '–' : formatBytes(unit.bytes)}`],
    ['first planned', instant(unit.firstSeenAt)],
    ['complete at the vendor', instant(unit.availableAt)],
    ['loaded', instant(unit.loadedAt)],
    ['settled', instant(unit.settledAt)],
    ['looked at again', instant(unit.nextCheckAt)],
    ['kept by the vendor until', instant(unit.expiresAt)],
    ['attempts', html`${unit.attempts}`],
    [
      'load that is visible',
      unit.loadId === null ? html`–` : html`${unit.loadId} <small>column load_id of its rows</small>`,
    ],
    ['vendor’s report id', html`${unit.vendorReportId ?? '–'}`],
    ['content', html`<span class="mono">${unit.fingerprint?.slice(0, 16) ?? '–'}</span>`],
  ];
  return html`<dl class="pairs">${pairs.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

export function renderUnitPage(frame: Frame, facts: UnitPageFacts): string {
  const { details, jobs } = facts;
  const { unit } = details;
  const { now } = frame;
  const day = unit.period.start.toISOString().slice(0, 10);
  const isRunning = unit.isBeingLoaded || jobs?.some((job) => RUNNING_STATES.includes(job.state)) === true;
  const lossNote = unit.state === 'loaded' ? explainLoss(unit, now)[0] : undefined;
  const body = html`<div class="title"><h1>${unit.reportKey}</h1><p>${unit.dataset}, account ${unit.account}, ${formatPeriod(unit.period)}</p></div>
${renderPresence(facts.presence)}${renderFlash(facts.action, renderSince(facts))}${renderWhy(facts, frame)}
<div class="two"><section class="card"><div class="head"><h2>The report</h2>${lossNote === undefined ? nothing : html`<p>${lossNote}</p>`}</div>${renderFacts(facts, now)}
<p class="pages"><a href="${toPath('/units', { account: unit.account, dataset: unit.dataset })}">All reports of this dataset</a><a href="${toPath('/units', { account: unit.account, day })}">All of ${day}</a></p></section>
<div><section class="card"><div class="head"><h2>Jobs</h2><p>in the queue</p></div>${renderJobs(jobs, now)}</section>
<section class="card"><div class="head"><h2>Findings</h2></div>${renderFindings(details.findings, now)}</section>
<section class="card"><div class="head"><h2>Actions</h2><p>what people asked for</p></div>${renderActions(facts.actions, now, { isOfOneUnit: true })}</section></div></div>
<section class="card"><div class="head"><h2>Loads and revisions</h2><p>newest first; what each changed</p></div>${renderLoads(details, now)}</section>
<section class="card" id="rejects"><div class="head"><h2>Rejects</h2><p>records that could not be accepted, as they were received</p></div>${renderRejects(details, facts.rejectsFrom)}</section>
<section class="card"><div class="head"><h2>Parts</h2><p>files or sub-windows, with the checksum of what was received</p></div>${renderParts(details)}</section>`;
  return renderDocument(frame, {
    title: unit.reportKey,
    current: 'reports',
    body,
    refreshSeconds: isRunning ? REFRESH_SECONDS : undefined,
  });
}
