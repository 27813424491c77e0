/** Invitations: a link, good once, by which somebody sets their password. */

import type { Exchange } from '../http/exchange.ts';
import { html } from './html.ts';
import { invitePage } from './invite-page.ts';
import type { LoginDeps } from './login-deps.ts';
import { sendMessage, sendPage } from './page.ts';
import { readForm } from './read-form.ts';

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

export interface InvitePages {
  show(exchange: Exchange, invitation: string): Promise<void>;
  submit(exchange: Exchange, invitation: string): Promise<void>;
}

export function createInvitePages({ signIns }: LoginDeps): InvitePages {
  const signIn = html`<a class="button" href="/login">Go to the sign-in page</a>`;
  const sendUnknown = (exchange: Exchange): void =>
    sendMessage(
      exchange,
      404,
      'This invitation is not valid',
      'It was used already, or is too old, or there is a newer one. Ask whoever sent it for another.',
      signIn,
    );
  const render = (exchange: Exchange, invitation: string, userName: string, status: number, problem?: string): void => {
    const { token, cookie } = signIns.formToken(exchange);
    const note = problem === undefined ? undefined : ({ type: 'bad', text: problem } as const);
    sendPage(exchange, invitePage({ invitation, userName, token, cookie, note, status }));
  };

  return {
    async show(exchange, invitation) {
      const userName = TOKEN.test(invitation) ? await signIns.invited(invitation) : undefined;
      if (userName === undefined) sendUnknown(exchange);
      else render(exchange, invitation, userName, 200);
    },
    async submit(exchange, invitation) {
      const userName = TOKEN.test(invitation) ? await signIns.invited(invitation) : undefined;
      if (userName === undefined) return sendUnknown(exchange);
      const field = await readForm(exchange);
      if (!signIns.checkForm(exchange, field('csrf')))
        return render(exchange, invitation, userName, 403, 'This page was open for too long. Please try again.');
      if (field('password') !== field('again'))
        return render(exchange, invitation, userName, 422, 'The two passwords are not the same.');
      const end = await signIns.useInvitation(invitation, field('password'));
      switch (end.type) {
        case 'set':
          return sendMessage(exchange, 200, 'Your password is set', `Sign in as ${end.userName} now.`, signIn);
        case 'unfit':
          return render(exchange, invitation, userName, 422, end.reason);
        case 'unknown':
          return sendUnknown(exchange);
        case 'busy':
          return render(exchange, invitation, userName, 503, 'The gateway is busy. Please try again.');
      }
    },
  };
}
