/** Letting clients in: a client sends a browser here, whoever is signed in answers, and the browser goes back. */

import type { UserActor } from '../../contracts/accounts.ts';
import type { AuthorizationDesk, AuthorizationEnd } from '../../contracts/authorization-server.ts';
import type { Exchange } from '../http/exchange.ts';
import { consentPage } from './consent-page.ts';
import { html } from './html.ts';
import type { LoginDeps } from './login-deps.ts';
import { type Note, sendMessage, sendPage, sendSeeOther } from './page.ts';
import { readForm } from './read-form.ts';

const STALE = 'This page was open for too long, or the request came from elsewhere. Please answer again.';

export interface ConsentPages {
  /** Where clients send browsers. */
  begin(exchange: Exchange): Promise<void>;
  show(exchange: Exchange, id: string): Promise<void>;
  submit(exchange: Exchange, id: string): Promise<void>;
}

export function createConsentPages(deps: LoginDeps & { readonly desk: AuthorizationDesk }): ConsentPages {
  const { sessions, desk } = deps;

  /** Whoever is signed in; others are sent to do so and come back. Nothing is kept or fetched for those. */
  const withActor = async (exchange: Exchange, go: (actor: UserActor) => Promise<void>): Promise<void> => {
    const actor = await sessions.find(exchange);
    if (actor !== undefined) return go(actor);
    const query = exchange.query.toString();
    const path = `/${exchange.segments.map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
    sendSeeOther(exchange, `/login?next=${encodeURIComponent(path)}`);
  };

  const sendUnknown = (exchange: Exchange): void =>
    sendMessage(
      exchange,
      404,
      'There is nothing to answer here',
      'It was answered already, is more than ten minutes old, or is somebody else’s. Go back to the program and sign in from there again.',
    );

  const render = async (exchange: Exchange, actor: UserActor, id: string, note: Note, status: number) => {
    const request = await desk.find(actor, id);
    if (request === undefined) return sendUnknown(exchange);
    const token = sessions.csrfToken(exchange) ?? '';
    sendPage(exchange, consentPage({ request, userName: actor.name, token, note, status }));
  };

  return {
    begin: (exchange) =>
      withActor(exchange, async (actor) => {
        const start = await desk.begin(actor, exchange.query);
        if (start.type === 'ask') sendSeeOther(exchange, `/oauth/consent/${start.id}`);
        else if (start.type === 'redirect') sendSeeOther(exchange, start.url);
        else sendUnanswerable(exchange, start.reason);
      }),
    show: (exchange, id) => withActor(exchange, (actor) => render(exchange, actor, id, undefined, 200)),
    submit: (exchange, id) =>
      withActor(exchange, async (actor) => {
        const field = await readForm(exchange);
        if (!sessions.checkCsrf(exchange, field('csrf')).allowed)
          return render(exchange, actor, id, { type: 'bad', text: STALE }, 403);
        const answer = field('answer');
        if (answer !== 'approve' && answer !== 'deny')
          return render(exchange, actor, id, { type: 'bad', text: 'Please choose one of the two.' }, 422);
        const choice = { keyId: field('as') || undefined, remember: field('remember') === 'yes' };
        const end = answer === 'deny' ? await desk.deny(actor, id) : await desk.approve(actor, id, choice);
        if (end === undefined) return sendUnknown(exchange);
        sendOnward(exchange, end, answer === 'approve');
      }),
  };
}

/** Where the browser could be sent back to is not known, or not to be trusted: the person is told. */
function sendUnanswerable(exchange: Exchange, reason: string): void {
  const text =
    'The program that sent you here asks in a way that this gateway does not take. Nobody was let in. Begin again in the program; if this page comes back, show it to whoever runs the gateway.';
  const more = html`<p class="soft">In the words of the protocol: <code>${reason}</code></p>`;
  sendMessage(exchange, 400, 'This request cannot be answered', text, more);
}

/** A page that leads on by itself and not a redirect: `form-action` also holds for where a form is sent on to. */
function sendOnward(exchange: Exchange, { url, clientName }: AuthorizationEnd, isIn: boolean): void {
  const body = html`<div class="card"><h1>${isIn ? `${clientName} is let in` : `${clientName} is not let in`}</h1>
<p>You are on the way back. Nothing happens? Then use this.</p>
<div class="ways"><a class="button" href="${url}">Back to ${clientName}</a></div></div>`;
  sendPage(exchange, { status: 200, title: 'On the way back', body, onwardUrl: url });
}
