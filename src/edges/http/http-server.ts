/** The HTTP server: the fast lane for requests of the plain shape, node:http for all others, one way in for both. */

import type { Log } from '../../contracts/log.ts';
import type { ErrorDialect, Route } from './exchange.ts';
import { createFastLane } from './fast-lane.ts';
import type { AllowedNames } from './guards.ts';
import { createNodeLane } from './node-lane.ts';
import { createServeRequest } from './serve-request.ts';

export interface HttpServerDeps {
  /** Asked in order; the first that does not answer false has the request. */
  readonly routes: readonly Route[];
  /** How errors look that come before any route. Default: plain everywhere. */
  readonly dialects?: readonly ErrorDialect[] | undefined;
  /** Below these any web page may read, whatever its origin. Default none. */
  readonly openPaths?: readonly string[] | undefined;
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

/** The same on both lanes. `requestMs` is for the whole request, body included; answers and event streams have no such limit. */
const TIMEOUTS = { headMs: 15_000, requestMs: 120_000, keepAliveMs: 65_000 };
const SWEEP_MS = 5_000;
const MAX_HEAD_BYTES = 32 * 1024;

export function createHttpServer({ routes, dialects, openPaths, log, limits, allowed }: HttpServerDeps): HttpServer {
  let closing = false;
  const shared = {
    serve: createServeRequest({ routes, dialects, openPaths, log, allowed }),
    maxBodyBytes: limits.maxBodyBytes,
    maxHeadBytes: MAX_HEAD_BYTES,
    timeouts: TIMEOUTS,
    sweepMs: SWEEP_MS,
    isClosing: () => closing,
  };
  const server = createNodeLane(shared);
  // node:http's own listener for new connections gives way to the fast lane, which calls it for what is not plain.
  const toNode = server.listeners('connection');
  server.removeAllListeners('connection');
  const lane = createFastLane({
    ...shared,
    handOver: (socket) => {
      for (const listener of toNode) Reflect.apply(listener, server, [socket]);
    },
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
        lane.closeIdle();
      });
    },
  };
}
