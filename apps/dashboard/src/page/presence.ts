import { isUnattended, type Presence } from '@edgeledger/queue';
import { type Html, html, nothing } from './html.ts';

export interface KnownPresence extends Presence {
  /** Whether there is a source to plan for. */
  readonly isPlanned: boolean;
}

const NO_WORKER = html`<h2>No worker is connected: nothing will be loaded</h2><p>Start one with <code>edgeledger worker</code>, or everything in one process with <code>edgeledger up</code>. What is asked for meanwhile waits in the queue.</p>`;
const NO_SCHEDULE = html`<h2>Nothing is scheduled: no day will be planned by itself</h2><p>Start a scheduler with <code>edgeledger scheduler</code>, or everything in one process with <code>edgeledger up</code>.</p>`;

/** Who is missing for reports to come in; nothing when nobody is, or nobody knows. */
export function renderPresence(presence: KnownPresence | undefined): Html {
  if (presence === undefined) return nothing;
  const lacksWorker = isUnattended(presence);
  const isUnplanned = presence.isPlanned && !presence.hasSchedule;
  if (!lacksWorker && !isUnplanned) return nothing;
  return html`<section class="card flash failed" aria-label="Who is missing">${lacksWorker ? NO_WORKER : nothing}${isUnplanned ? NO_SCHEDULE : nothing}</section>`;
}
