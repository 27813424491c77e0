/** Writes server-sent events to one response: keep-alives, and a bound on what a reader that does not read may hold up. */

import type { ServerResponse } from 'node:http';
import { encodeSse, SSE_KEEP_ALIVE } from '../../lib/sse.ts';
import type { AnswerHeaders, SseStream } from './exchange.ts';

const KEEP_ALIVE_MS = 15_000;

/** Unread bytes at which the reader counts as gone. One event larger than this still goes out. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/** Begins the stream; `headers` come on top of those every event stream has. */
export function openSse(response: ServerResponse, headers: AnswerHeaders): SseStream {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.flushHeaders();
  return new ResponseStream(response);
}

class ResponseStream implements SseStream {
  readonly #response: ServerResponse;
  readonly #keepAlive: NodeJS.Timeout;
  readonly #listeners: (() => void)[] = [];
  #closed = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#keepAlive = setInterval(() => this.#write(SSE_KEEP_ALIVE), KEEP_ALIVE_MS);
    this.#keepAlive.unref();
    const onClosed = (): void => this.#onClosed();
    response.on('close', onClosed).on('error', onClosed);
    if (response.destroyed) this.#onClosed();
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(data: string, options?: { event?: string; id?: string; retryMs?: number }): void {
    this.#write(encodeSse(data, options));
  }

  end(): void {
    if (this.#closed) return;
    this.#response.end();
    this.#onClosed();
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#listeners.push(listener);
  }

  #write(text: string): void {
    if (this.#closed) return;
    if (this.#response.writableLength > MAX_UNREAD_BYTES) this.#response.destroy();
    else this.#response.write(text);
  }

  #onClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#keepAlive);
    for (const listener of this.#listeners.splice(0)) listener();
  }
}
