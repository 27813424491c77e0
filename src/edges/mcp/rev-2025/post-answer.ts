/** The answer to one POST of requests: plain JSON while nothing precedes it, an event stream as soon as something does. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText } from '../../../contracts/json.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Accepted } from '../accept.ts';
import { timingHeader } from '../server-timing.ts';
import type { Answer } from './answer-request.ts';
import type { Channel } from './call-peer.ts';
import type { OutStream } from './outbox.ts';
import type { Session } from './session.ts';
import { primesStreams } from './versions.ts';

/** After this long without an answer an event stream begins, so that nobody on the way takes the connection for dead. */
const STREAM_AFTER_MS = 10_000;

export interface PostAnswer extends Channel {
  /** One request's answer; undefined if it was cancelled. */
  add(answer: Answer | undefined): void;
  /** All requests are answered. */
  finish(): void;
}

export function openPostAnswer(exchange: Exchange, session: Session, accepted: Accepted, isBatch: boolean): PostAnswer {
  return new ExchangeAnswer(exchange, session, accepted, isBatch);
}

class ExchangeAnswer implements PostAnswer {
  readonly #exchange: Exchange;
  readonly #session: Session;
  readonly #accepted: Accepted;
  readonly #isBatch: boolean;
  readonly #timer: NodeJS.Timeout;
  #held: Answer[] = [];
  #stream: OutStream | undefined = undefined;

  constructor(exchange: Exchange, session: Session, accepted: Accepted, isBatch: boolean) {
    this.#exchange = exchange;
    this.#session = session;
    this.#accepted = accepted;
    this.#isBatch = isBatch;
    this.#timer = setTimeout(beginStream, STREAM_AFTER_MS, this).unref();
  }

  get canAsk(): boolean {
    return this.#accepted.sse;
  }

  send(message: JsonText): boolean {
    const open = this.toStream();
    open?.send(message);
    return open !== undefined;
  }

  add(answer: Answer | undefined): void {
    if (answer === undefined) return;
    if (this.#stream === undefined) this.#held.push(answer);
    else sendOn(this.#stream, answer);
  }

  finish(): void {
    clearTimeout(this.#timer);
    if (this.#stream === undefined && !this.#accepted.json) this.toStream();
    if (this.#stream !== undefined) this.#stream.end();
    else if (!this.#exchange.answered) this.#sendJson();
  }

  /** Undefined where the client does not take one, or has gone: then it knows no event id to ask for it again. */
  toStream(): OutStream | undefined {
    if (this.#stream !== undefined) return this.#stream;
    const { client, closed, outbox } = this.#session;
    if (!this.#accepted.sse || this.#exchange.answered || closed || this.#exchange.gone) return undefined;
    const stream = outbox.open();
    this.#stream = stream;
    stream.attach(this.#exchange.openSse(), client !== undefined && primesStreams(client.version));
    for (const answer of this.#held.splice(0)) sendOn(stream, answer);
    return stream;
  }

  #sendJson(): void {
    const [first] = this.#held;
    // Everything was cancelled: there is nothing to say, and 202 is how this transport says nothing.
    if (first === undefined) this.#exchange.sendEmpty(202);
    else if (this.#isBatch)
      this.#exchange.sendJson(200, `[${this.#held.map((answer): JsonText => answer.body).join(',')}]`);
    else this.#exchange.sendJson(first.status, first.body, first.call && timingHeader(first.call));
    for (const answer of this.#held) noteSent(answer);
  }
}

function sendOn(stream: OutStream, answer: Answer): void {
  stream.send(answer.body);
  noteSent(answer);
}

function noteSent({ call }: Answer): void {
  if (call !== undefined) call.facts.onSent?.(call);
}

function beginStream(answer: ExchangeAnswer): void {
  answer.toStream();
}

/** Throws GatewayError `not_acceptable` unless the client takes one of the two. */
export function requireAcceptable(accepted: Accepted): void {
  if (!accepted.json && !accepted.sse)
    throw new GatewayError('not_acceptable', 'accept application/json and text/event-stream');
}
