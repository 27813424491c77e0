/** `GET /oauth/callback`: where a browser comes back from an authorization server after somebody signed in at a server. */

import type { Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';

export interface CallbackRouteDeps {
  /** Never rejects; says itself what may be told. */
  readonly finish: (answer: {
    readonly state: string | undefined;
    readonly code: string | undefined;
    readonly iss: string | undefined;
    readonly error: string | undefined;
  }) => Promise<
    | { readonly type: 'signed-in'; readonly serverName: string }
    | { readonly type: 'unknown' }
    | { readonly type: 'failed'; readonly reason: string }
  >;
}

/** A parameter that stands twice is none. */
function only({ query }: Exchange, name: string): string | undefined {
  const values = query.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}

/** Needs no key: the state, which only somebody with the data folder can get, is the proof. Answers in plain text. */
export function createCallbackRoute({ finish }: CallbackRouteDeps): Route {
  return (exchange) => {
    const [first, second, more] = exchange.segments;
    if (first !== 'oauth' || second !== 'callback' || more !== undefined) return false;
    if (exchange.method !== 'GET') throw methodNotAllowed('GET');
    const [state, code, iss, error] = ['state', 'code', 'iss', 'error'].map((name) => only(exchange, name));
    return finish({ state, code, iss, error }).then((end) => {
      const send = (status: number, text: string): void =>
        exchange.sendText(status, 'text/plain; charset=utf-8', `${text}\n`);
      if (end.type === 'signed-in')
        send(200, `The gateway is signed in at ${end.serverName}. This window can be closed.`);
      else if (end.type === 'unknown')
        send(400, 'This sign-in is unknown, used or too old. Get a new address with `portcullis login`.');
      else send(400, `The sign-in failed: ${end.reason}`);
    });
  };
}
