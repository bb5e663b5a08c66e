import { findErrorAdvice } from '@edgeledger/core';
import { REJECTS_A_PAGE, type UnitDetails, type UnitReject } from '@edgeledger/warehouse';
import { formatAge, formatBytes, formatCount, formatDuration, formatInstant } from './format.ts';
import { type Html, html, nothing } from './html.ts';
import { scrollable } from './layout.ts';
import { toPath, toUnitPath } from './links.ts';
import { renderState } from './tables.ts';

export function renderLoads({ loads, loadCount, unit }: UnitDetails, now: Date): Html {
  if (loads.length === 0) return html`<p class="empty">Nobody has tried to load it yet.</p>`;
  const table = html`<table class="list"><thead><tr><th scope="col">load</th><th scope="col">outcome</th><th scope="col">started</th><th scope="col" class="n">took</th><th scope="col" class="n">inserted</th><th scope="col" class="n">updated</th><th scope="col" class="n">deleted</th><th scope="col" class="n">unchanged</th><th scope="col" class="n">rejects</th><th scope="col" class="n">read</th><th scope="col">revision</th><th scope="col">by</th></tr></thead><tbody>
${loads.map(
  (load) =>
    html`<tr><th scope="row">${load.loadId}${load.loadId === unit.loadId ? html` <small>visible</small>` : nothing}</th><td>${renderState(load.outcome)}${load.errorCode === null ? nothing : html` <small title="${findErrorAdvice(load.errorCode) ?? ''}">${load.errorCode}</small>`}</td><td title="${formatInstant(load.startedAt)} UTC">${formatAge(load.startedAt, now)}</td><td class="n">${load.finishedAt === null ? '–' : formatDuration(load.startedAt, load.finishedAt)}</td><td class="n">${formatCount(load.rowsInserted)}</td><td class="n">${formatCount(load.rowsUpdated)}</td><td class="n">${formatCount(load.rowsDeleted)}</td><td class="n">${formatCount(load.rowsUnchanged)}</td><td class="n">${formatCount(load.rejects)}</td><td class="n">${formatBytes(load.bytes)}</td><td class="mono">${load.vendorReportId ?? load.revision?.slice(0, 24) ?? '–'}</td><td>${load.worker ?? '–'} <small>${load.version ?? ''}</small></td></tr>
`,
)}</tbody></table>`;
  const more =
    loadCount > loads.length
      ? html`<p class="pages">The newest ${loads.length} of ${formatCount(loadCount)}; all are in <code>ledger.loads</code>.</p>`
      : nothing;
  return html`${scrollable(table, 'Loads')}${more}`;
}

export function renderParts({ parts, partCount, partsOfLoad }: UnitDetails): Html {
  if (parts.length === 0) return html`<p class="empty">No part has been read yet.</p>`;
  const table = html`<table class="list"><caption>of load ${partsOfLoad ?? ''}</caption><thead><tr><th scope="col" class="n">part</th><th scope="col">name</th><th scope="col" class="n">rows</th><th scope="col" class="n">rejects</th><th scope="col" class="n">bytes</th><th scope="col">SHA-256</th></tr></thead><tbody>
${parts.map(
  (part) =>
    html`<tr><td class="n">${part.part}</td><td class="text">${part.name}</td><td class="n">${formatCount(part.rows)}</td><td class="n">${formatCount(part.rejects)}</td><td class="n">${formatCount(part.bytes)}</td><td class="mono" title="${part.sha256}">${part.sha256.slice(0, 16)}</td></tr>
`,
)}</tbody></table>`;
  const more =
    partCount > parts.length
      ? html`<p class="pages">The first ${parts.length} of ${formatCount(partCount)}.</p>`
      : nothing;
  return html`${scrollable(table, 'Parts')}${more}`;
}

function renderReject(reject: UnitReject): Html {
  const rest =
    reject.rawLength > reject.raw.length
      ? html`<p><small>the first ${formatCount(reject.raw.length)} of ${formatCount(reject.rawLength)} characters</small></p>`
      : nothing;
  return html`<tr><td class="n">${reject.part}</td><td class="n">${formatCount(reject.line)}</td><td>${reject.column ?? '–'}</td><td><code>${reject.code}</code></td><td class="text">${reject.message}<pre>${reject.raw}</pre>${rest}</td></tr>
`;
}

export function renderRejects(details: UnitDetails, from: number): Html {
  const { rejects, rejectCount, unit } = details;
  if (rejectCount === 0) return html`<p class="empty">None: every record was accepted.</p>`;
  const pageOf = (first: number): string =>
    `${toPath(toUnitPath(unit), { rejects: first === 0 ? undefined : first })}#rejects`;
  const table = html`<table class="list"><thead><tr><th scope="col" class="n">part</th><th scope="col" class="n">line</th><th scope="col">column</th><th scope="col">code</th><th scope="col">reason and record</th></tr></thead><tbody>
${rejects.map(renderReject)}</tbody></table>`;
  return html`${scrollable(table, 'Rejects')}<nav class="pages" aria-label="Pages of the rejects"><span>${formatCount(from + 1)} to ${formatCount(from + rejects.length)} of ${formatCount(rejectCount)}</span>
${from > 0 ? html`<a href="${pageOf(Math.max(0, from - REJECTS_A_PAGE))}" rel="prev">Previous</a>` : nothing}
${from + rejects.length < rejectCount ? html`<a href="${pageOf(from + REJECTS_A_PAGE)}" rel="next">Next</a>` : nothing}</nav>`;
}

export function renderFindings(findings: UnitDetails['findings'], now: Date): Html {
  if (findings.length === 0) return html`<p class="empty">None.</p>`;
  const table = html`<table class="list"><tbody>${findings.map(
    (finding) =>
      html`<tr><th scope="row">${finding.kind}</th><td class="text">${finding.message} <small>${formatAge(finding.created_at, now)}${finding.resolved_at === null ? nothing : html`, resolved ${formatAge(finding.resolved_at, now)}`}</small></td></tr>
`,
  )}</tbody></table>`;
  return scrollable(table, 'Findings');
}
