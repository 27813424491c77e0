/** The page on which somebody sets their password by an invitation. */

import { html } from './html.ts';
import { type Note, type Page, renderNote } from './page.ts';

export interface InviteView {
  readonly invitation: string;
  readonly userName: string;
  readonly token: string;
  readonly cookie: string | undefined;
  readonly note: Note;
  readonly status: number;
}

export function invitePage(view: InviteView): Page {
  const body = html`<div class="card">
<h1>Set your password</h1>
${renderNote(view.note)}
<form method="post" action="/invite/${view.invitation}">
<input type="hidden" name="csrf" value="${view.token}">
<label for="name">Name</label>
<input id="name" name="name" value="${view.userName}" autocomplete="username" readonly>
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="1024" aria-describedby="rule" autofocus>
<p class="hint" id="rule">At least 12 characters. Several words are easy to remember.</p>
<label for="again">New password again</label>
<input id="again" name="again" type="password" autocomplete="new-password" required maxlength="1024">
<button>Set password</button>
</form>
</div>`;
  return { status: view.status, title: 'Set your password', body, cookie: view.cookie };
}
