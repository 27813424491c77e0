/** Where a message of the server goes: to the request it answers, to the client it concerns, or to whoever keeps the link. */

import type { JsonObject, JsonText } from '../../contracts/json.ts';
import { type ClientPeer, LOG_LEVELS, type PeerReply } from '../../contracts/peer.ts';
import { withMembers } from '../../lib/json-text.ts';
import type { Asks } from './asks.ts';
import { type Incoming, Reply } from './json-rpc.ts';
import type { ServerMessage } from './link.ts';
import { stripOwnMeta } from './own-keys.ts';
import { missingFor, type Question } from './questions.ts';
import { SUBSCRIPTION_ID_KEY, wantedLogLevel } from './request-meta.ts';

/** What routing needs to know of a request in flight. */
export interface Routed {
  readonly id: number;
  readonly peer: ClientPeer | undefined;
  readonly keyId: string | undefined;
  /** Takes the notifications of this request's own stream or subscription instead of the peer. */
  /** The last question of the server that this request's client could not be asked, by the capability it lacks. */
  lacked?: JsonObject | undefined;
  readonly onNotification?: (method: string, params: JsonText | undefined, value: JsonObject) => void;
}

export interface RouterDeps {
  /** Requests in flight, oldest first. */
  readonly inFlight: {
    get(id: number): { readonly request: Routed } | undefined;
    values(): Iterable<{ readonly request: Routed }>;
  };
  /** Answers a request; false if it is not in flight. */
  readonly complete: (id: number, reply: Reply) => boolean;
  /** A request's answer is unusable. */
  readonly spoil: (id: number) => void;
  readonly asks: Asks;
  readonly answer: (idText: JsonText, reply: PeerReply) => void;
  readonly onServerMessage: (message: ServerMessage) => void;
  readonly noteOddity: (message: string, fields: { readonly [key: string]: unknown }) => void;
}

/** Notifications about the server as a whole: they belong to nobody's request, on whatever stream they come. */
const ABOUT_THE_SERVER = new Set([
  'notifications/tools/list_changed',
  'notifications/prompts/list_changed',
  'notifications/resources/list_changed',
  'notifications/resources/updated',
]);

/** Takes each message, with the id of the request on whose own stream it came, if there is one. */
export function createRouter(deps: RouterDeps): (message: Incoming, ownStream: number | undefined) => void {
  const { inFlight, noteOddity } = deps;

  /** The request with a client to which something without a label belongs, if only one caller's requests are in flight. */
  const findOwner = (ownStream: number | undefined): { id: number; peer: ClientPeer } | undefined => {
    if (ownStream !== undefined) {
      const request = inFlight.get(ownStream)?.request;
      return request?.peer === undefined ? undefined : { id: request.id, peer: request.peer };
    }
    let newest: { id: number; peer: ClientPeer; keyId: string | undefined } | undefined;
    for (const { request } of inFlight.values()) {
      if (request.peer === undefined) continue;
      if (newest !== undefined && newest.keyId !== request.keyId) return undefined;
      newest = { id: request.id, peer: request.peer, keyId: request.keyId };
    }
    return newest;
  };

  const hasPeers = (): boolean => {
    for (const { request } of inFlight.values()) if (request.peer !== undefined) return true;
    return false;
  };

  const takeProgress = ({ method, params, value }: Extract<Incoming, { type: 'notification' }>): void => {
    const token = value.progressToken;
    // Ours are numbers; a server that turned it into a string is understood.
    const id = typeof token === 'string' && /^\d+$/.test(token) ? Number(token) : token;
    const peer = typeof id === 'number' ? inFlight.get(id)?.request.peer : undefined;
    if (peer?.progressToken === undefined || params === undefined) {
      noteOddity('progress for no request in flight', { progressToken: token });
      return;
    }
    peer.notify(method, withMembers(stripOwnMeta(params, value), { progressToken: peer.progressToken }));
  };

  const takeCancelled = (value: JsonObject): void => {
    const id = value.requestId;
    if (typeof id === 'string' || typeof id === 'number') deps.asks.withdraw(JSON.stringify(id));
    // The end of a subscription on stdio (2026-07-28): the only request of ours that a server may cancel.
    if (typeof id === 'number' && inFlight.get(id)?.request.onNotification !== undefined)
      deps.complete(id, new Reply('result', '{}', '{}', []));
  };

  const takeNotification = (
    message: Extract<Incoming, { type: 'notification' }>,
    ownStream: number | undefined,
  ): void => {
    const { method, value } = message;
    const meta = value._meta as JsonObject | undefined;
    const subscription = meta?.[SUBSCRIPTION_ID_KEY];
    const stream = subscription ?? ownStream;
    const listener = inFlight.get(Number(stream ?? Number.NaN))?.request.onNotification;
    if (listener !== undefined) {
      listener(method, message.params, value);
      return;
    }
    if (subscription !== undefined) {
      noteOddity('notification for a subscription that is over', { method });
      return;
    }
    const params = message.params === undefined ? undefined : stripOwnMeta(message.params, value);
    const peer = ABOUT_THE_SERVER.has(method) ? undefined : findOwner(ownStream)?.peer;
    // Perhaps it belongs to one of several callers' calls: then it is nobody else's to read.
    if (peer === undefined && method === 'notifications/message' && hasPeers()) return;
    if (peer === undefined) deps.onServerMessage({ type: 'notification', method, params });
    else if (method !== 'notifications/message' || isLoudEnough(peer, value.level)) peer.notify(method, params);
  };

  const takeRequest = (message: Extract<Incoming, { type: 'request' }>, ownStream: number | undefined): void => {
    const { idText, method } = message;
    if (method === 'ping') {
      deps.answer(idText, { result: '{}' });
      return;
    }
    const params = message.params === undefined ? undefined : stripOwnMeta(message.params, message.value);
    const owner = findOwner(ownStream);
    if (owner !== undefined) {
      if (owner.peer.ask === undefined) noteLack(owner.id, { method, params });
      deps.asks.toPeer(idText, owner.id, owner.peer.ask, method, params);
      return;
    }
    const reply = deps.asks.toOther(idText);
    if (reply !== undefined) deps.onServerMessage({ type: 'request', method, params, answer: reply });
  };

  const noteLack = (id: number, question: Question): void => {
    const request = inFlight.get(id)?.request;
    if (request !== undefined) request.lacked = missingFor({}, question);
  };

  const takeResponse = (message: Extract<Incoming, { type: 'response' }>, ownStream: number | undefined): void => {
    // An error without an id is about the message it answers, which only a stream of its own can tell.
    const { reply } = message;
    const isNameless = reply.type === 'rpc-error' && (message.id === null || message.id === undefined);
    const id = isNameless ? ownStream : message.id;
    if (typeof id !== 'number' || !deps.complete(id, reply))
      noteOddity('answer to no request in flight (late, twice or not ours)', { id });
  };

  return (message, ownStream) => {
    switch (message.type) {
      case 'response':
        takeResponse(message, ownStream);
        break;
      case 'notification':
        if (message.method === 'notifications/progress') takeProgress(message);
        else if (message.method === 'notifications/cancelled') takeCancelled(message.value);
        else takeNotification(message, ownStream);
        break;
      case 'request':
        takeRequest(message, ownStream);
        break;
      case 'garbage':
        noteOddity('the server sent a message that is no JSON-RPC', { reason: message.reason });
        if (typeof message.id === 'number') deps.spoil(message.id);
    }
  };
}

/** Modern clients get log messages only if they asked for them; legacy ones all, until they set a level. */
function isLoudEnough(peer: ClientPeer, level: unknown): boolean {
  const wanted = wantedLogLevel(peer);
  if (wanted === undefined) return peer.era === 'legacy';
  const levels: readonly unknown[] = LOG_LEVELS;
  return levels.indexOf(level) >= levels.indexOf(wanted);
}
