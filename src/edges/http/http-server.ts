/** The HTTP server: the fast lane for requests of the plain shape, node:http for all others, one way in for both. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../../contracts/log.ts';
import type { Route } from './exchange.ts';
import { createFastLane } from './fast-lane.ts';
import type { AllowedNames } from './guards.ts';
import { NodeExchange } from './node-exchange.ts';
import type { Presented } from './request-exchange.ts';
import { type Arrival, createServeRequest } from './serve-request.ts';

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
const SWEEP_MS = 5_000;
const MAX_HEADER_BYTES = 32 * 1024;

const ignore = (): void => {};

export function createHttpServer({ routes, log, limits, allowed }: HttpServerDeps): HttpServer {
  const { maxBodyBytes } = limits;
  const serve = createServeRequest({ routes, log, allowed });
  const presentedOn = new WeakMap<Socket, Presented>();
  let closing = false;

  const findPresented = (socket: Socket): Presented => {
    const known = presentedOn.get(socket);
    if (known !== undefined) return known;
    const presented: Presented = { credential: undefined };
    presentedOn.set(socket, presented);
    return presented;
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (closing) response.shouldKeepAlive = false;
    // Without a listener a reset connection would be an uncaught error.
    response.on('error', ignore);
    const { socket } = request;
    const arrival: Arrival = {
      method: request.method ?? 'GET',
      url: request.url ?? '',
      headers: request.rawHeaders,
      localAddress: socket.localAddress,
      open: (target, common) =>
        new NodeExchange({ request, response, target, maxBodyBytes, presented: findPresented(socket), common }),
    };
    serve(arrival);
  };

  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      connectionsCheckingInterval: SWEEP_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    onRequest,
  );
  // Node would silently drop headers past this count, guards' headers among them; we refuse instead.
  server.maxHeadersCount = 0;

  // Its own listener for new connections is node:http; the lane takes its place, and calls it for what it does not take.
  const nodeListeners = server.listeners('connection');
  server.removeAllListeners('connection');
  const lane = createFastLane({
    serve,
    handOver: (socket) => {
      for (const listener of nodeListeners) Reflect.apply(listener, server, [socket]);
    },
    maxBodyBytes,
    maxHeadBytes: MAX_HEADER_BYTES,
    timeouts: { headMs: HEADERS_TIMEOUT_MS, requestMs: REQUEST_TIMEOUT_MS, keepAliveMs: KEEP_ALIVE_TIMEOUT_MS },
    sweepMs: SWEEP_MS,
  });
  server.on('connection', lane.accept);

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
        const timer = setTimeout(() => {
          server.closeAllConnections();
          lane.closeAll();
        }, graceMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
        lane.stop();
      });
    },
  };
}
