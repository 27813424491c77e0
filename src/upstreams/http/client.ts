/**
 * The outbound HTTP client: the one place where connections to other machines are made, so that address guard and proxy
 * have one home later. Not `fetch`: one small handler per request, no web streams, and "did it leave?" is always known.
 */

import type { IncomingHttpHeaders } from 'node:http';
import { Agent, type Dispatcher } from 'undici';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query, beginning with a slash. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: string | Buffer | undefined;
}

/** Why an exchange ended early, and whether the request may have reached the server. */
export interface HttpFailure {
  /** False: not a byte of the request was written. */
  readonly sent: boolean;
  readonly error: Error;
}

/** Called in order; exactly one of `onEnd` and `onFailure` comes last, and nothing after `abort()`. */
export interface HttpListener {
  onHead(status: number, headers: IncomingHttpHeaders): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  onFailure(failure: HttpFailure): void;
}

export interface HttpExchange {
  /** Ends the exchange; an answer under way costs its connection. No listener method is called any more. */
  abort(): void;
}

/** Redirects are not followed, cookies not kept, nothing is retried. */
export interface HttpClient extends AsyncDisposable {
  send(request: HttpRequest, listener: HttpListener): HttpExchange;
}

export interface HttpClientOptions {
  /** Default 10,000 ms. */
  readonly connectTimeoutMs?: number;
}

/**
 * Creates the client with its pool per origin. There is no timeout on answers here: the caller's deadline is absolute and
 * ends the exchange with `abort()`. HTTP/1.1 only, because there it is certain whether a request was written.
 */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const agent = new Agent({
    connect: { timeout: options.connectTimeoutMs ?? 10_000 },
    allowH2: false,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    // Short, because a request written to a connection the server is just closing has an unknown outcome; servers that
    // announce how long they keep connections are believed, up to a minute.
    keepAliveTimeout: 4_000,
    keepAliveMaxTimeout: 60_000,
  });

  return {
    send(request, listener) {
      const exchange = new Exchange(listener);
      agent.dispatch(request as Dispatcher.DispatchOptions, exchange);
      return exchange;
    },
    async [Symbol.asyncDispose]() {
      await agent.destroy();
    },
  };
}

/** One exchange as undici sees it. */
class Exchange implements HttpExchange, Dispatcher.DispatchHandler {
  readonly #listener: HttpListener;
  #over = false;
  #sent = false;
  #controller: Dispatcher.DispatchController | undefined;

  constructor(listener: HttpListener) {
    this.#listener = listener;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#over) return controller.abort(new Error('aborted'));
    this.#sent = true;
    this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (!this.#over && status >= 200) this.#listener.onHead(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over) this.#listener.onData(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#listener.onFailure({ sent: this.#sent, error });
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller?.abort(new Error('aborted'));
  }
}
