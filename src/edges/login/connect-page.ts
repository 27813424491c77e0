/** The pages on which somebody connects an account of theirs at one server: before, on the way, after. */

import type { Connection } from '../../contracts/connections.ts';
import { connectionFacts, hostOf } from './connections-page.ts';
import { html, plainName } from './html.ts';
import { type Note, type Page, renderNote } from './page.ts';

export interface ConnectView {
  readonly userName: string;
  readonly connection: Connection;
  readonly token: string;
  /** What the link said it was for; goes along with the form. */
  readonly link: string;
  readonly note: Note;
  readonly status: number;
}

export function connectPage(view: ConnectView): Page {
  const { connection, status } = view;
  const { serverId, host, headers, state } = connection;
  const serverName = plainName(connection.serverName);
  const hidden = html`<input type="hidden" name="csrf" value="${view.token}"><input type="hidden" name="for" value="${view.link}">`;
  const fields = (headers ?? []).map(({ name, title, description }, i) => {
    const rule = description === undefined ? undefined : html`<p class="hint" id="hint-${i}">${description}</p>`;
    return html`<label for="field-${i}">${title ?? name}</label>
<input id="field-${i}" name="header-${i}" type="password" autocomplete="off" spellcheck="false" required maxlength="4096"${description !== undefined && html` aria-describedby="hint-${i}"`}>
${rule}`;
  });
  const kept =
    headers === undefined
      ? 'You sign in at the server’s own sign-in page, and decide there what is allowed.'
      : 'What you fill in is kept encrypted, sent to this server only, and never shown again.';
  const body = html`${renderNote(view.note)}
<section class="card">
<h1>${state === 'missing' ? 'Connect' : 'Connect again'}: ${serverName}</h1>
<p>What is called at this server in your name then happens in your account there. ${kept}</p>
${connectionFacts(connection)}
<form method="post" action="/connect/${encodeURIComponent(serverId)}">${hidden}${fields}
<button>${headers === undefined ? 'Connect' : 'Save'}</button></form>
</section>
<p class="soft">You are signed in to the gateway as <strong>${plainName(view.userName)}</strong>. If somebody sent you here and you do not know why, close this page. <a href="/account/connections">Your connections</a></p>`;
  return { status, title: `Connect ${serverName} (${host})`, body };
}

/** A link and not a redirect: `form-action` also holds for where a form is sent on to; and people see where they go. */
export function leavePage(connection: Connection, url: string): Page {
  const host = hostOf(url);
  const body = html`<section class="card">
<h1>Sign in at ${host}</h1>
<p>You leave the gateway now, for the sign-in page that <strong>${plainName(connection.serverName)}</strong> (${connection.host}) names. Go on only if you know <strong>${host}</strong>. The address is good once, for ten minutes.</p>
<div class="ways"><a class="button" href="${url}" rel="noreferrer">Go on to ${host}</a>
<a class="button quiet" href="/account/connections">Not now</a></div>
</section>`;
  return { status: 200, title: `Sign in at ${host}`, body };
}

export function connectedPage(connection: Connection): Page {
  const as = connection.account === undefined ? '' : ` as ${connection.account}`;
  const body = html`<section class="card">
<h1>${plainName(connection.serverName)} is connected${as}</h1>
<p>A call that waits for it goes on by itself. You can close this window.</p>
${connectionFacts(connection)}
<a class="button quiet" href="/account/connections">Your connections</a>
</section>`;
  return { status: 200, title: 'Connected', body };
}
