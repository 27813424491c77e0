/** The page on which somebody lets a client in, or does not: who asks, for what, where the answer goes. */

import type { ConsentRequest } from '../../contracts/authorization-server.ts';
import { type Html, html, plainName } from './html.ts';
import { type Note, type Page, renderNote } from './page.ts';

export interface ConsentView {
  readonly request: ConsentRequest;
  readonly userName: string;
  readonly token: string;
  readonly note: Note;
  readonly status: number;
}

const SCOPE_WORDS: { readonly [scope: string]: string } = {
  mcp: 'Use tools, prompts and resources, also those that change something',
  'mcp:read': 'See which tools, prompts and resources there are, and read; no tool is called',
  models: 'Send requests to models',
};

/** Who says that it is so: whoever runs the gateway, the address it is known by, or nobody. */
function originOf({ clientHost, isConfigured }: ConsentRequest): Html {
  if (isConfigured) return html`Set up by whoever runs this gateway`;
  if (clientHost !== undefined) return html`Describes itself at <strong>${clientHost}</strong>`;
  return html`Gave itself this name; nobody has checked it`;
}

function warningOf({ redirect, clientHost, isConfigured }: ConsentRequest): Html | undefined {
  if (redirect.type === 'web') return undefined;
  const where = redirect.type === 'loopback' ? 'a program on this computer' : 'whichever program opens such addresses';
  const doubt = isConfigured || clientHost === undefined ? '' : `, which need not be the one from ${clientHost}`;
  return html`<p class="note warn">The answer goes to ${where}${doubt}. Go on only if you have just started this sign-in yourself.</p>`;
}

export function consentPage({ request, userName, token, note, status }: ConsentView): Page {
  const { id, clientName, scopes, resource, redirect, keys, mayRemember } = request;
  // What is part of another one would read like a bound on it.
  const widest = scopes.filter((scope) => !scopes.some((other) => scope.startsWith(`${other}:`)));
  const list = widest.map((scope) => html`<li>${SCOPE_WORDS[scope] ?? scope}</li>`);
  const options = keys.map(
    ({ id: keyId, name }) => html`<option value="${keyId}">My key “${plainName(name)}”</option>`,
  );
  const actAs = html`<label for="as">Acts as</label>
<select id="as" name="as" aria-describedby="as-hint"><option value="">Me, ${plainName(userName)}</option>${options}</select>
<p class="hint" id="as-hint">${keys.length > 0 ? 'What it may reach, its limits and its costs are those of whom you choose.' : 'What it may reach, its limits and its costs are yours.'}</p>`;
  const remember =
    mayRemember &&
    html`<label class="check"><input type="checkbox" name="remember" value="yes"><span>Do not ask me again for this client, endpoint and scope</span></label>`;
  const body = html`<div class="card consent">
<h1>Let <span class="name">${clientName}</span> in?</h1>
${renderNote(note)}
<p class="soft">${originOf(request)}</p>
${warningOf(request)}
<dl>
<dt>It may</dt><dd><ul>${list}</ul></dd>
<dt>At</dt><dd><code>${resource}</code></dd>
<dt>Goes back to</dt><dd><code>${redirect.to}</code></dd>
</dl>
<form method="post" action="/oauth/consent/${id}">
<input type="hidden" name="csrf" value="${token}">
${actAs}
${remember}
<div class="ways two"><button name="answer" value="deny" class="quiet">Do not let in</button><button name="answer" value="approve">Let in</button></div>
</form>
</div>
<p class="soft foot">Signed in as <strong>${plainName(userName)}</strong>. What you let in stands on <a href="/account">your account</a>, where you can end it.</p>`;
  return { status, title: `Let ${clientName} in?`, body };
}
