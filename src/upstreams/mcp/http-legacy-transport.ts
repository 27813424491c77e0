/**
 * Streamable HTTP of 2025-03-26 to 2025-11-25: a session, answers as JSON or on the POST's own event stream (taken up
 * again where it broke, if the server gave its events ids), and one standalone stream for everything else.
 */

import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import { IdTable } from '../../lib/id-table.ts';
import type { SseEvent } from '../../lib/sse.ts';
import type { HttpClient, HttpRequest } from '../http/client.ts';
import { answerChallenge, isChallenge } from './answer-challenge.ts';
import { createDeliveries } from './deliveries.ts';
import { type ExchangeEnd, exchangeMessages } from './http-exchange.ts';
import { deleteSession, isSessionGone, readSessionId } from './http-session.ts';
import { errorForEnd, mayCarryAnswer } from './http-status.ts';
import { ACCEPT_BOTH, type HttpTarget } from './http-target.ts';
import { createStreamRun, nextWaitMs, noteEvent, type StreamRun, stopRun } from './stream-run.ts';
import type { Outgoing, OutgoingRequest, Transport, TransportEvents } from './transport.ts';

/** An answered stream that its server keeps open is cut after this. */
const LINGER_MS = 15_000;
const MAX_FAILED_RESUMES = 5;

export interface HttpLegacyOptions {
  readonly http: HttpClient;
  readonly target: HttpTarget;
  readonly maxMessageBytes: number;
  readonly log: Log;
}

export function openHttpLegacyTransport(options: HttpLegacyOptions, events: TransportEvents): Transport {
  const { http, target, maxMessageBytes, log } = options;
  const running = new IdTable<StreamRun>();
  const deliveries = createDeliveries(http);
  const standalone = createStreamRun();
  let sessionId: string | undefined;
  /** Written anew when the session has begun. */
  const writeFixed = (session: readonly string[]) => ({
    post: target.fixed(['content-type', 'application/json', 'accept', ACCEPT_BOTH, ...session]),
    other: target.fixed(session),
  });
  let fixed = writeFixed([]);
  let over = false;

  const sign = (headers: string[]): string[] => {
    target.sign(headers);
    return headers;
  };
  const request = (method: 'GET' | 'DELETE', headers: string[]): HttpRequest => ({
    method,
    origin: target.origin,
    path: target.path,
    fixedHeaders: fixed.other,
    headers: sign(headers),
    body: undefined,
  });
  const post = (body: string, traceparent?: string): HttpRequest => {
    const headers = sign(traceparent === undefined ? [] : ['traceparent', traceparent]);
    return { method: 'POST', origin: target.origin, path: target.path, fixedHeaders: fixed.post, headers, body };
  };
  const get = (lastEventId: string | undefined): HttpRequest => {
    const headers = ['accept', 'text/event-stream'];
    if (lastEventId !== undefined) headers.push('last-event-id', lastEventId);
    return request('GET', headers);
  };

  const loseSession = (): void => {
    if (over) return;
    over = true;
    stopRun(standalone);
    events.onLost(
      { stage: 'transport', message: 'the server does not know our session any more', transient: true },
      { sparesInFlight: true },
    );
  };
  const takeEvent = (run: StreamRun, owner: number | undefined, event: SseEvent): void => {
    noteEvent(run, event);
    if (event.event === 'message' && event.data !== '') events.onMessage(event.data, owner);
  };
  const drop = (id: number, run: StreamRun): void => {
    if (running.get(id) === run) running.delete(id);
    stopRun(run);
  };
  const fail = (id: number, run: StreamRun, error: GatewayError): void => {
    drop(id, run);
    events.onFailed(id, error);
  };

  /** The end of a request's POST, or of the GET that took its stream up again. */
  const takeEnd = (id: number, run: StreamRun, end: ExchangeEnd): void => {
    run.exchange = undefined;
    if (end.type === 'body' && isSessionGone(end, sessionId)) {
      fail(id, run, new GatewayError('upstream_unavailable', 'its session ended'));
      loseSession();
      return;
    }
    if (mayCarryAnswer(end)) events.onMessage(end.text, id);
    if (!events.isWaiting(id)) drop(id, run);
    else if (end.type === 'stream' && run.lastEventId !== undefined) resumeLater(id, run, end);
    else fail(id, run, errorForEnd(end, target.redact));
  };

  const resumeLater = (id: number, run: StreamRun, broken: ExchangeEnd): void => {
    run.timer = setTimeout(() => {
      run.timer = undefined;
      run.exchange = exchangeMessages(http, get(run.lastEventId), maxMessageBytes, {
        onEvent: (event) => takeEvent(run, id, event),
        onEnd(end) {
          if (end.type === 'stream') return takeEnd(id, run, end);
          run.exchange = undefined;
          if (end.type === 'too-large') return fail(id, run, errorForEnd(end, target.redact));
          // What the resumption says is no answer: the call itself may well have been carried out.
          const isRefused = end.type === 'body' && end.status < 500 && end.status !== 429;
          if (isRefused || ++run.failedAttempts >= MAX_FAILED_RESUMES)
            return fail(id, run, errorForEnd(broken, target.redact));
          resumeLater(id, run, broken);
        },
      });
    }, nextWaitMs(run));
  };

  const sendRequest = (outgoing: OutgoingRequest, isRepeated = false): void => {
    const { id } = outgoing;
    const run = createStreamRun();
    const sent = target.credential?.header;
    running.set(id, run);
    const exchange = exchangeMessages(http, post(outgoing.text, outgoing.traceparent), maxMessageBytes, {
      onHead(status, headers) {
        if (outgoing.method === 'initialize' && status < 300) sessionId = readSessionId(headers);
      },
      onEvent: (event) => takeEvent(run, id, event),
      onEnd(end) {
        const isChallenged =
          !isRepeated &&
          isChallenge(end) &&
          answerChallenge(target, end, {
            sent,
            isWaiting: () => events.isWaiting(id),
            sendAgain: () => sendRequest(outgoing, true),
            fail: (error) => fail(id, run, error),
          });
        if (isChallenged) run.exchange = undefined;
        else takeEnd(id, run, end);
      },
    });
    if (running.get(id) === run && run.timer === undefined) run.exchange = exchange;
  };

  const sendMessage = (outgoing: Exclude<Outgoing, OutgoingRequest>): void => {
    deliveries.send(post(outgoing.text), (end) => {
      if (end.type === 'body' && isSessionGone(end, sessionId)) loseSession();
      else if (end.type !== 'stream' && (end.type !== 'body' || end.status >= 300))
        log.debug('the server did not accept a message', { method: outgoing.method, end: end.type });
      outgoing.onDone?.();
    });
  };

  /** Opens the standalone stream; `hasWorked`: it has been open before. */
  const listen = (hasWorked: boolean): void => {
    let works = hasWorked;
    standalone.exchange = exchangeMessages(http, get(standalone.lastEventId), maxMessageBytes, {
      onHead(status) {
        works ||= status === 200;
      },
      onEvent: (event) => takeEvent(standalone, undefined, event),
      onEnd(end) {
        if (over) return;
        // An event that is too large would come again and again if we asked for what followed the one before.
        if (end.type === 'too-large') standalone.lastEventId = undefined;
        if (end.type === 'body' && end.status < 500 && end.status !== 429) {
          // 405 says there is none; so does 404, unless it worked before: then the session is gone.
          if (end.status === 404 && hasWorked && sessionId !== undefined) return loseSession();
          return log.debug('the server has no standalone stream', { status: end.status });
        }
        standalone.timer = setTimeout(() => listen(works), nextWaitMs(standalone)).unref();
      },
    });
  };

  return {
    cancelsByMessage: true,
    send(outgoing) {
      if (outgoing.kind === 'request') sendRequest(outgoing);
      else sendMessage(outgoing);
    },
    finish(id, givenUp) {
      const run = running.get(id);
      if (run === undefined) return;
      if (givenUp) return drop(id, run);
      // Normally a stream ends by itself right after the answer and leaves its connection to the next request.
      if (run.exchange !== undefined) run.timer = setTimeout(() => drop(id, run), LINGER_MS).unref();
    },
    begin(protocolVersion) {
      const version = ['mcp-protocol-version', protocolVersion];
      fixed = writeFixed(sessionId === undefined ? version : [...version, 'mcp-session-id', sessionId]);
      if (!over) listen(false);
    },
    async close() {
      const hasSession = sessionId !== undefined && !over;
      over = true;
      stopRun(standalone);
      for (const run of running.values()) stopRun(run);
      running.clear();
      deliveries.close();
      if (hasSession) await deleteSession(http, request('DELETE', []));
    },
  };
}
