/** Writes server-sent events to one answer: keep-alives, and a bound on what a reader that does not read may hold up. */

import { encodeSse, SSE_KEEP_ALIVE } from '../../lib/sse.ts';
import type { AnswerHeaders, SseStream } from './exchange.ts';

const KEEP_ALIVE_MS = 15_000;

/** Unread bytes at which the reader counts as gone. One event larger than this still goes out. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/** What every event stream says about itself. */
export const SSE_HEADERS: AnswerHeaders = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff',
};

/** An answer whose head is out: what is used of Node's ServerResponse, and what the fast lane offers alike. */
export interface OpenAnswer {
  readonly destroyed: boolean;
  /** Bytes written and not yet taken by the operating system. */
  readonly writableLength: number;
  write(text: string): unknown;
  end(): unknown;
  destroy(): unknown;
  on(event: 'close' | 'error', listener: () => void): unknown;
}

/** Begins to write events to the answer. */
export function openSse(answer: OpenAnswer): SseStream {
  return new AnswerStream(answer);
}

class AnswerStream implements SseStream {
  readonly #answer: OpenAnswer;
  readonly #keepAlive: NodeJS.Timeout;
  readonly #listeners: (() => void)[] = [];
  #closed = false;

  constructor(answer: OpenAnswer) {
    this.#answer = answer;
    this.#keepAlive = setInterval(() => this.#write(SSE_KEEP_ALIVE), KEEP_ALIVE_MS);
    this.#keepAlive.unref();
    const onClosed = (): void => this.#onClosed();
    answer.on('close', onClosed);
    answer.on('error', onClosed);
    if (answer.destroyed) this.#onClosed();
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(data: string, options?: { event?: string; id?: string; retryMs?: number }): void {
    this.#write(encodeSse(data, options));
  }

  end(): void {
    if (this.#closed) return;
    this.#answer.end();
    this.#onClosed();
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#listeners.push(listener);
  }

  #write(text: string): void {
    if (this.#closed) return;
    if (this.#answer.writableLength > MAX_UNREAD_BYTES) this.#answer.destroy();
    else this.#answer.write(text);
  }

  #onClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#keepAlive);
    for (const listener of this.#listeners.splice(0)) listener();
  }
}
