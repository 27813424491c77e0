/** Writes server-sent events to one response: keep-alives, and a bound on what a reader that does not read may hold up. */

import type { ServerResponse } from 'node:http';
import { encodeSse, SSE_KEEP_ALIVE } from '../../lib/sse.ts';
import type { SseStream } from './exchange.ts';

const KEEP_ALIVE_MS = 15_000;

/** Unread bytes at which the reader counts as gone. One event larger than this still goes out. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

/** Begins the stream; `headers` come on top of those every event stream has. */
export function openSse(response: ServerResponse, headers: { readonly [name: string]: string }): SseStream {
  let closed = false;
  const listeners: (() => void)[] = [];

  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.flushHeaders();

  const write = (text: string): void => {
    if (closed) return;
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
    else response.write(text);
  };
  const keepAlive = setInterval(() => write(SSE_KEEP_ALIVE), KEEP_ALIVE_MS);
  keepAlive.unref();

  const onClosed = (): void => {
    if (closed) return;
    closed = true;
    clearInterval(keepAlive);
    for (const listener of listeners.splice(0)) listener();
  };
  response.on('close', onClosed).on('error', onClosed);
  if (response.destroyed) onClosed();

  return {
    get closed() {
      return closed;
    },
    send(data, options) {
      write(encodeSse(data, options));
    },
    end() {
      if (closed) return;
      response.end();
      onClosed();
    },
    onClose(listener) {
      if (closed) listener();
      else listeners.push(listener);
    },
  };
}
