/** The stateless face of `/mcp` (revision 2026-07-28): one posted message in, one JSON answer or event stream out. */

import type { Endpoint, Gateway } from '../../../contracts/call.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { Log } from '../../../contracts/log.ts';
import type { Exchange } from '../../http/exchange.ts';
import { readAccept } from '../accept.ts';
import { type GovernedMethod, governedMethod } from '../kinds.ts';
import { type Answer, createAnswer } from './answer.ts';
import { checkMethod, checkVersion } from './check-headers.ts';
import {
  claimedVersion,
  decodeEnvelope,
  decodeMessage,
  type ModernNotification,
  type ModernRequest,
  type Posted,
  requireVersion,
} from './decode-message.ts';
import { createListen } from './listen.ts';
import { sendError } from './send-error.ts';
import { createServeCall } from './serve-call.ts';
import { DISCOVER, LISTEN } from './wire.ts';

export interface ModernMcpDeps {
  readonly gateway: Gateway;
  readonly log: Log;
  /** Stamped into every result as `serverInfo`. */
  readonly identity: { readonly name: string; readonly version: string };
  /** Wall clock, milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
  /** An answer that takes longer becomes an event stream with keep-alives. Default 10,000 ms. */
  readonly streamAfterMs?: number;
  /** A resource a listen stream asks for, but whose server has not agreed by then, is left out. Default 10,000 ms. */
  readonly subscribeTimeoutMs?: number;
}

export interface ModernMcp {
  /** Answers one message, refusals included. Throws only what happens to a stream that can carry no error any more. */
  handle(exchange: Exchange, endpoint: Endpoint, message: Posted): void | Promise<void>;
  /** Ends all listen streams gracefully; for shutdown. */
  closeAll(): void;
}

const OPEN_SESSION: GovernedMethod = { kind: 'session.open', nameIn: undefined, eras: ['modern'] };

export function createModernMcp(deps: ModernMcpDeps): ModernMcp {
  const { gateway, log, streamAfterMs = 10_000 } = deps;
  const serverInfo = JSON.stringify({ name: deps.identity.name, version: deps.identity.version });
  const listen = createListen({ ...deps, serverInfo });
  const serveCall = createServeCall({ ...deps, serverInfo, streamAfterMs });

  /** This transport defines no client-to-server notification: they are accepted and have no effect. */
  const acceptNotification = (exchange: Exchange, endpoint: Endpoint, message: ModernNotification): void => {
    const version = claimedVersion(message.params);
    if (version !== undefined && exchange.header('mcp-protocol-version') !== undefined) checkVersion(exchange, version);
    if (!gateway.serves(endpoint, gateway.identify(exchange.credential))) throw new GatewayError('unknown_server');
    exchange.sendEmpty(202);
  };

  const serveRequest = (
    exchange: Exchange,
    endpoint: Endpoint,
    request: ModernRequest,
    openAnswer: (takesSse: boolean) => Answer,
  ): void | Promise<void> => {
    const accepts = readAccept(exchange.header('accept'));
    if (!accepts.json) throw new GatewayError('not_acceptable', 'application/json is needed');
    checkVersion(exchange, requireVersion(request.params));
    checkMethod(exchange, request.method);
    const envelope = decodeEnvelope(request.params);
    if (request.method === LISTEN) {
      if (!accepts.sse) throw new GatewayError('not_acceptable', 'text/event-stream is needed');
      return listen.serve(exchange, endpoint, request, envelope);
    }
    const governed = request.method === DISCOVER ? OPEN_SESSION : governedMethod(request.method, 'modern');
    if (governed === undefined) throw new GatewayError('unknown_method');
    return serveCall(exchange, { endpoint, request, envelope, governed }, openAnswer(accepts.sse));
  };

  return {
    handle(exchange, endpoint, message) {
      let request: ModernRequest | undefined;
      let answer: Answer | undefined;
      const fail = (thrown: unknown): void => sendError(log, exchange, { thrown, message, request, answer });
      try {
        const decoded = decodeMessage(message);
        if (decoded.type === 'notification') return acceptNotification(exchange, endpoint, decoded);
        request = decoded;
        const served = serveRequest(exchange, endpoint, decoded, (takesSse) => {
          answer = createAnswer(exchange, takesSse);
          return answer;
        });
        return served?.catch(fail);
      } catch (thrown) {
        fail(thrown);
      }
    },
    closeAll: listen.closeAll,
  };
}
