/** HTTP+SSE of 2024-11-05: one event stream carries everything the server says, messages to it are POSTed to another URL. */

import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import type { SseEvent } from '../../lib/sse.ts';
import type { HttpClient, HttpExchange } from '../http/client.ts';
import { answerChallenge, isChallenge } from './answer-challenge.ts';
import { createDeliveries } from './deliveries.ts';
import { deliverMessage, type ExchangeEnd, exchangeMessages } from './http-exchange.ts';
import { errorForEnd, mayCarryAnswer } from './http-status.ts';
import type { HttpTarget } from './http-target.ts';
import type { Outgoing, Transport, TransportEvents, TransportFailure } from './transport.ts';

export interface SseTransportOptions {
  readonly http: HttpClient;
  readonly target: HttpTarget;
  readonly maxMessageBytes: number;
  readonly log: Log;
}

/** Messages that may wait for the server to name its endpoint. */
const MAX_QUEUED = 16;

export function openSseTransport(options: SseTransportOptions, events: TransportEvents): Transport {
  const { http, target, maxMessageBytes, log } = options;
  const deliveries = createDeliveries(http);
  const fixedHeaders = target.fixed(['content-type', 'application/json']);
  let postPath: string | undefined;
  let queued: Outgoing[] = [];
  let over = false;
  let stream: HttpExchange | undefined;

  const sign = (headers: string[]): string[] => {
    target.sign(headers);
    return headers;
  };
  const lose = (failure: TransportFailure): void => {
    if (over) return;
    over = true;
    const unsent = new Set(queued.map((outgoing) => (outgoing.kind === 'request' ? outgoing.id : 0)));
    queued = [];
    stream?.abort();
    events.onLost(failure, { isUnsent: (id) => unsent.has(id) });
  };

  const takeEndpoint = (data: string): void => {
    const base = target.origin + target.path;
    const url = URL.canParse(data, base) ? new URL(data, base) : undefined;
    // Anywhere else would receive our configured credentials.
    if (url?.origin !== target.origin) {
      lose({ stage: 'connect', message: 'the server named an endpoint of another origin', transient: false });
      return;
    }
    postPath = url.pathname + url.search;
    const waiting = queued;
    queued = [];
    for (const outgoing of waiting) send(outgoing);
  };

  const takeEvent = (event: SseEvent): void => {
    if (event.event === 'endpoint' && postPath === undefined) takeEndpoint(event.data);
    else if (event.event === 'message' && event.data !== '') events.onMessage(event.data, undefined);
  };

  const send = (outgoing: Outgoing, isRepeated = false): void => {
    const id = outgoing.kind === 'request' ? outgoing.id : undefined;
    const done = outgoing.kind === 'request' ? undefined : outgoing.onDone;
    if (postPath === undefined && !over && queued.length < MAX_QUEUED) {
      queued.push(outgoing);
      return;
    }
    if (postPath === undefined || over) {
      if (id !== undefined) events.onFailed(id, new GatewayError('upstream_unavailable'));
      done?.();
      return;
    }
    const traceparent = outgoing.kind === 'request' ? outgoing.traceparent : undefined;
    const sent = target.credential?.header;
    const headers = sign(traceparent === undefined ? [] : ['traceparent', traceparent]);
    const { origin } = target;
    const request = { method: 'POST', origin, path: postPath, fixedHeaders, headers, body: outgoing.text } as const;
    const onEnd = (end: ExchangeEnd): void => {
      const isAnswered =
        id !== undefined &&
        !isRepeated &&
        isChallenge(end) &&
        answerChallenge(target, end, {
          sent,
          isWaiting: () => events.isWaiting(id),
          sendAgain: () => send(outgoing, true),
          fail: (error) => events.onFailed(id, error),
        });
      if (!isAnswered) takePostEnd(id, end);
      done?.();
    };
    if (id === undefined) deliveries.send(request, onEnd);
    else deliverMessage(http, request, onEnd);
  };

  const takePostEnd = (id: number | undefined, end: ExchangeEnd): void => {
    // Accepted: the answer comes on the stream.
    if (end.type === 'stream' || (end.type === 'body' && end.status < 300)) return;
    if (end.type === 'body' && end.status === 404) {
      if (id !== undefined) events.onFailed(id, new GatewayError('upstream_unavailable', 'its session ended'));
      lose({ stage: 'transport', message: 'the server does not know our session any more', transient: true });
    } else if (id === undefined) {
      log.debug('the server did not accept a message', { end: end.type });
    } else {
      if (mayCarryAnswer(end)) events.onMessage(end.text, id);
      if (events.isWaiting(id)) events.onFailed(id, errorForEnd(end, target.redact));
    }
  };

  const describeStreamEnd = (end: ExchangeEnd): TransportFailure => {
    // Before the endpoint was named nothing was open yet.
    const stage = postPath === undefined ? 'connect' : 'transport';
    switch (end.type) {
      case 'stream':
        return { stage, message: 'the event stream ended', transient: true };
      case 'too-large':
        return { stage, message: `the server sent an event larger than ${maxMessageBytes} bytes`, transient: true };
      case 'failed':
        return { stage: 'connect', message: `no event stream: ${end.error.message}`, transient: true };
      case 'body': {
        const isRefused = end.status === 401 || end.status === 403;
        const transient = end.status >= 500 || end.status === 429;
        return {
          stage: isRefused ? 'credential' : 'connect',
          message: `no event stream: HTTP ${end.status}`,
          transient,
        };
      }
    }
  };

  /** Whoever waits is told why; what they sent has not left. */
  const refuse = (error: GatewayError): void => {
    for (const outgoing of queued) if (outgoing.kind === 'request') events.onFailed(outgoing.id, error);
    const { cause } = error;
    const why = cause instanceof Error ? cause.message : error.message;
    lose({ stage: 'credential', message: `no event stream: ${why}`, transient: false });
  };
  const open = (isRepeated: boolean): void => {
    const sent = target.credential?.header;
    stream = exchangeMessages(
      http,
      {
        method: 'GET',
        origin: target.origin,
        path: target.path,
        fixedHeaders: target.fixed(['accept', 'text/event-stream']),
        headers: sign([]),
        body: undefined,
      },
      maxMessageBytes,
      {
        onEvent: takeEvent,
        onEnd(end) {
          const isAnswered =
            !isRepeated &&
            isChallenge(end) &&
            answerChallenge(target, end, {
              ...{ sent, isWaiting: () => !over, sendAgain: () => open(true) },
              fail: refuse,
            });
          if (!isAnswered) lose(describeStreamEnd(end));
        },
      },
    );
  };
  open(false);

  return {
    cancelsByMessage: true,
    send: (outgoing) => send(outgoing),
    finish() {},
    async close() {
      over = true;
      stream?.abort();
      deliveries.close();
    },
  };
}
