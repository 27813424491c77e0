/** Questions of the server (sampling, elicitation, roots) that wait for somebody's answer: bounded, abortable, answered once. */

import type { JsonText } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import type { PeerReply } from '../../contracts/peer.ts';
import { encodeError } from './json-rpc.ts';

/** A server may have this many questions open on one link. */
const MAX_OPEN_ASKS = 256;

const METHOD_NOT_FOUND = -32601;
const INTERNAL_ERROR = -32603;

export type AskPeer = (method: string, params: JsonText | undefined, signal: AbortSignal) => Promise<PeerReply>;

export interface Asks {
  /** Puts the question to the client of request `owner`; a client that cannot be asked is an answer, too. */
  toPeer(idText: JsonText, owner: number, ask: AskPeer | undefined, method: string, params: JsonText | undefined): void;
  /** Lets somebody else answer; the returned function counts once. Undefined: too many are open, the server was told. */
  toOther(idText: JsonText): ((reply: PeerReply) => void) | undefined;
  /** The server takes its question back. */
  withdraw(idText: JsonText): void;
  /** The request the questions belonged to is over. */
  endOwner(owner: number): void;
  endAll(): void;
}

export function createAsks(log: Log, answer: (idText: JsonText, reply: PeerReply) => void): Asks {
  const open = new Map<JsonText, { readonly owner: number | undefined; readonly controller: AbortController }>();

  const begin = (idText: JsonText, owner: number | undefined): AbortController | undefined => {
    if (open.size >= MAX_OPEN_ASKS || open.has(idText)) {
      answer(idText, { error: encodeError(INTERNAL_ERROR, 'Too many requests are open, or this id is in use') });
      return undefined;
    }
    const controller = new AbortController();
    open.set(idText, { owner, controller });
    return controller;
  };
  const end = (idText: JsonText, controller: AbortController, reply: PeerReply): void => {
    if (open.get(idText)?.controller !== controller) return;
    open.delete(idText);
    answer(idText, reply);
  };

  return {
    toPeer(idText, owner, ask, method, params) {
      if (ask === undefined) {
        answer(idText, { error: encodeError(METHOD_NOT_FOUND, `The client does not support ${method}`) });
        return;
      }
      const controller = begin(idText, owner);
      if (controller === undefined) return;
      const fail = (error: unknown): void => {
        log.debug('a question of the server was not answered', { method, error });
        end(idText, controller, { error: encodeError(INTERNAL_ERROR, 'The client gave no answer') });
      };
      try {
        ask(method, params, controller.signal).then((reply) => end(idText, controller, reply), fail);
      } catch (error) {
        fail(error);
      }
    },
    toOther(idText) {
      const controller = begin(idText, undefined);
      return controller === undefined ? undefined : (reply) => end(idText, controller, reply);
    },
    withdraw(idText) {
      const ask = open.get(idText);
      if (ask === undefined) return;
      open.delete(idText);
      ask.controller.abort();
    },
    endOwner(owner) {
      if (open.size === 0) return;
      for (const [idText, ask] of open) {
        if (ask.owner !== owner) continue;
        open.delete(idText);
        ask.controller.abort();
        answer(idText, { error: encodeError(INTERNAL_ERROR, 'The request this belongs to is over') });
      }
    },
    endAll() {
      for (const ask of open.values()) ask.controller.abort();
      open.clear();
    },
  };
}
