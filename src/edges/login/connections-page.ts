/** The page on which somebody sees what they have connected: every server that is called with an account of theirs. */

import type { Connection } from '../../contracts/connections.ts';
import { type Html, html, plainName } from './html.ts';
import { type Note, type Page, renderNote } from './page.ts';
import { minute } from './render-time.ts';

const TAGS = {
  connected: html`<span class="tag">connected</span>`,
  broken: html`<span class="tag alarm">connect again</span>`,
} as const;

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

/** One that was connected: all that is known, and how to change it. */
function renderConnected(connection: Connection, state: keyof typeof TAGS, token: string): Html {
  const { serverId, headers } = connection;
  const name = plainName(connection.serverName);
  const again = headers === undefined ? 'Connect again' : 'Fill in anew';
  return html`<section class="card">
<div class="head"><h2>${name}</h2>${TAGS[state]}</div>
${connectionFacts(connection)}
<div class="row"><a class="button small${state === 'connected' && ' quiet'}" href="/connect/${encodeURIComponent(serverId)}" aria-label="${again}: ${name}">${again}</a>
<form method="post" action="/account/connections/disconnect"><input type="hidden" name="csrf" value="${token}"><input type="hidden" name="server" value="${serverId}"><button class="quiet small" aria-label="Disconnect ${name}">Disconnect</button></form></div>
</section>`;
}

/** Those that nobody has connected yet, a line each: there may be dozens. */
function renderMissing(missing: readonly Connection[]): Html {
  const rows = missing.map(({ serverId, serverName, host, headers }) => {
    const name = plainName(serverName);
    const asks = headers === undefined ? '' : `, asks for ${headers.map((each) => each.title ?? each.name).join(', ')}`;
    return html`<li><div><strong>${name}</strong><div class="soft">${host}${asks}</div></div>
<a class="button small" href="/connect/${encodeURIComponent(serverId)}" aria-label="Connect ${name}">Connect</a></li>`;
  });
  return html`<section class="card">
<h2>Not connected yet</h2>
<ul class="list">${rows}</ul>
</section>`;
}

export function connectionsPage(view: {
  readonly userName: string;
  readonly connections: readonly Connection[];
  readonly token: string;
  readonly note: Note;
  readonly status: number;
}): Page {
  const { connections, token } = view;
  const cards = (['broken', 'connected'] as const).flatMap((state) =>
    connections.filter((each) => each.state === state).map((each) => renderConnected(each, state, token)),
  );
  const missing = connections.filter(({ state }) => state === 'missing');
  const none = html`<section class="card"><p>No server that you may use is called with an account of your own.</p></section>`;
  const body = html`${renderNote(view.note)}
<section class="card head">
<div><h1>Connected accounts</h1><p class="soft">What is called at these servers in the name of <strong>${plainName(view.userName)}</strong> happens in your own accounts there. Nobody else’s calls do.</p></div>
<a href="/account">Your account</a>
</section>
${cards}
${missing.length > 0 && renderMissing(missing)}
${connections.length === 0 && none}`;
  return { status: view.status, title: 'Connected accounts', body, isWide: true };
}
