/** One HTTP exchange with an MCP server: its answer is either one JSON body or a stream of server-sent events. */

import type { IncomingHttpHeaders } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { createSseDecoder, type SseEvent } from '../../lib/sse.ts';
import type { HttpClient, HttpExchange, HttpFailure, HttpListener, HttpRequest } from '../http/client.ts';

export type ExchangeEnd =
  /** A whole body that was no event stream, whatever its status. */
  | {
      readonly type: 'body';
      readonly status: number;
      readonly text: string;
      /** Only with 401 and 403. */
      readonly wwwAuthenticate?: string | undefined;
    }
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

/** Sends the request; `listener` may be called before this returns. */
export function exchangeMessages(
  http: HttpClient,
  request: HttpRequest,
  maxMessageBytes: number,
  listener: ExchangeListener,
): HttpExchange {
  const exchange = new MessageExchange(listener, maxMessageBytes);
  exchange.send(http, request);
  return exchange;
}

class MessageExchange implements HttpListener, HttpExchange {
  readonly borrowsData = true;
  readonly #listener: ExchangeListener;
  readonly #maxBytes: number;
  #exchange: HttpExchange | undefined;
  #over = false;
  #status: number | undefined;
  /** The body, unless it is a stream: text as it comes, so that no large buffer is made; nearly always one piece. */
  #text = '';
  #announcedBytes = -1;
  #utf8: StringDecoder | undefined;
  #bytes = 0;
  #stream: SseReader | undefined;
  #wwwAuthenticate: string | undefined;

  constructor(listener: ExchangeListener, maxBytes: number) {
    this.#listener = listener;
    this.#maxBytes = maxBytes;
  }

  send(http: HttpClient, request: HttpRequest): void {
    this.#exchange = http.send(request, this);
  }

  abort(): void {
    this.#release();
    this.#exchange?.abort();
  }

  onHead(status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    const type = headers['content-type'];
    const isStream = status < 300 && (Array.isArray(type) ? type[0] : type)?.startsWith('text/event-stream') === true;
    if (isStream)
      this.#stream = createSseReader((event) => this.#over || this.#listener.onEvent(event), this.#maxBytes);
    else if (typeof headers['content-length'] === 'string') this.#announcedBytes = Number(headers['content-length']);
    if (status === 401 || status === 403) this.#wwwAuthenticate = headers['www-authenticate'];
    this.#listener.onHead?.(status, headers);
  }

  onData(chunk: Buffer): void {
    if (this.#over) return;
    if (this.#stream !== undefined) {
      try {
        this.#stream.push(chunk);
      } catch {
        this.#endTooLarge();
      }
      return;
    }
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) this.#endTooLarge();
    // All of it at once: no character can be cut in two.
    else if (this.#utf8 === undefined && this.#bytes === this.#announcedBytes) this.#text = chunk.toString('utf8');
    else {
      this.#utf8 ??= new StringDecoder('utf8');
      this.#text += this.#utf8.write(chunk);
    }
  }

  onEnd(): void {
    if (this.#stream !== undefined) return this.#end({ type: 'stream', error: undefined });
    const text = this.#utf8 === undefined ? this.#text : this.#text + this.#utf8.end();
    const status = this.#status ?? 0;
    const wwwAuthenticate = this.#wwwAuthenticate;
    this.#end(
      wwwAuthenticate === undefined ? { type: 'body', status, text } : { type: 'body', status, text, wwwAuthenticate },
    );
  }

  onFailure({ sent, error }: HttpFailure): void {
    if (this.#stream !== undefined) this.#end({ type: 'stream', error });
    else this.#end({ type: 'failed', sent, status: this.#status, error });
  }

  #endTooLarge(): void {
    this.#exchange?.abort();
    this.#end({ type: 'too-large' });
  }

  #end(how: ExchangeEnd): void {
    if (this.#over) return;
    this.#release();
    this.#listener.onEnd(how);
  }

  #release(): void {
    this.#over = true;
    this.#text = '';
  }
}

interface SseReader {
  /** Throws SseTooLargeError. */
  push(chunk: Buffer): void;
}

function createSseReader(onEvent: (event: SseEvent) => void, maxEventChars: number): SseReader {
  const utf8 = new StringDecoder('utf8');
  const events = createSseDecoder(onEvent, maxEventChars);
  return { push: (chunk) => events.push(utf8.write(chunk)) };
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
