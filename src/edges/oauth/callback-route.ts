/** `GET /oauth/callback`: where a browser comes back from an authorization server after somebody signed in at a server. */

import type { ConnectEnd } from '../../contracts/connections.ts';
import type { Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';

export interface CallbackRouteDeps {
  /** Who is signed in to the gateway in this browser. */
  readonly whoIs?: ((exchange: Exchange) => Promise<string | undefined>) | undefined;
  /** Answers somebody who is, with a page. */
  readonly respond?: ((exchange: Exchange, end: ConnectEnd) => void) | undefined;
  /** Never rejects; says itself what may be told. */
  readonly finish: (
    answer: {
      readonly state: string | undefined;
      readonly code: string | undefined;
      readonly iss: string | undefined;
      readonly error: string | undefined;
    },
    userId?: string,
  ) => Promise<ConnectEnd>;
}

/** A parameter that stands twice is none. */
function only({ query }: Exchange, name: string): string | undefined {
  const values = query.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}

/**
 * For the gateway's own sign-ins the state is the proof, which only somebody with the data folder can get; that is answered in plain
 * text. One of a user has to come back in the browser of that user.
 */
export function createCallbackRoute({ finish, whoIs, respond }: CallbackRouteDeps): Route {
  const answer = async (exchange: Exchange): Promise<void> => {
    const userId = await whoIs?.(exchange);
    const [state, code, iss, error] = ['state', 'code', 'iss', 'error'].map((name) => only(exchange, name));
    const end = await finish({ state, code, iss, error }, userId);
    const isForPerson = end.type === 'connected' || end.type === 'other-person' || userId !== undefined;
    if (respond !== undefined && isForPerson && end.type !== 'signed-in') return respond(exchange, end);
    const send = (status: number, text: string): void =>
      exchange.sendText(status, 'text/plain; charset=utf-8', `${text}\n`);
    if (end.type === 'signed-in')
      send(200, `The gateway is signed in at ${end.serverName}. This window can be closed.`);
    else if (end.type === 'failed') send(400, `The sign-in failed: ${end.reason}`);
    else send(400, 'This sign-in is unknown, used or too old. Get a new address with `portcullis login`.');
  };
  return (exchange) => {
    const [first, second, more] = exchange.segments;
    if (first !== 'oauth' || second !== 'callback' || more !== undefined) return false;
    if (exchange.method !== 'GET') throw methodNotAllowed('GET');
    return answer(exchange);
  };
}
