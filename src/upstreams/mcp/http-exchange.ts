/** One HTTP exchange with an MCP server: its answer is either one JSON body or a stream of server-sent events. */

import type { IncomingHttpHeaders } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { createSseDecoder, type SseEvent } from '../../lib/sse.ts';
import type { HttpClient, HttpExchange, HttpRequest } from '../http/client.ts';

export type ExchangeEnd =
  /** A whole body that was no event stream, whatever its status. */
  | { readonly type: 'body'; readonly status: number; readonly text: string }
  /** An event stream ended; `error` if not cleanly. */
  | { readonly type: 'stream'; readonly error: Error | undefined }
  /** A body or event outgrew the bound; the exchange was ended. */
  | { readonly type: 'too-large' }
  /** No complete answer. `status` is known if its head had come. */
  | { readonly type: 'failed'; readonly sent: boolean; readonly status: number | undefined; readonly error: Error };

export interface ExchangeListener {
  onHead?(status: number, headers: IncomingHttpHeaders): void;
  onEvent(event: SseEvent): void;
  /** Last, exactly once, unless aborted. */
  onEnd(end: ExchangeEnd): void;
}

/** Nobody waits for what comes back to a notification or an answer of ours; it still may not take forever. */
const DELIVERY_TIMEOUT_MS = 30_000;
const DELIVERY_BYTES = 65_536;

const NOTHING: HttpExchange = { abort() {} };

export function exchangeMessages(
  http: HttpClient,
  request: HttpRequest,
  maxMessageBytes: number,
  listener: ExchangeListener,
): HttpExchange {
  let exchange = NOTHING;
  let status: number | undefined;
  let over = false;
  let parts: Buffer[] = [];
  let bytes = 0;
  let events: { push(text: string): void } | undefined;
  const utf8 = new StringDecoder('utf8');

  const end = (how: ExchangeEnd): void => {
    if (over) return;
    over = true;
    parts = [];
    listener.onEnd(how);
  };
  const endTooLarge = (): void => {
    exchange.abort();
    end({ type: 'too-large' });
  };

  exchange = http.send(request, {
    onHead(code, headers) {
      status = code;
      const type = headers['content-type'];
      const isStream = code < 300 && (Array.isArray(type) ? type[0] : type)?.startsWith('text/event-stream') === true;
      if (isStream) events = createSseDecoder((event) => over || listener.onEvent(event), maxMessageBytes);
      listener.onHead?.(code, headers);
    },
    onData(chunk) {
      if (over) return;
      if (events === undefined) {
        bytes += chunk.length;
        if (bytes > maxMessageBytes) return endTooLarge();
        parts.push(chunk);
        return;
      }
      try {
        events.push(utf8.write(chunk));
      } catch {
        endTooLarge();
      }
    },
    onEnd() {
      if (events !== undefined) return end({ type: 'stream', error: undefined });
      const only = parts[0];
      const whole = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
      end({ type: 'body', status: status ?? 0, text: whole.toString('utf8') });
    },
    onFailure({ sent, error }) {
      if (events !== undefined) return end({ type: 'stream', error });
      end({ type: 'failed', sent, status, error });
    },
  });
  return {
    abort() {
      over = true;
      parts = [];
      exchange.abort();
    },
  };
}

/** Sends a message to which no answer belongs; `onEnd` comes within 30 s, unless it is aborted. */
export function deliverMessage(
  http: HttpClient,
  request: HttpRequest,
  onEnd: (end: ExchangeEnd) => void,
): HttpExchange {
  let exchange = NOTHING;
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const end = (how: ExchangeEnd): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    onEnd(how);
  };
  exchange = exchangeMessages(http, request, DELIVERY_BYTES, { onEvent() {}, onEnd: end });
  if (!over)
    timer = setTimeout(() => {
      exchange.abort();
      end({ type: 'failed', sent: true, status: undefined, error: new Error('not accepted in time') });
    }, DELIVERY_TIMEOUT_MS).unref();
  return {
    abort() {
      over = true;
      clearTimeout(timer);
      exchange.abort();
    },
  };
}
