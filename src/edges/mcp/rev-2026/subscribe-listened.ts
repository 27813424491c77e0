/** Attaches the resources and tasks of one listen stream to its watch, each through the gateway like any other call. */

import type { Endpoint, Gateway, Watch } from '../../../contracts/call.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { Log } from '../../../contracts/log.ts';
import type { Exchange } from '../../http/exchange.ts';
import { createCall } from './create-call.ts';
import { createPeer } from './create-peer.ts';
import type { Envelope, ModernRequest } from './decode-message.ts';

export interface SubscribeDeps {
  readonly gateway: Gateway;
  readonly log: Log;
  readonly now: () => number;
  readonly newId: () => string;
  /** A resource whose server has not agreed by then counts as refused. */
  readonly subscribeTimeoutMs: number;
}

export interface Subscriber {
  readonly exchange: Exchange;
  readonly endpoint: Endpoint;
  readonly request: ModernRequest;
  readonly envelope: Envelope;
  readonly watch: Watch;
  /** Aborted when the stream is gone. */
  readonly gone: AbortSignal;
}

/** The URIs, or task ids, that were agreed to, in the order asked. Never rejects. */
export type Subscribe = (
  kind: 'resources.subscribe' | 'tasks.subscribe',
  names: ReadonlySet<string>,
) => Promise<ReadonlySet<string>>;

export function createSubscribe(deps: SubscribeDeps, subscriber: Subscriber): Subscribe {
  const { exchange, endpoint, request, envelope, watch, gone } = subscriber;

  const subscribe = async (kind: Parameters<Subscribe>[0], name: string): Promise<boolean> => {
    const params = kind === 'tasks.subscribe' ? { taskId: name } : { uri: name };
    const signal = AbortSignal.any([gone, AbortSignal.timeout(deps.subscribeTimeoutMs)]);
    try {
      const call = createCall(deps, exchange, {
        kind,
        name,
        params: { text: JSON.stringify(params), value: params },
        endpoint,
        meta: request.params.value._meta,
        // Progress and log messages never travel on a listen stream.
        peer: createPeer(envelope, { precede() {} }),
        watch,
        signal,
      });
      return (await untilAborted(signal, deps.gateway.call(call))).type === 'result';
    } catch (error) {
      if (!(error instanceof GatewayError)) deps.log.error('a subscription failed', { error });
      return false;
    }
  };

  return async (kind, names) => {
    const asked = [...names];
    const agreed = await Promise.all(asked.map((name) => subscribe(kind, name)));
    return new Set(asked.filter((_, i) => agreed[i]));
  };
}

/** Waits no longer than the signal lets it, whoever else forgets to look at the signal. */
function untilAborted<T>(signal: AbortSignal, pending: T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new GatewayError('cancelled', undefined, { cause: signal.reason }));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    Promise.resolve(pending)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}
