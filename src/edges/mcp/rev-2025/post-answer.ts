/** The answer to one POST of requests: plain JSON while nothing precedes it, an event stream as soon as something does. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText } from '../../../contracts/json.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Accepted } from '../accept.ts';
import type { Answer, Channel } from './answer-request.ts';
import type { OutStream } from './outbox.ts';
import type { Session } from './session.ts';
import { primesStreams } from './versions.ts';

/** After this long without an answer an event stream begins, so that nobody on the way takes the connection for dead. */
const STREAM_AFTER_MS = 10_000;

export interface PostAnswer {
  readonly channel: Channel;
  /** One request's answer; undefined if it was cancelled. */
  add(answer: Answer | undefined): void;
  /** All requests are answered. */
  finish(): void;
}

export function openPostAnswer(exchange: Exchange, session: Session, accepted: Accepted, isBatch: boolean): PostAnswer {
  const held: Answer[] = [];
  let stream: OutStream | undefined;

  /** Undefined where the client does not take one, or has gone: then it knows no event id to ask for it again. */
  const toStream = (): OutStream | undefined => {
    if (stream !== undefined) return stream;
    if (!accepted.sse || exchange.answered || session.closed || exchange.signal.aborted) return undefined;
    stream = session.outbox.open();
    stream.attach(exchange.openSse(), session.client !== undefined && primesStreams(session.client.version));
    for (const answer of held.splice(0)) stream.send(answer.body);
    return stream;
  };
  const timer = setTimeout(toStream, STREAM_AFTER_MS);
  timer.unref();

  const sendJson = (): void => {
    const [first] = held;
    // Everything was cancelled: there is nothing to say, and 202 is how this transport says nothing.
    if (first === undefined) exchange.sendEmpty(202);
    else if (!isBatch) exchange.sendJson(first.status, first.body);
    else exchange.sendJson(200, `[${held.map((answer): JsonText => answer.body).join(',')}]`);
  };

  return {
    channel: {
      canAsk: accepted.sse,
      send(message) {
        const open = toStream();
        open?.send(message);
        return open !== undefined;
      },
    },
    add(answer) {
      if (answer === undefined) return;
      if (stream === undefined) held.push(answer);
      else stream.send(answer.body);
    },
    finish() {
      clearTimeout(timer);
      if (stream === undefined && !accepted.json) toStream();
      if (stream !== undefined) stream.end();
      else if (!exchange.answered) sendJson();
    },
  };
}

/** Throws GatewayError `not_acceptable` unless the client takes one of the two. */
export function requireAcceptable(accepted: Accepted): void {
  if (!accepted.json && !accepted.sse)
    throw new GatewayError('not_acceptable', 'accept application/json and text/event-stream');
}
