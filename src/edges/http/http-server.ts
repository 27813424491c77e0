/** The HTTP server on plain node:http: guards first, then CORS, then the routes in order, and the one catch for what they throw. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import { corsHeaders, preflightHeaders } from './cors.ts';
import type { Exchange, Route } from './exchange.ts';
import { type AllowedNames, isAllowedHost, isAllowedOrigin } from './guards.ts';
import { headerValues } from './headers.ts';
import { type ExchangeParts, NodeExchange, readTarget } from './node-exchange.ts';
import { sendHttpError } from './render-error.ts';

export interface HttpServerDeps {
  /** Asked in order; the first that does not answer false has the request. */
  readonly routes: readonly Route[];
  readonly log: Log;
  readonly limits: { readonly maxBodyBytes: number };
  /** Read on every request, so that a configuration swap takes effect at once. */
  readonly allowed: () => AllowedNames;
}

export interface HttpServer {
  /** Port 0 picks one. Rejects with Node's error (EADDRINUSE, …). */
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number; readonly url: string }>;
  /** Takes no new connection, lets answers under way finish for `graceMs`, then closes what is left. */
  close(graceMs: number): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 15_000;
/** For the whole request, body included; answers and event streams have no such limit. */
const REQUEST_TIMEOUT_MS = 120_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const MAX_HEADER_BYTES = 32 * 1024;
const MAX_HEADERS = 128;

const ignore = (): void => {};

export function createHttpServer({ routes, log, limits, allowed }: HttpServerDeps): HttpServer {
  let closing = false;
  const credentials: ExchangeParts['credentials'] = new WeakMap();

  /** The origin of a browser's request, undefined for others. Throws GatewayError. */
  const guard = ({ rawHeaders, socket }: IncomingMessage): string | undefined => {
    if (rawHeaders.length / 2 > MAX_HEADERS) throw new GatewayError('invalid_request', 'too many headers');
    const { hosts, origins } = allowed();
    const host = headerValues(rawHeaders, 'host');
    if (host.length !== 1 || !isAllowedHost(host[0], socket.localAddress, hosts))
      throw new GatewayError('forbidden_host');
    const origin = headerValues(rawHeaders, 'origin');
    if (origin.length === 0) return undefined;
    if (origin.length !== 1 || !isAllowedOrigin(origin[0] ?? '', host[0] ?? '', origins))
      throw new GatewayError('forbidden_origin');
    return origin[0];
  };

  /** A promise if the route takes its time. Throws GatewayError `unknown_server` if none takes it. */
  const route = (exchange: Exchange): unknown => {
    for (const take of routes) {
      const taken = take(exchange);
      if (taken !== false) return taken;
    }
    throw new GatewayError('unknown_server');
  };

  const fail = (exchange: Exchange, response: ServerResponse, error: unknown): void => {
    sendHttpError(exchange, error, log);
    // An event stream that failed half-way has no other way to say so.
    if (!response.writableEnded) response.destroy();
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (closing) response.shouldKeepAlive = false;
    // Without a listener a reset connection would be an uncaught error.
    response.on('error', ignore);
    const parts = { request, response, maxBodyBytes: limits.maxBodyBytes, credentials };
    let exchange: NodeExchange;
    let isBrowser = false;
    try {
      const origin = guard(request);
      isBrowser = origin !== undefined;
      const common = origin === undefined ? undefined : corsHeaders(origin);
      exchange = new NodeExchange({ ...parts, common, target: readTarget(request.url ?? '') });
    } catch (error) {
      const nowhere = { segments: [], search: '' };
      sendHttpError(new NodeExchange({ ...parts, common: undefined, target: nowhere }), error, log);
      return;
    }
    if (isBrowser && request.method === 'OPTIONS') {
      const { rawHeaders } = request;
      if (headerValues(rawHeaders, 'access-control-request-method').length > 0) {
        const asked = headerValues(rawHeaders, 'access-control-request-headers').join(',');
        exchange.sendEmpty(204, preflightHeaders(asked));
        return;
      }
    }
    try {
      const taken = route(exchange);
      if (taken instanceof Promise) taken.catch((error: unknown) => fail(exchange, response, error));
    } catch (error) {
      fail(exchange, response, error);
    }
  };

  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: 5_000,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    onRequest,
  );
  // Node would silently drop headers past this count, guards' headers among them; we refuse instead.
  server.maxHeadersCount = 0;

  return {
    listen(host, port) {
      return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          server.on('error', (error) => log.error('the HTTP server has a problem', { error }));
          const address = server.address();
          const bound = typeof address === 'object' && address !== null ? address.port : port;
          resolve({ host, port: bound, url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}` });
        });
      });
    },
    close(graceMs) {
      closing = true;
      return new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      });
    },
  };
}
