/**
 * Messages to a server over HTTP to which no answer belongs (answers of ours, notifications). How many there are is often
 * the server's own doing, so only so many take a connection each, so many more wait, and the rest is not sent.
 */

import type { HttpClient, HttpRequest } from '../http/client.ts';
import { deliverMessage, type ExchangeEnd } from './http-exchange.ts';

const MAX_UNDER_WAY = 32;
const MAX_WAITING = 1_024;

export interface Deliveries {
  /** `onEnd` comes exactly once. */
  send(request: HttpRequest, onEnd: (end: ExchangeEnd) => void): void;
}

export function createDeliveries(http: HttpClient): Deliveries {
  const waiting: { readonly request: HttpRequest; readonly onEnd: (end: ExchangeEnd) => void }[] = [];
  let underWay = 0;

  const start = (request: HttpRequest, onEnd: (end: ExchangeEnd) => void): void => {
    underWay++;
    deliverMessage(http, request, (end) => {
      underWay--;
      onEnd(end);
      const next = underWay < MAX_UNDER_WAY ? waiting.shift() : undefined;
      if (next !== undefined) start(next.request, next.onEnd);
    });
  };

  return {
    send(request, onEnd) {
      if (underWay < MAX_UNDER_WAY) start(request, onEnd);
      else if (waiting.length < MAX_WAITING) waiting.push({ request, onEnd });
      else
        onEnd({ type: 'failed', sent: false, status: undefined, error: new Error('too many messages wait already') });
    },
  };
}
