/** The legacy client of one call, as upstreams see it: told and asked on the stream of that call, until it is answered. */

import type { CallSignal } from '../../../contracts/call-signal.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText, ParsedJson } from '../../../contracts/json.ts';
import type { ClientPeer, PeerReply, PeerSession } from '../../../contracts/peer.ts';
import { isObject } from '../../../lib/is-object.ts';
import { textOf } from '../read-message.ts';
import { encodeNotification } from './encode.ts';
import type { ClientFacts, Session } from './session.ts';

/** Where messages go that come before the answer. */
export interface Channel {
  /** Returns false where nobody can receive it any more. */
  send(message: JsonText): boolean;
  /** Whether the client can be asked here. */
  readonly canAsk: boolean;
}

export class CallPeer implements ClientPeer {
  readonly era = 'legacy';
  readonly protocolVersion: string;
  readonly info: JsonText | undefined;
  readonly capabilities: JsonText;
  readonly session: PeerSession;
  readonly logLevel = undefined;
  readonly progressToken: JsonText | undefined;
  readonly ask: ClientPeer['ask'];
  readonly #session: Session;
  readonly #channel: Channel;
  #ended = false;

  constructor(session: Session, client: ClientFacts, params: ParsedJson, channel: Channel) {
    this.protocolVersion = client.version;
    this.info = client.info;
    this.capabilities = client.capabilities;
    this.session = session.peer;
    this.progressToken = progressToken(params);
    this.#session = session;
    this.#channel = channel;
    this.ask =
      channel.canAsk && session.mayAskAnything
        ? (method, given, signal) => this.#ask(method, given, signal)
        : undefined;
  }

  notify(method: string, params: JsonText | undefined): void {
    if (!this.#ended && this.#session.wantsNotification(method, params))
      this.#channel.send(encodeNotification(method, params));
  }

  /** It is answered: nothing is sent any more. */
  end(): void {
    this.#ended = true;
  }

  #ask(method: string, params: JsonText | undefined, signal: CallSignal): Promise<PeerReply> {
    if (this.#ended || this.#session.closed)
      return Promise.reject(new GatewayError('cancelled', 'the call is over already'));
    if (!this.#session.mayAsk(method)) return Promise.reject(new GatewayError('missing_capability', method));
    return this.#session.asks.ask((text) => this.#channel.send(text), method, params, signal);
  }
}

function progressToken({ text, value, scan }: ParsedJson): JsonText | undefined {
  const token = isObject(value._meta) ? value._meta.progressToken : undefined;
  if (typeof token !== 'string' && typeof token !== 'number') return undefined;
  return textOf(text, scan?.meta ?? [], 'progressToken');
}
