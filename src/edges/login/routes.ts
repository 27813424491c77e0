/** The pages for people: `/login`, `/logout`, `/invite/{token}`, `/account`, `/connect/{server}`. Forms and links only, no script. */

import { ERRORS, GatewayError } from '../../contracts/errors.ts';
import type { Exchange, Route } from '../http/exchange.ts';
import { createAccountPages } from './account-pages.ts';
import { createConnectPages } from './connect-pages.ts';
import { createConsentPages } from './consent-pages.ts';
import { createInvitePages } from './invite-pages.ts';
import type { LoginDeps } from './login-deps.ts';
import { sendMessage } from './page.ts';
import { createSignInPages } from './sign-in-pages.ts';
import { STYLE } from './style.ts';

type Handler = (exchange: Exchange) => Promise<void>;

function sendStyle(exchange: Exchange): void {
  exchange.sendText(200, 'text/css; charset=utf-8', STYLE, { 'Cache-Control': 'public, max-age=300' });
}

/** What is refused before any page has its say; people read this, too. */
function sendFailure(exchange: Exchange, error: GatewayError): void {
  sendMessage(exchange, ERRORS[error.code].httpStatus, 'That did not work', `${error.message}.`);
}

const ELSEWHERE =
  'Passwords would cross the network unencrypted here. Use the https address of this gateway, or http://localhost on the machine it runs on. Whoever runs it sets the https address as listen.publicUrl.';

export function createLoginRoutes(deps: LoginDeps): Route {
  const signIn = createSignInPages(deps);
  const invite = createInvitePages(deps);
  const account = createAccountPages(deps);
  const { desk } = deps;
  const consent = desk && createConsentPages({ ...deps, desk });
  const connect = deps.connections && createConnectPages(deps, deps.connections);

  /** By method and path. Undefined: not ours. */
  const find = ({ segments }: Exchange): { readonly [method: string]: Handler } | undefined => {
    const [first, second, third, ...more] = segments;
    if (more.length > 0) return undefined;
    if (first === 'login' && second === undefined) return { GET: signIn.show, POST: signIn.submit };
    if (first === 'login' && second === 'oidc' && third === 'callback') return { GET: signIn.comeBack };
    if (first === 'login' && second === 'oidc' && third !== undefined)
      return { GET: (exchange) => signIn.leave(exchange, third) };
    if (first === 'logout' && second === undefined) return { GET: account.askToSignOut, POST: account.signOut };
    if (first === 'invite' && second !== undefined && third === undefined)
      return { GET: (exchange) => invite.show(exchange, second), POST: (exchange) => invite.submit(exchange, second) };
    if (first === 'oauth' && consent !== undefined && desk?.isOpen() === true) {
      if (second === 'authorize' && third === undefined) return { GET: consent.begin };
      if (second === 'consent' && third !== undefined)
        return {
          GET: (exchange) => consent.show(exchange, third),
          POST: (exchange) => consent.submit(exchange, third),
        };
    }
    if (first === 'connect' && connect !== undefined && second !== undefined && third === undefined)
      return {
        GET: (exchange) => connect.show(exchange, second),
        POST: (exchange) => connect.submit(exchange, second),
      };
    if (first !== 'account') return undefined;
    if (second === undefined) return { GET: account.show };
    if (second === 'connections' && connect !== undefined && third === undefined) return { GET: connect.list };
    if (second === 'connections' && connect !== undefined && third === 'disconnect')
      return { POST: connect.disconnect };
    if (second === 'password' && third === undefined) return { POST: account.changePassword };
    if (second === 'clients' && third === 'end') return { POST: account.endClient };
    if (second === 'sessions' && third === 'end') return { POST: account.endSessions };
    return undefined;
  };

  return (exchange) => {
    const { segments, method } = exchange;
    if (segments[0] === 'login' && segments[1] === 'style.css' && segments.length === 2) {
      sendStyle(exchange);
      return true;
    }
    const handlers = find(exchange);
    if (handlers === undefined) return false;
    if (deps.signIns.siteOf(exchange) === undefined) {
      sendMessage(exchange, 403, 'Not at this address', ELSEWHERE);
      return true;
    }
    const handle = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
    if (handle === undefined) {
      sendMessage(exchange, 405, 'That did not work', 'This page takes nothing sent that way.');
      return true;
    }
    return handle(exchange).catch((error: unknown) => {
      if (!(error instanceof GatewayError) || exchange.answered) throw error;
      sendFailure(exchange, error);
    });
  };
}
