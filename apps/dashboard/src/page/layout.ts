import type { Person } from '../access/people.ts';
import type { Assets } from '../assets.ts';
import { formatInstant } from './format.ts';
import { type Html, html, nothing } from './html.ts';

/** What every page has around it. */
export interface Frame {
  readonly assets: Assets;
  readonly version: string;
  readonly now: Date;
  /** Undefined before somebody has logged in. */
  readonly person: Person | undefined;
  /** For a form of this person. */
  createFormToken(): string;
}

export type PageName = 'coverage' | 'reports' | 'charts' | 'schema' | 'actions';

const PAGES: readonly {
  readonly name: PageName | 'queues';
  readonly path: string;
  readonly label: string;
}[] = [
  { name: 'coverage', path: '/', label: 'Coverage' },
  { name: 'reports', path: '/units', label: 'Reports' },
  { name: 'charts', path: '/charts', label: 'Charts' },
  { name: 'schema', path: '/schema', label: 'Columns' },
  { name: 'actions', path: '/actions', label: 'Actions' },
  { name: 'queues', path: '/queues/', label: 'Queues' },
];

export interface PageContent {
  readonly title: string;
  readonly current?: PageName;
  readonly body: Html;
  /** The page comes again after so many seconds, as long as something on it goes on. */
  readonly refreshSeconds?: number | undefined;
}

export function renderFormToken(frame: Frame): Html {
  return html`<input type="hidden" name="form_token" value="${frame.createFormToken()}">`;
}

function renderWho(frame: Frame): Html {
  const { person } = frame;
  if (person === undefined) return nothing;
  const who = html`<span>${person.name}, ${person.role}</span>`;
  if (!person.hasSession) return html`<div class="who">${who}</div>`;
  return html`<div class="who">${who}<form method="post" action="/logout">${renderFormToken(frame)}<button class="plain-button">Log out</button></form></div>`;
}

function renderNavigation(current: PageName | undefined): Html {
  return html`<nav aria-label="Pages">${PAGES.map(
    ({ name, path, label }) =>
      html`<a href="${path}"${name === current ? html` aria-current="page"` : nothing}>${label}</a>`,
  )}</nav>`;
}

/** A whole page. Everything in it is served from here, and nothing in it runs. */
export function renderDocument(frame: Frame, content: PageContent): string {
  const { assets } = frame;
  const refresh =
    content.refreshSeconds === undefined ? nothing : html` data-refresh="${content.refreshSeconds}"`;
  const bar = frame.person === undefined ? nothing : renderNavigation(content.current);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${content.title} · Edgeledger</title>
<link rel="icon" href="${assets.icon}" type="image/svg+xml">
<link rel="stylesheet" href="${assets.style}">
<script src="${assets.script}" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top"><div class="bar"><a class="brand" href="/"><img src="${assets.icon}" alt="" width="20" height="20">Edgeledger</a>${bar}${renderWho(frame)}</div></header>
<main id="main"${refresh}>
${content.body}
</main>
<footer>Edgeledger ${frame.version}, as of ${formatInstant(frame.now)} UTC. All days and times are UTC.</footer>
</body>
</html>
`.markup;
}

/** The page for when there is nothing to show. */
export function renderNotice(frame: Frame, title: string, message: string): string {
  const body = html`<div class="title"><h1>${title}</h1></div><section class="card"><p>${message}</p></section>`;
  return renderDocument(frame, { title, body });
}

/** A table that is wider than a phone scrolls by itself, with the keyboard, too. */
export function scrollable(table: Html, label: string): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${table}</div>`;
}
