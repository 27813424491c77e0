/** What somebody who is signed in does with their own account: look, change the password, end sessions, sign out. */

import type { UserActor } from '../../contracts/accounts.ts';
import type { Exchange } from '../http/exchange.ts';
import { accountPage } from './account-page.ts';
import { html } from './html.ts';
import type { LoginDeps } from './login-deps.ts';
import { type Note, renderWait, sendMessage, sendPage, sendSeeOther } from './page.ts';
import { readForm } from './read-form.ts';

const STALE =
  'That was not done: the page was open for too long, or the request came from elsewhere. Please try again.';
/** Shown after a redirect, so that going back or reloading does nothing twice. */
const DONE: { readonly [done: string]: string } = {
  password: 'Your password is changed. You are signed out everywhere else.',
  session: 'The session is ended.',
  sessions: 'All other sessions are ended.',
  client: 'That client is let in no more.',
};

export interface AccountPages {
  show(exchange: Exchange): Promise<void>;
  changePassword(exchange: Exchange): Promise<void>;
  endSessions(exchange: Exchange): Promise<void>;
  endClient(exchange: Exchange): Promise<void>;
  askToSignOut(exchange: Exchange): Promise<void>;
  signOut(exchange: Exchange): Promise<void>;
}

export function createAccountPages({ sessions, signIns, desk, connections }: LoginDeps): AccountPages {
  const render = async (
    exchange: Exchange,
    actor: UserActor,
    shown: { readonly note?: Note; readonly status?: number; readonly retryAfterMs?: number } = {},
  ): Promise<void> => {
    const page = accountPage({
      ...{ actor, sessions: await sessions.list(actor.id), token: sessions.csrfToken(exchange) ?? '' },
      grants: (await desk?.grants(actor.id)) ?? [],
      mayChangePassword: signIns.ways().password && (await signIns.hasPassword(actor.id)),
      hasConnections: (connections?.list(actor.id).length ?? 0) > 0,
      ...{ note: shown.note, status: shown.status ?? 200, retryAfterMs: shown.retryAfterMs },
    });
    sendPage(exchange, page);
  };

  /** Whoever is signed in; others are sent to do so. */
  const withActor = async (exchange: Exchange, go: (actor: UserActor) => Promise<void>): Promise<void> => {
    const actor = await sessions.find(exchange);
    if (actor === undefined) sendSeeOther(exchange, '/login?next=%2Faccount');
    else await go(actor);
  };

  return {
    show: (exchange) =>
      withActor(exchange, async (actor) => {
        const done = exchange.query.get('done') ?? '';
        const text = Object.hasOwn(DONE, done) ? DONE[done] : undefined;
        await render(exchange, actor, { note: text === undefined ? undefined : { type: 'good', text } });
      }),
    changePassword: (exchange) =>
      withActor(exchange, async (actor) => {
        const field = await readForm(exchange);
        const bad = (status: number, text: string, retryAfterMs?: number): Promise<void> =>
          render(exchange, actor, {
            ...{ status, note: { type: 'bad', text } },
            ...(retryAfterMs !== undefined && { retryAfterMs }),
          });
        if (!sessions.checkCsrf(exchange, field('csrf')).allowed) return bad(403, STALE);
        if (field('password') !== field('again')) return bad(422, 'The two new passwords are not the same.');
        const end = await signIns.changePassword(exchange, actor, field('before'), field('password'));
        switch (end.type) {
          case 'changed':
            return sendSeeOther(exchange, '/account?done=password', end.cookie);
          case 'unfit':
            return bad(422, end.reason);
          case 'refused':
            return bad(403, 'The current password is not right.');
          case 'wait':
            return bad(429, `There were too many failed attempts. Try again ${renderWait(end.waitMs)}.`, end.waitMs);
          case 'busy':
            return bad(503, 'The gateway is busy. Please try again.', 1_000);
        }
      }),
    endSessions: (exchange) =>
      withActor(exchange, async (actor) => {
        const field = await readForm(exchange);
        if (!sessions.checkCsrf(exchange, field('csrf')).allowed)
          return render(exchange, actor, { status: 403, note: { type: 'bad', text: STALE } });
        const which = field('session');
        const ids = which === '*' ? (await sessions.list(actor.id)).map(({ id }) => id) : [which];
        for (const id of ids) if (id !== actor.sessionId) await sessions.end(actor.id, id);
        sendSeeOther(exchange, `/account?done=${which === '*' ? 'sessions' : 'session'}`);
      }),
    endClient: (exchange) =>
      withActor(exchange, async (actor) => {
        const field = await readForm(exchange);
        if (!sessions.checkCsrf(exchange, field('csrf')).allowed)
          return render(exchange, actor, { status: 403, note: { type: 'bad', text: STALE } });
        await desk?.end(actor, field('grant'));
        sendSeeOther(exchange, '/account?done=client');
      }),
    askToSignOut: (exchange) =>
      withActor(exchange, async (actor) => {
        const form = html`<form method="post" action="/logout"><input type="hidden" name="csrf" value="${sessions.csrfToken(exchange)}"><button>Sign out</button></form>`;
        sendMessage(exchange, 200, 'Sign out?', `You are signed in as ${actor.name}.`, form);
      }),
    signOut: (exchange) =>
      withActor(exchange, async (actor) => {
        const field = await readForm(exchange);
        if (!sessions.checkCsrf(exchange, field('csrf')).allowed)
          return render(exchange, actor, { status: 403, note: { type: 'bad', text: STALE } });
        const { cookie, provider } = await signIns.signOut(exchange);
        if (provider === undefined) return sendSeeOther(exchange, '/login?signed-out=1', cookie);
        // A link and not a redirect: `form-action` also holds for where a form is sent on to.
        const text = `You may still be signed in at ${provider.title}, where whoever uses this browser next could sign in again.`;
        const body = html`<div class="card"><h1>You are signed out</h1><p>${text}</p>
<div class="ways"><a class="button" href="${provider.url}">Sign out at ${provider.title}, too</a>
<a class="button quiet" href="/login">Sign in again</a></div></div>`;
        sendPage(exchange, { status: 200, title: 'Signed out', body, cookie });
      }),
  };
}
