/** The answer to one request: a JSON body if nothing precedes it, an event stream from the first notification on. */

import type { Call } from '../../../contracts/call.ts';
import type { JsonText } from '../../../contracts/json.ts';
import { onOneLine } from '../../../lib/json-text.ts';
import type { AnswerHeaders, Exchange, SseStream } from '../../http/exchange.ts';
import { timingHeader } from '../server-timing.ts';

export interface Answer {
  /** The governed call it answers, once there is one: a JSON answer says how long it took. */
  call: Call | undefined;
  /** Sends a notification before the answer. Dropped once answered, or if the client takes no event stream. */
  precede(frame: JsonText): void;
  /** Turns the answer into a stream now, so that keep-alives flow while it takes its time. */
  stream(): void;
  /** The response. `status` counts only while no stream has begun. The second one is dropped. */
  finish(status: number, frame: JsonText, headers?: AnswerHeaders): void;
  /** A result whose bytes stand ready, in pieces. */
  finishReady(frame: readonly Buffer[]): void;
}

export function createAnswer(exchange: Exchange, takesSse: boolean): Answer {
  return new ExchangeAnswer(exchange, takesSse);
}

class ExchangeAnswer implements Answer {
  call: Call | undefined = undefined;
  readonly #exchange: Exchange;
  readonly #takesSse: boolean;
  #stream: SseStream | undefined = undefined;
  #finished = false;

  constructor(exchange: Exchange, takesSse: boolean) {
    this.#exchange = exchange;
    this.#takesSse = takesSse;
  }

  precede(frame: JsonText): void {
    // One data line per message: some clients read the stream line by line.
    this.#open()?.send(onOneLine(frame));
  }

  stream(): void {
    this.#open();
  }

  finish(status: number, frame: JsonText, headers?: AnswerHeaders): void {
    if (this.#finished) return;
    this.#finished = true;
    if (this.#stream !== undefined) {
      this.#stream.send(onOneLine(frame));
      this.#stream.end();
    } else {
      if (this.#exchange.gone) return;
      const timing = this.call && timingHeader(this.call);
      // Calls, of which there are many, have no other headers.
      this.#exchange.sendJson(status, frame, headers === undefined ? timing : { ...headers, ...timing });
    }
    this.#noteSent();
  }

  finishReady(frame: readonly Buffer[]): void {
    if (this.#stream !== undefined || this.#finished) {
      this.finish(200, Buffer.concat(frame).toString());
      return;
    }
    this.#finished = true;
    if (this.#exchange.gone) return;
    this.#exchange.sendJsonBytes(200, frame, this.call && timingHeader(this.call));
    this.#noteSent();
  }

  #noteSent(): void {
    if (this.call !== undefined) this.call.facts.onSent?.(this.call);
  }

  #open(): SseStream | undefined {
    if (this.#finished || !this.#takesSse || this.#exchange.gone) return undefined;
    this.#stream ??= this.#exchange.openSse();
    return this.#stream;
  }
}
