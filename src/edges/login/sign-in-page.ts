/** The page on which people sign in. */

import type { SignIns } from '../../contracts/sign-ins.ts';
import { html } from './html.ts';
import { type Note, type Page, renderNote } from './page.ts';

export interface SignInView {
  readonly ways: ReturnType<SignIns['ways']>;
  readonly hasUsers: boolean;
  readonly token: string;
  readonly cookie: string | undefined;
  /** Where to afterwards. */
  readonly next: string | undefined;
  readonly note: Note;
  /** What was typed before. */
  readonly name: string;
  readonly status: number;
  readonly retryAfterMs?: number | undefined;
}

export function signInPage(view: SignInView): Page {
  const { ways, next, token } = view;
  const query = next === undefined ? '' : `?next=${encodeURIComponent(next)}`;
  const providers = ways.providers.map(
    ({ name, title }) =>
      html`<a class="button ${ways.password ? 'quiet' : ''}" href="/login/oidc/${name}${query}">Sign in with ${title}</a>`,
  );
  const empty =
    !view.hasUsers &&
    ways.password &&
    html`<p class="soft">There are no users yet. Whoever runs this gateway makes the first one:<br><code>portcullis users create NAME --role owner</code></p>`;
  const form =
    ways.password &&
    html`<form method="post" action="/login">
<input type="hidden" name="csrf" value="${token}">
<input type="hidden" name="next" value="${next ?? ''}">
<label for="name">Name</label>
<input id="name" name="name" value="${view.name}" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="200"${view.name === '' ? html` autofocus` : undefined}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1024"${view.name === '' ? undefined : html` autofocus`}>
<button>Sign in</button>
</form>`;
  const or = ways.password && ways.providers.length > 0 && html`<div class="or">or</div>`;
  const body = html`<div class="card">
<h1>Sign in</h1>
${renderNote(view.note)}
${empty}
${form}
${or}
<div class="ways">${providers}</div>
</div>`;
  const { status, cookie, retryAfterMs } = view;
  return { status, title: 'Sign in', body, cookie, retryAfterMs };
}
