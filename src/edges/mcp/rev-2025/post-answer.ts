/** The answer to one POST of requests: plain JSON while nothing precedes it, an event stream as soon as something does. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText } from '../../../contracts/json.ts';
import { LateList, type Waiting } from '../../../lib/late-list.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { Accepted } from '../accept.ts';
import { timingHeader } from '../server-timing.ts';
import type { Answer } from './answer-request.ts';
import type { Channel } from './call-peer.ts';
import type { OutStream } from './outbox.ts';
import type { Session } from './session.ts';
import { primesStreams } from './versions.ts';

export interface PostAnswer extends Channel {
  /** One request's answer; undefined if it was cancelled. */
  add(answer: Answer | undefined): void;
  /** All requests are answered. */
  finish(): void;
  /** Becomes an event stream now; undefined where that cannot be. */
  beginStream(): OutStream | undefined;
}

/** Answers that are not there yet: after so long an event stream begins for each, if its client reads those. */
export type SlowAnswers = LateList<PostAnswer>;

export function createSlowAnswers(streamAfterMs: number): SlowAnswers {
  return new LateList<PostAnswer>(streamAfterMs, (answer) => answer.beginStream());
}

export interface PostAnswerOptions {
  readonly accepted: Accepted;
  readonly isBatch: boolean;
  readonly slow: SlowAnswers;
}

export function openPostAnswer(exchange: Exchange, session: Session, options: PostAnswerOptions): PostAnswer {
  return new ExchangeAnswer(exchange, session, options);
}

class ExchangeAnswer implements PostAnswer {
  readonly #exchange: Exchange;
  readonly #session: Session;
  readonly #accepted: Accepted;
  readonly #isBatch: boolean;
  readonly #slow: SlowAnswers;
  readonly #waiting: Waiting<PostAnswer>;
  #held: Answer[] = [];
  #stream: OutStream | undefined = undefined;

  constructor(exchange: Exchange, session: Session, { accepted, isBatch, slow }: PostAnswerOptions) {
    this.#exchange = exchange;
    this.#session = session;
    this.#accepted = accepted;
    this.#isBatch = isBatch;
    this.#slow = slow;
    this.#waiting = slow.add(this);
  }

  get canAsk(): boolean {
    return this.#accepted.sse;
  }

  send(message: JsonText): boolean {
    const open = this.beginStream();
    open?.send(message);
    return open !== undefined;
  }

  add(answer: Answer | undefined): void {
    if (answer === undefined) return;
    if (this.#stream === undefined) this.#held.push(answer);
    else sendOn(this.#stream, answer);
  }

  finish(): void {
    this.#slow.remove(this.#waiting);
    if (this.#stream === undefined && !this.#accepted.json) this.beginStream();
    if (this.#stream !== undefined) this.#stream.end();
    else if (!this.#exchange.answered) this.#sendJson();
  }

  /** Undefined where the client does not take one, or has gone: then it knows no event id to ask for it again. */
  beginStream(): OutStream | undefined {
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
    if (this.#exchange.gone) return;
    const [first] = this.#held;
    // Everything was cancelled: there is nothing to say, and 202 is how this transport says nothing.
    if (first === undefined) this.#exchange.sendEmpty(202);
    else if (this.#isBatch)
      this.#exchange.sendJson(200, `[${this.#held.map((answer): JsonText => answer.body).join(',')}]`);
    else {
      const timing = first.call && timingHeader(first.call);
      if (first.pieces !== undefined) this.#exchange.sendJsonBytes(first.status, first.pieces, timing);
      else this.#exchange.sendJson(first.status, first.body, timing);
    }
    for (const answer of this.#held) noteSent(answer);
  }
}

function sendOn(stream: OutStream, answer: Answer): void {
  stream.send(answer.body);
  noteSent(answer);
}

export function noteSent({ call }: Answer): void {
  if (call !== undefined) call.facts.onSent?.(call);
}

/** Throws GatewayError `not_acceptable` unless the client takes one of the two. */
export function requireAcceptable(accepted: Accepted): void {
  if (!accepted.json && !accepted.sse)
    throw new GatewayError('not_acceptable', 'accept application/json and text/event-stream');
}
