/**
 * The outbound HTTP client: the one place where connections to other machines are made, so that address guard and proxy
 * have one home later. Not `fetch`: one small handler per request, no web streams, and "did it leave?" is always known.
 */

import type { HttpClient } from './exchange.ts';
import { createPlainClient } from './plain-client.ts';
import { createSecureClient } from './secure-client.ts';

export type { HttpClient, HttpExchange, HttpFailure, HttpListener, HttpRequest } from './exchange.ts';

export interface HttpClientOptions {
  /** Default 10,000 ms. */
  readonly connectTimeoutMs?: number;
}

/**
 * Creates the client with its pools per origin: a client of our own for `http:`, undici for `https:`. There is no timeout on
 * answers here: the caller's deadline is absolute and ends the exchange with `abort()`. HTTP/1.1 only, because there
 * it is certain whether a request was written.
 */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const connectTimeoutMs = options.connectTimeoutMs ?? 10_000;
  const plain = createPlainClient({ connectTimeoutMs });
  const secure = createSecureClient({ connectTimeoutMs });
  return {
    send: (request, listener) => (request.origin.startsWith('http:') ? plain : secure).send(request, listener),
    async [Symbol.asyncDispose]() {
      await Promise.all([plain[Symbol.asyncDispose](), secure[Symbol.asyncDispose]()]);
    },
  };
}
