/** Signing in: with a password, or by way of an identity provider and back. */

import type { Exchange } from '../http/exchange.ts';
import { html } from './html.ts';
import type { LoginDeps } from './login-deps.ts';
import { type Note, renderWait, sendMessage, sendPage, sendSeeOther } from './page.ts';
import { readForm, safePath } from './read-form.ts';
import { signInPage } from './sign-in-page.ts';

const STALE = 'This page was open for too long, or in another browser. Please try again.';

interface Shown {
  readonly next: string | undefined;
  readonly note: Note;
  readonly name?: string;
  readonly status?: number;
  readonly retryAfterMs?: number;
}

export interface SignInPages {
  show(exchange: Exchange): Promise<void>;
  submit(exchange: Exchange): Promise<void>;
  /** To the provider. */
  leave(exchange: Exchange, provider: string): Promise<void>;
  /** From the provider. */
  comeBack(exchange: Exchange): Promise<void>;
}

export function createSignInPages({ sessions, signIns, home }: LoginDeps): SignInPages {
  const render = async (exchange: Exchange, shown: Shown): Promise<void> => {
    const { token, cookie } = signIns.formToken(exchange);
    const page = signInPage({
      ...{ token, cookie, ways: signIns.ways(), hasUsers: await signIns.hasUsers() },
      ...{ name: shown.name ?? '', status: shown.status ?? 200, next: shown.next, note: shown.note },
      retryAfterMs: shown.retryAfterMs,
    });
    sendPage(exchange, page);
  };
  const again = html`<a class="button" href="/login">Back to the sign-in page</a>`;

  return {
    async show(exchange) {
      const next = safePath(exchange.query.get('next'));
      if ((await sessions.find(exchange)) !== undefined) {
        sendSeeOther(exchange, next ?? home);
        return;
      }
      const isSignedOut = exchange.query.has('signed-out');
      await render(exchange, { next, note: isSignedOut ? { type: 'good', text: 'You are signed out.' } : undefined });
    },
    async submit(exchange) {
      const field = await readForm(exchange);
      const name = field('name').slice(0, 200);
      const next = safePath(field('next'));
      const bad = (status: number, text: string, retryAfterMs?: number): Promise<void> =>
        render(exchange, {
          ...{ next, name, status, note: { type: 'bad', text } },
          ...(retryAfterMs !== undefined && { retryAfterMs }),
        });
      if (!signIns.checkForm(exchange, field('csrf'))) return bad(403, STALE);
      if (!signIns.ways().password) return bad(403, 'Passwords are not accepted here.');
      const end = await signIns.withPassword(exchange, name, field('password'));
      switch (end.type) {
        case 'signed-in':
          return sendSeeOther(exchange, next ?? home, end.cookie);
        case 'refused':
          return bad(403, 'Name or password is wrong.');
        case 'wait':
          return bad(429, `There were too many failed attempts. Try again ${renderWait(end.waitMs)}.`, end.waitMs);
        case 'busy':
          return bad(503, 'Too many people sign in at this moment. Please try again.', 1_000);
      }
    },
    async leave(exchange, provider) {
      const next = safePath(exchange.query.get('next')) ?? home;
      const begun = await signIns.beginAt(provider, exchange, next);
      switch (begun.type) {
        case 'redirect':
          return sendSeeOther(exchange, begun.url, begun.cookie);
        case 'unknown':
          return sendMessage(exchange, 404, 'No such way to sign in', 'This address leads nowhere.', again);
        case 'unavailable':
          return sendUnavailable(exchange, begun.title);
      }
    },
    async comeBack(exchange) {
      const end = await signIns.finishAt(exchange, exchange.query);
      switch (end.type) {
        case 'signed-in':
          return sendSeeOther(exchange, end.next, end.cookie);
        case 'refused':
          return sendMessage(exchange, 403, 'Not signed in', end.reason, again);
        case 'unavailable':
          return sendUnavailable(exchange, end.title);
      }
    },
  };

  function sendUnavailable(exchange: Exchange, title: string): void {
    const other = signIns.ways().password ? ' You can sign in with a password of this gateway if you have one.' : '';
    const text = `${title} does not answer at this moment. Please try again in a while.${other}`;
    sendMessage(exchange, 503, `${title} cannot be reached`, text, again);
  }
}
