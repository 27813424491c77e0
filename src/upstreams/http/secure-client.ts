/** The client for `https:` origins: undici's agent behind our words. */

import type { IncomingHttpHeaders } from 'node:http';
import { Agent, type Dispatcher } from 'undici';
import type { HttpClient, HttpExchange, HttpListener } from './exchange.ts';

/** Takes any origin undici takes, so that both clients can be held against each other. */
export function createSecureClient(options: { readonly connectTimeoutMs: number }): HttpClient {
  const agent = new Agent({
    connect: { timeout: options.connectTimeoutMs },
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
    send({ fixedHeaders, ...request }, listener) {
      const exchange = new Exchange(listener);
      const headers = fixedHeaders === undefined ? request.headers : fixedHeaders.list.concat(request.headers);
      const body = Array.isArray(request.body) ? Buffer.concat(request.body) : request.body;
      agent.dispatch({ ...request, headers, body } as Dispatcher.DispatchOptions, exchange);
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
