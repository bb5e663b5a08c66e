import type { SchemaChange } from '@edgeledger/warehouse';
import { formatAge, formatInstant } from './format.ts';
import { type Html, html, nothing } from './html.ts';
import { type Frame, renderDocument, scrollable } from './layout.ts';

export const SHOWN_CHANGES = 500;

const ACTIONS: Readonly<Record<string, string>> = {
  added: 'new in a report',
  renamed: 'renamed',
  retyped: 'other type',
  dropped: 'dropped',
};

/** Added, and nothing has been said about it since: the newest word on each column counts. */
export function findOpenColumns(changes: readonly SchemaChange[]): readonly SchemaChange[] {
  const newest = new Map<string, SchemaChange>();
  for (const change of changes) {
    const key = `${change.dataset}.${change.column}`;
    if (!newest.has(key)) newest.set(key, change);
  }
  return [...newest.values()].filter(({ action }) => action === 'added');
}

/** A JSON string is a YAML string, whatever stands in a header. */
export function renderMapping(open: readonly SchemaChange[]): string {
  const lines: string[] = [];
  for (const [vendor, ofVendor] of Map.groupBy(open, ({ dataset }) => dataset.split('.')[0] ?? '')) {
    lines.push('sources:', `  - vendor: ${vendor}`, '    datasets:');
    for (const [dataset, columns] of Map.groupBy(ofVendor, (change) => change.dataset)) {
      lines.push(`      ${dataset.split('.')[1] ?? dataset}:`, '        columns:');
      for (const { column, header, type } of columns) {
        lines.push(
          `          ${column}: { header: ${JSON.stringify(header)}, type: ${type} }   # or { drop: true }`,
        );
      }
    }
  }
  return lines.join('\n');
}

function renderOpen(open: readonly SchemaChange[]): Html {
  if (open.length === 0) {
    return html`<section class="card"><div class="head"><h2>Nothing to decide</h2></div><p class="empty">Every column that a report brought is mapped.</p></section>`;
  }
  return html`<section class="card"><div class="head"><h2>${open.length} ${open.length === 1 ? 'column' : 'columns'} to decide about</h2><p>they are loaded as they are; nothing is lost</p></div>
<p class="empty">Write what you want into <code>edgeledger.yaml</code>, then run <code>edgeledger schema apply</code>: it renames, converts or drops what is loaded already. <code>edgeledger schema</code> says which types the values fit.</p>
<pre class="card" tabindex="0" aria-label="For edgeledger.yaml">${renderMapping(open)}</pre></section>`;
}

export function renderSchemaPage(frame: Frame, changes: readonly SchemaChange[]): string {
  const rows = changes.map(
    (change) =>
      html`<tr><th scope="row">${change.dataset}</th><td class="mono">${change.column}</td><td class="text">${change.header}</td><td>${ACTIONS[change.action] ?? change.action}</td><td>${change.type}</td><td>${change.reportKey}</td><td title="${formatInstant(change.createdAt)} UTC">${formatAge(change.createdAt, frame.now)}</td></tr>
`,
  );
  const table = html`<table class="list"><thead><tr><th scope="col">dataset</th><th scope="col">column</th><th scope="col">header in the report</th><th scope="col">change</th><th scope="col">type</th><th scope="col">first report</th><th scope="col">when</th></tr></thead><tbody>
${rows}</tbody></table>`;
  const more =
    changes.length < SHOWN_CHANGES
      ? nothing
      : html`<p class="pages">The newest ${SHOWN_CHANGES}; all are in <code>ledger.schema_changes</code>.</p>`;
  const list =
    changes.length === 0
      ? html`<p class="empty">The reports have only brought columns that are known.</p>`
      : html`${scrollable(table, 'Changes of columns')}${more}`;
  const body = html`<div class="title"><h1>Columns</h1><p>what reports brought that nobody had mapped</p></div>
${renderOpen(findOpenColumns(changes))}
<section class="card"><div class="head"><h2>Changes</h2><p>newest first</p></div>${list}</section>`;
  return renderDocument(frame, { title: 'Columns', current: 'schema', body });
}
