import { type Html, html, nothing } from './html.ts';
import { type Frame, renderDocument } from './layout.ts';

export interface LoginFacts {
  /** A path of ours to go on to. */
  readonly next: string;
  readonly problem: string | undefined;
  readonly user: string;
}

export function renderLoginPage(frame: Frame, { next, problem, user }: LoginFacts): string {
  const note: Html =
    problem === undefined ? nothing : html`<p class="bad" role="alert" id="problem">${problem}</p>`;
  const body = html`<section class="card login"><form method="post" action="/login">
<h1>Log in</h1>${note}
<input type="hidden" name="next" value="${next}">
<label>User<input name="user" value="${user}" autocomplete="username" required maxlength="200"${user === '' ? html` autofocus` : nothing}></label>
<label>Password<input type="password" name="password" autocomplete="current-password" required maxlength="1000"${user === '' ? nothing : html` autofocus`}></label>
<button class="primary">Log in</button></form></section>`;
  return renderDocument(frame, { title: 'Log in', body });
}
