/**
 * The outbound HTTP client: the one place where connections to other machines are made, so that address guard and proxy
 * have one home later. Not `fetch`: one small handler per request, no web streams, and "did it leave?" is always known.
 */

import type { IncomingHttpHeaders } from 'node:http';
import { Agent } from 'undici';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Scheme, host and port. */
  readonly origin: string;
  /** Path and query, beginning with a slash. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: string | undefined;
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
      let over = false;
      let sent = false;
      let stop: ((reason: Error) => void) | undefined;
      agent.dispatch(
        { ...request, body: request.body ?? null },
        {
          onRequestStart(controller) {
            if (over) return controller.abort(new Error('aborted'));
            sent = true;
            stop = (reason) => controller.abort(reason);
          },
          onResponseStart(_controller, status, headers) {
            if (!over && status >= 200) listener.onHead(status, headers);
          },
          onResponseData(_controller, chunk) {
            if (!over) listener.onData(chunk);
          },
          onResponseEnd() {
            if (over) return;
            over = true;
            listener.onEnd();
          },
          onResponseError(_controller, error) {
            if (over) return;
            over = true;
            listener.onFailure({ sent, error });
          },
        },
      );
      return {
        abort() {
          if (over) return;
          over = true;
          stop?.(new Error('aborted'));
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await agent.destroy();
    },
  };
}
