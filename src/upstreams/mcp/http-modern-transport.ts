/** Streamable HTTP of 2026-07-28: one POST per request, no session; closing the answer's stream is the cancel. */

import type { GatewayError } from '../../contracts/errors.ts';
import { IdTable } from '../../lib/id-table.ts';
import type { HttpClient, HttpExchange, HttpRequest } from '../http/client.ts';
import { answerChallenge, isChallenge } from './answer-challenge.ts';
import { createDeliveries } from './deliveries.ts';
import { exchangeMessages } from './http-exchange.ts';
import { mirrorHeaders } from './http-headers.ts';
import { errorForEnd, mayCarryAnswer } from './http-status.ts';
import { ACCEPT_BOTH, type HttpTarget } from './http-target.ts';
import type { Outgoing, OutgoingRequest, Transport, TransportEvents } from './transport.ts';

/** An answered stream that its server keeps open is cut after this. */
const LINGER_MS = 15_000;

export interface HttpModernOptions {
  readonly http: HttpClient;
  readonly target: HttpTarget;
  readonly protocolVersion: string;
  readonly maxMessageBytes: number;
}

export function openHttpModernTransport(options: HttpModernOptions, events: TransportEvents): Transport {
  const { http, target, maxMessageBytes } = options;
  const open = new IdTable<{ readonly exchange: HttpExchange; timer: NodeJS.Timeout | undefined }>();
  const deliveries = createDeliveries(http);
  const fixedHeaders = target.fixed([
    ...['content-type', 'application/json', 'accept', ACCEPT_BOTH, 'mcp-protocol-version', options.protocolVersion],
  ]);
  const post = (headers: string[], body: string): HttpRequest => ({
    method: 'POST',
    origin: target.origin,
    path: target.path,
    fixedHeaders,
    headers,
    body,
  });

  const sendNotification = (outgoing: Exclude<Outgoing, OutgoingRequest>): void => {
    const headers = ['mcp-method', outgoing.method];
    target.sign(headers);
    deliveries.send(post(headers, outgoing.text), () => outgoing.onDone?.());
  };

  const send = (outgoing: Outgoing, isRepeated = false): void => {
    if (outgoing.kind !== 'request') {
      // An answer has no way and no question: this revision has no server-to-client requests.
      if (outgoing.kind === 'response') outgoing.onDone?.();
      else sendNotification(outgoing);
      return;
    }
    const { id } = outgoing;
    const headers = mirrorHeaders(outgoing.method, outgoing.name, outgoing.tool, outgoing.params);
    if (outgoing.traceparent !== undefined) headers.push('traceparent', outgoing.traceparent);
    const sent = target.sign(headers);
    let ended = false;
    const exchange = exchangeMessages(http, post(headers, outgoing.text), maxMessageBytes, {
      onEvent(event) {
        if (event.event === 'message' && event.data !== '') events.onMessage(event.data, id);
      },
      onEnd(end) {
        ended = true;
        clearTimeout(open.get(id)?.timer);
        open.delete(id);
        if (mayCarryAnswer(end)) events.onMessage(end.text, id);
        if (!events.isWaiting(id)) return;
        const challenged = {
          sent,
          isWaiting: () => events.isWaiting(id),
          sendAgain: () => send(outgoing, true),
          fail: (error: GatewayError) => events.onFailed(id, error),
        };
        if (isRepeated || !isChallenge(end) || !answerChallenge(target, end, challenged))
          events.onFailed(id, errorForEnd(end, target.redact));
      },
    });
    if (!ended) open.set(id, { exchange, timer: undefined });
  };

  return {
    cancelsByMessage: false,
    send: (outgoing) => send(outgoing),
    finish(id, givenUp) {
      const entry = open.get(id);
      if (entry === undefined) return;
      const cut = (): void => {
        open.delete(id);
        entry.exchange.abort();
      };
      if (givenUp) return cut();
      // Normally a stream ends by itself right after the answer and leaves its connection to the next request.
      entry.timer = setTimeout(cut, LINGER_MS).unref();
    },
    async close() {
      for (const { exchange, timer } of open.values()) {
        clearTimeout(timer);
        exchange.abort();
      }
      open.clear();
      deliveries.close();
    },
  };
}
