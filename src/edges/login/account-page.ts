/** The page of whoever is signed in: who they are, where else they are signed in, their password. */

import type { SessionInfo, UserActor } from '../../contracts/accounts.ts';
import type { OAuthGrant } from '../../contracts/oauth-store.ts';
import { describeBrowser } from './describe-browser.ts';
import { html, plainName } from './html.ts';
import { type Note, type Page, renderNote } from './page.ts';
import { minute } from './render-time.ts';

export interface AccountView {
  readonly actor: UserActor;
  readonly sessions: readonly SessionInfo[];
  /** Clients that were let in. */
  readonly grants: readonly OAuthGrant[];
  readonly token: string;
  readonly mayChangePassword: boolean;
  /** There are servers that are called with accounts of this user. */
  readonly hasConnections: boolean;
  readonly note: Note;
  readonly status: number;
  readonly retryAfterMs?: number | undefined;
}

export function accountPage(view: AccountView): Page {
  const { actor, token, sessions } = view;
  const csrf = html`<input type="hidden" name="csrf" value="${token}">`;
  const rows = sessions.map((session) => {
    const isThis = session.id === actor.sessionId;
    const by = session.provider === undefined ? 'password' : session.provider;
    return html`<li>
<div><strong>${describeBrowser(session.userAgent)}</strong>${isThis && html`<span class="tag">this browser</span>`}
<div class="soft">${session.address ?? 'address unknown'}, by ${by}, last used ${minute(session.lastSeenAtMs)}</div></div>
${!isThis && html`<form method="post" action="/account/sessions/end">${csrf}<input type="hidden" name="session" value="${session.id}"><button class="quiet small" aria-label="End: ${describeBrowser(session.userAgent)}, ${minute(session.lastSeenAtMs)}">End</button></form>`}
</li>`;
  });
  const others = sessions.some(({ id }) => id !== actor.sessionId);
  const endAll =
    others &&
    html`<form method="post" action="/account/sessions/end">${csrf}<input type="hidden" name="session" value="*"><button class="quiet small">End all others</button></form>`;
  const clients = view.grants.map(
    (grant) => html`<li>
<div><strong>${grant.clientName}</strong>${grant.keyId !== undefined && html`<span class="tag">as a key</span>`}
<div class="soft">${grant.scopes.join(', ')} at ${new URL(grant.resource).pathname}, let in ${minute(grant.createdAtMs)}, last used ${minute(grant.usedAtMs)}</div></div>
<form method="post" action="/account/clients/end">${csrf}<input type="hidden" name="grant" value="${grant.id}"><button class="quiet small" aria-label="End: ${grant.clientName}, ${minute(grant.createdAtMs)}">End</button></form>
</li>`,
  );
  const letIn =
    clients.length > 0 &&
    html`<section class="card">
<h2>Clients you let in</h2>
<ul class="list">${clients}</ul>
</section>`;
  const password =
    view.mayChangePassword &&
    html`<section class="card">
<h2>Change password</h2>
<form method="post" action="/account/password" class="narrow">${csrf}
<input type="text" name="name" value="${actor.name}" autocomplete="username" readonly hidden>
<label for="before">Current password</label>
<input id="before" name="before" type="password" autocomplete="current-password" required maxlength="1024">
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="1024" aria-describedby="rule">
<p class="hint" id="rule">At least 12 characters. It signs you out everywhere else.</p>
<label for="again">New password again</label>
<input id="again" name="again" type="password" autocomplete="new-password" required maxlength="1024">
<button class="small">Change password</button>
</form>
</section>`;
  const body = html`${renderNote(view.note)}
<section class="card head">
<div><h1>${plainName(actor.name)}</h1><p class="soft">Signed in with the role <strong>${actor.role}</strong>.</p></div>
<form method="post" action="/logout">${csrf}<button class="quiet small">Sign out</button></form>
</section>
${
  view.hasConnections &&
  html`<section class="card">
<h2>Connected accounts</h2>
<p>Some servers are called with an account of your own.</p>
<a class="button quiet small" href="/account/connections">Your connections</a>
</section>`
}
<section class="card">
<h2>Sessions</h2>
<ul class="list">${rows}</ul>
${endAll}
</section>
${letIn}
${password}`;
  const { status, retryAfterMs } = view;
  return { status, title: 'Your account', body, isWide: true, retryAfterMs };
}
