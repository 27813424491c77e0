/** node:http behind the same way in: the lane for every request that is not of the plain shape. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { LaneTimeouts } from './fast-connection.ts';
import { NodeExchange } from './node-exchange.ts';
import type { Presented } from './request-exchange.ts';
import type { Arrival } from './serve-request.ts';

export interface NodeLaneDeps {
  readonly serve: (arrival: Arrival) => void;
  readonly maxBodyBytes: number;
  readonly maxHeadBytes: number;
  readonly timeouts: LaneTimeouts;
  /** How often deadlines are looked at, in milliseconds. */
  readonly sweepMs: number;
  /** Answers close their connection once this says true. */
  readonly isClosing: () => boolean;
}

const ignore = (): void => {};

/** A server that does not listen yet. */
export function createNodeLane(deps: NodeLaneDeps): Server {
  const { serve, maxBodyBytes, timeouts } = deps;
  const presentedOn = new WeakMap<Socket, Presented>();

  const findPresented = (socket: Socket): Presented => {
    const known = presentedOn.get(socket);
    if (known !== undefined) return known;
    const presented: Presented = { credential: undefined };
    presentedOn.set(socket, presented);
    return presented;
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (deps.isClosing()) response.shouldKeepAlive = false;
    // Without a listener a reset connection would be an uncaught error.
    response.on('error', ignore);
    const { socket } = request;
    // Node takes a request line without a version for HTTP/0.9, which has no headers, and then reads headers all the same.
    if (request.httpVersionMajor !== 1) {
      // Through its own answer, so that those to requests before it come first.
      response.shouldKeepAlive = false;
      response.writeHead(400).end();
      return;
    }
    // Until the answer has left: Node looks whether any of it does, and closes the connection of a client that takes nothing.
    response.on('prefinish', () => {
      if (socket.writableLength > 0) socket.setTimeout(timeouts.requestMs);
    });
    serve({
      method: request.method ?? 'GET',
      url: request.url ?? '',
      headers: request.rawHeaders,
      localAddress: socket.localAddress,
      open: (target, common) =>
        new NodeExchange({ request, response, target, maxBodyBytes, presented: findPresented(socket), common }),
    });
  };

  const server = createServer(
    {
      headersTimeout: timeouts.headMs,
      requestTimeout: timeouts.requestMs,
      keepAliveTimeout: timeouts.keepAliveMs,
      connectionsCheckingInterval: deps.sweepMs,
      maxHeaderSize: deps.maxHeadBytes,
    },
    onRequest,
  );
  // Node would silently drop headers past this count, guards' headers among them; we refuse instead.
  server.maxHeadersCount = 0;
  return server;
}
