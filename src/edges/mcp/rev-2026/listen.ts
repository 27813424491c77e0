/** `subscriptions/listen`: opens, bounds, feeds and ends the streams on which clients learn of changes. */

import type { Endpoint, Gateway, Watch, WatchEvent } from '../../../contracts/call.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { Log } from '../../../contracts/log.ts';
import type { Exchange, SseStream } from '../../http/exchange.ts';
import type { Envelope, ModernRequest } from './decode-message.ts';
import { parseListenFilter } from './listen-filter.ts';
import { createListenStream } from './listen-stream.ts';
import { createSubscribe } from './subscribe-listened.ts';

/** Open streams of one key, and of all keys together. */
export const MAX_LISTENS_PER_KEY = 64;
export const MAX_LISTENS = 4096;

export interface ListenDeps {
  readonly gateway: Gateway;
  readonly log: Log;
  /** Our `serverInfo` as JSON text. */
  readonly serverInfo: string;
  readonly now: () => number;
  readonly newId: () => string;
  /** A resource whose server has not agreed by then is left out of the acknowledgement. Default 10,000 ms. */
  readonly subscribeTimeoutMs?: number;
}

export interface Listen {
  /**
   * Resolves once the stream is acknowledged; it stays open after that. Throws GatewayError (`unauthenticated`,
   * `unknown_server`, `invalid_params`, `too_many`) before anything was answered.
   */
  serve(exchange: Exchange, endpoint: Endpoint, request: ModernRequest, envelope: Envelope): Promise<void>;
  /** Ends every open stream the graceful way. */
  closeAll(): void;
}

export function createListen(deps: ListenDeps): Listen {
  const { gateway } = deps;
  const open = new Set<() => void>();
  const perKey = new Map<string, number>();

  /** Counts one stream of the key; the returned function uncounts it. */
  const admit = (keyId: string): (() => void) => {
    const count = perKey.get(keyId) ?? 0;
    if (count >= MAX_LISTENS_PER_KEY) throw new GatewayError('too_many', `${MAX_LISTENS_PER_KEY} open streams per key`);
    if (open.size >= MAX_LISTENS) throw new GatewayError('too_many', 'open streams');
    perKey.set(keyId, count + 1);
    return () => {
      const left = (perKey.get(keyId) ?? 1) - 1;
      if (left > 0) perKey.set(keyId, left);
      else perKey.delete(keyId);
    };
  };

  return {
    async serve(exchange, endpoint, request, envelope) {
      const filter = parseListenFilter(request.params);
      const { credential, narrowing } = exchange;
      const caller = gateway.identify(credential);
      if (!gateway.serves(endpoint, caller)) throw new GatewayError('unknown_server');

      /** The key may have been revoked, or lost this endpoint, since the stream was opened. */
      const isStillAllowed = (): boolean => {
        try {
          return gateway.serves(endpoint, gateway.identify(credential));
        } catch {
          return false;
        }
      };

      const leave = admit(caller.keyId);
      let wire: SseStream | undefined;
      const stream = createListenStream((frame) => wire?.send(frame), request.id, deps.serverInfo);
      const finish = (): void => {
        stream.finish();
        wire?.end();
      };
      const onEvent = (event: WatchEvent): void => {
        // Log messages never travel here.
        if (event.type === 'log-message') return;
        if (isStillAllowed()) stream.tell(event);
        else finish();
      };
      let watch: Watch | undefined;
      try {
        watch = gateway.watch({ caller, endpoint, narrowing, onEvent });
        wire = exchange.openSse();
      } catch (error) {
        leave();
        watch?.[Symbol.dispose]();
        throw error;
      }
      const gone = new AbortController();
      open.add(finish);
      wire.onClose(() => {
        open.delete(finish);
        leave();
        watch[Symbol.dispose]();
        gone.abort(new GatewayError('cancelled', 'the listen stream ended'));
      });

      const subscriber = { exchange, endpoint, request, envelope, watch, gone: gone.signal };
      const subscribe = createSubscribe({ subscribeTimeoutMs: 10_000, ...deps }, subscriber);
      const [uris, taskIds] = await Promise.all([
        subscribe('resources.subscribe', filter.uris),
        subscribe('tasks.subscribe', filter.taskIds),
      ]);
      if (wire.closed) return;
      stream.acknowledge({ lists: filter.lists, uris, taskIds });
      // Nothing will ever come: say so now rather than hold a connection open, as the official SDK server does.
      if (filter.lists.size === 0 && uris.size === 0 && taskIds.size === 0) finish();
    },
    closeAll() {
      for (const finish of [...open]) finish();
    },
  };
}
