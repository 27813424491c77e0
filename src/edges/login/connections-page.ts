/** The page on which somebody sees what they have connected: every server that is called with an account of theirs. */

import type { Connection } from '../../contracts/connections.ts';
import { type Html, html } from './html.ts';
import { type Note, type Page, renderNote } from './page.ts';
import { minute } from './render-time.ts';

const TAGS: { readonly [state in Connection['state']]: Html } = {
  connected: html`<span class="tag">connected</span>`,
  missing: html`<span class="tag plain">not connected</span>`,
  broken: html`<span class="tag alarm">connect again</span>`,
};

/** What is known of it, one line each. */
export function connectionFacts(connection: Connection): Html {
  const { state, headers, account, issuer, scopes, connectedAtMs, expiresAtMs, isRenewed, problem } = connection;
  const lines: (readonly [string, string])[] = [['Server', connection.host]];
  if (state !== 'missing') {
    if (headers === undefined) lines.push(['Account', account ?? 'not told by the issuer']);
    else lines.push(['Filled in', headers.map(({ name, title }) => title ?? name).join(', ')]);
    if (issuer !== undefined) lines.push(['Signed in at', hostOf(issuer)]);
    if (scopes.length > 0) lines.push(['Allowed', scopes.join(', ')]);
    if (connectedAtMs !== undefined) lines.push(['Since', minute(connectedAtMs)]);
    if (state === 'connected' && isRenewed) lines.push(['Lasts', 'renewed by itself']);
    else if (state === 'connected' && expiresAtMs !== undefined) lines.push(['Lasts', `until ${minute(expiresAtMs)}`]);
  }
  const rows = lines.map(([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`);
  return html`<dl class="facts">${rows}</dl>
${problem !== undefined && html`<p class="note bad">It did not work the last time: ${problem}.</p>`}`;
}

export const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url);

export function connectionsPage(view: {
  readonly userName: string;
  readonly connections: readonly Connection[];
  readonly token: string;
  readonly note: Note;
  readonly status: number;
}): Page {
  const cards = view.connections.map((connection) => {
    const { serverId, serverName, state, headers } = connection;
    const again = headers === undefined ? 'Connect again' : 'Fill in anew';
    return html`<section class="card">
<div class="head"><h2>${serverName}</h2>${TAGS[state]}</div>
${connectionFacts(connection)}
<div class="row"><a class="button small${state === 'connected' && ' quiet'}" href="/connect/${encodeURIComponent(serverId)}">${state === 'missing' ? 'Connect' : again}</a>
${
  state !== 'missing' &&
  html`<form method="post" action="/account/connections/disconnect"><input type="hidden" name="csrf" value="${view.token}"><input type="hidden" name="server" value="${serverId}"><button class="quiet small">Disconnect</button></form>`
}</div>
</section>`;
  });
  const none = html`<section class="card"><p>No server that you may use is called with an account of your own.</p></section>`;
  const body = html`${renderNote(view.note)}
<section class="card head">
<div><h1>Connected accounts</h1><p class="soft">Calls of these servers with the keys of <strong>${view.userName}</strong> are made with accounts of yours. Nobody else’s calls are.</p></div>
<a href="/account">Your account</a>
</section>
${cards.length > 0 ? cards : none}`;
  return { status: view.status, title: 'Connected accounts', body, isWide: true };
}
