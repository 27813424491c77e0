/**
 * Messages to a server over HTTP to which no answer belongs (answers of ours, notifications). How many there are is often
 * the server's own doing, so only so many take a connection each, so many more wait, and the rest is not sent.
 */

import type { HttpClient, HttpExchange, HttpRequest } from '../http/client.ts';
import { deliverMessage, type ExchangeEnd } from './http-exchange.ts';

const MAX_UNDER_WAY = 32;
const MAX_WAITING = 1_024;

export interface Deliveries {
  /** `onEnd` comes exactly once, unless it is closed before. */
  send(request: HttpRequest, onEnd: (end: ExchangeEnd) => void): void;
  /** Breaks off what is under way: a server that accepts nothing must not keep us from stopping. */
  close(): void;
}

export function createDeliveries(http: HttpClient): Deliveries {
  const waiting: { readonly request: HttpRequest; readonly onEnd: (end: ExchangeEnd) => void }[] = [];
  const underWay = new Set<{ exchange: HttpExchange | undefined }>();
  let isClosed = false;

  const start = (request: HttpRequest, onEnd: (end: ExchangeEnd) => void): void => {
    const delivery: { exchange: HttpExchange | undefined } = { exchange: undefined };
    underWay.add(delivery);
    delivery.exchange = deliverMessage(http, request, (end) => {
      underWay.delete(delivery);
      onEnd(end);
      const next = underWay.size < MAX_UNDER_WAY ? waiting.shift() : undefined;
      if (next !== undefined) start(next.request, next.onEnd);
    });
  };

  return {
    send(request, onEnd) {
      if (isClosed) return;
      if (underWay.size < MAX_UNDER_WAY) start(request, onEnd);
      else if (waiting.length < MAX_WAITING) waiting.push({ request, onEnd });
      else
        onEnd({ type: 'failed', sent: false, status: undefined, error: new Error('too many messages wait already') });
    },
    close() {
      isClosed = true;
      waiting.length = 0;
      for (const { exchange } of underWay) exchange?.abort();
      underWay.clear();
    },
  };
}
