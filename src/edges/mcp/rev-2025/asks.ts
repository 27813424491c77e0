/** Questions to a legacy client (sampling, elicitation, roots, ping) that wait for its answer. */

import type { CallSignal } from '../../../contracts/call-signal.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText } from '../../../contracts/json.ts';
import type { PeerReply } from '../../../contracts/peer.ts';
import { encodeNotification, encodeRequest } from './encode.ts';

/** A person may have to answer. */
const ASK_TIMEOUT_MS = 600_000;
const MAX_PENDING = 64;

export interface Asks {
  /**
   * Sends the question through `send` and waits for the answer. Rejects with GatewayError: `cancelled` (by the signal, no
   * answer in ten minutes, or the session ended) or `too_many`. An aborted question is withdrawn from the client.
   */
  ask(
    send: (message: JsonText) => void,
    method: string,
    params: JsonText | undefined,
    signal: CallSignal,
  ): Promise<PeerReply>;
  /** Hands in the client's answer; what nobody waits for is ignored. */
  settle(id: unknown, reply: PeerReply): void;
  failAll(error: GatewayError): void;
}

export function createAsks(): Asks {
  const waiting = new Map<string, { resolve(reply: PeerReply): void; reject(error: GatewayError): void }>();
  let count = 0;

  return {
    ask(send, method, params, signal) {
      if (signal.aborted) return Promise.reject(new GatewayError('cancelled', 'before the client was asked'));
      if (waiting.size >= MAX_PENDING) return Promise.reject(new GatewayError('too_many', 'questions to this client'));
      const id = `ask-${++count}`;
      return new Promise((resolve, reject) => {
        const done = (): void => {
          waiting.delete(id);
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
        };
        const withdraw = (reason: string): void => {
          done();
          send(encodeNotification('notifications/cancelled', JSON.stringify({ requestId: id, reason })));
          reject(new GatewayError('cancelled', reason));
        };
        const onAbort = (): void => withdraw('the call was cancelled');
        const timer = setTimeout(() => withdraw('the client did not answer in time'), ASK_TIMEOUT_MS);
        timer.unref();
        signal.addEventListener('abort', onAbort);
        waiting.set(id, {
          resolve: (reply) => {
            done();
            resolve(reply);
          },
          reject: (error) => {
            done();
            reject(error);
          },
        });
        send(encodeRequest(JSON.stringify(id), method, params));
      });
    },
    settle(id, reply) {
      if (typeof id === 'string') waiting.get(id)?.resolve(reply);
    },
    failAll(error) {
      for (const each of [...waiting.values()]) each.reject(error);
    },
  };
}
