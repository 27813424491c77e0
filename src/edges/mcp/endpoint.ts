/** The MCP endpoint: who is it, does the endpoint exist for them, which era do they speak; then the era's own room answers. */

import type { Endpoint, Gateway } from '../../contracts/call.ts';
import { ERRORS, GatewayError } from '../../contracts/errors.ts';
import type { ParsedJson } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import { isObject } from '../../lib/is-object.ts';
import type { Exchange, Route } from '../http/exchange.ts';
import { errorHeaders, methodNotAllowed } from '../http/render-error.ts';
import { classify } from './classify.ts';
import { GOVERNED_METHODS } from './kinds.ts';
import { type Body, type Envelope, readMessages } from './read-message.ts';
import { createReadyResults } from './ready-results.ts';
import { renderRpcError } from './render-error.ts';
import { createSlowAnswers } from './rev-2025/post-answer.ts';
import type { Door } from './rev-2025/session.ts';
import { createSessions, type Visitor } from './rev-2025/sessions.ts';
import { createShareClient } from './rev-2025/share-client.ts';
import { createSseDoor } from './rev-2025/sse-door.ts';
import { createStreamable } from './rev-2025/streamable.ts';
import { isLegacyVersion } from './rev-2025/versions.ts';

/** What the modern era's room offers: it answers one POST completely, or throws a GatewayError to be rendered here. */
export interface ModernHandler {
  handle(exchange: Exchange, endpoint: Endpoint, message: ParsedJson): void | Promise<void>;
}

export interface McpDeps {
  readonly gateway: Gateway;
  readonly modern: ModernHandler;
  readonly log: Log;
  readonly identity: { readonly name: string; readonly version: string };
  readonly limits: () => {
    readonly maxJsonDepth: number;
    readonly maxSessions: number;
    readonly sessionIdleMs: number;
  };
  /** Wall clock in milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
  /** An answer that takes longer becomes an event stream, where the client reads those. Default 10,000 ms. */
  readonly streamAfterMs?: number;
}

export interface McpRoutes {
  readonly routes: readonly Route[];
  /** Ends every legacy session; calls under way have five seconds to be answered. */
  closeAll(): Promise<void>;
  sessions(): number;
}

interface Place {
  readonly endpoint: Endpoint;
  readonly door: Door | 'messages';
}

/** Nobody on the way shall take a connection for dead on which nothing comes. */
const STREAM_AFTER_MS = 10_000;

const ALL: Endpoint = { type: 'all' };

function isOldDoor(segment: string): segment is 'sse' | 'messages' {
  return segment === 'sse' || segment === 'messages';
}

/**
 * `/mcp`, `/mcp/{server}`, `/sse`, `/messages`, `/mcp/{server}/sse`, `/mcp/{server}/messages`; `/mcp/t/{toolset}` and its
 * doors. A server may be called `t`: the doors are no names of toolsets.
 */
function findPlace([first, second, third, fourth, ...more]: readonly string[]): Place | undefined {
  if (more.length > 0) return undefined;
  if (first === 'mcp' && second === 't' && third !== undefined && !isOldDoor(third)) {
    const endpoint: Endpoint = { type: 'toolset', toolset: third };
    if (fourth === undefined) return { endpoint, door: 'streamable' };
    return isOldDoor(fourth) ? { endpoint, door: fourth } : undefined;
  }
  if (fourth !== undefined) return undefined;
  if (second === undefined) {
    if (first === 'mcp') return { endpoint: ALL, door: 'streamable' };
    return first !== undefined && isOldDoor(first) ? { endpoint: ALL, door: first } : undefined;
  }
  if (first !== 'mcp') return undefined;
  const endpoint: Endpoint = { type: 'server', serverId: second };
  if (third === undefined) return { endpoint, door: 'streamable' };
  return isOldDoor(third) ? { endpoint, door: third } : undefined;
}

export function createMcpRoutes(deps: McpDeps): McpRoutes {
  const { gateway, modern, log, limits } = deps;
  const sessions = createSessions({ gateway, limits, now: deps.now });
  // What legacy clients are answered is the outcome as it stands.
  const readyResults = createReadyResults((text) => text);
  const doors = { ...deps, sessions, shareClient: createShareClient(), readyResults };
  const { streamAfterMs = STREAM_AFTER_MS } = deps;
  const streamable = createStreamable({ ...doors, slow: createSlowAnswers(streamAfterMs) });
  const sseDoor = createSseDoor(doors);

  const identify = ({ credential }: Exchange, endpoint: Endpoint): Visitor => {
    const caller = gateway.identify(credential);
    if (!gateway.serves(endpoint, caller)) throw new GatewayError('unknown_server');
    return { caller, endpoint, credential };
  };

  /**
   * Here, where it can still be said with the status that makes clients ask for more. Calls of modern clients can be told
   * so later, and are written down then.
   */
  const checkScopes = ({ credential }: Exchange, endpoint: Endpoint, body: Body, isModern: boolean): void => {
    if (credential?.admitted === undefined) return;
    for (const value of body.type === 'single' ? [body.envelope.value] : body.values) {
      const method = isObject(value) && typeof value.method === 'string' ? value.method : '';
      const kind = GOVERNED_METHODS.get(method)?.kind;
      if (!isModern || kind === undefined) gateway.checkScope(credential, kind ?? 'session.open', endpoint);
    }
  };

  const readOpening = (exchange: Exchange) => ({
    versionHeader: exchange.header('mcp-protocol-version'),
    hasSession: exchange.header('mcp-session-id') !== undefined,
    isLegacyVersion,
  });

  /** What is no POST: it opens a stream or ends a session, which exist only in the legacy era. */
  const takeBodiless = (exchange: Exchange, visitor: Visitor, door: Place['door']): void => {
    const { method } = exchange;
    if (door === 'messages') throw methodNotAllowed('POST');
    if (door === 'sse') {
      if (method !== 'GET') throw methodNotAllowed('GET');
      sseDoor.open(exchange, visitor);
      return;
    }
    const { versionHeader, hasSession } = readOpening(exchange);
    const isModern = !hasSession && versionHeader !== undefined && !isLegacyVersion(versionHeader);
    // A modern client that tries learns by 405 that there is no such thing.
    if (method === 'GET' && !isModern) streamable.get(exchange, visitor);
    else if (method === 'DELETE' && !isModern) streamable.delete(exchange, visitor);
    else throw methodNotAllowed(isModern ? 'POST' : 'GET, POST, DELETE');
  };

  /** Says what was thrown, in the words of the era that was to answer. */
  const refuse = (exchange: Exchange, error: unknown, modernMessage: Envelope | undefined): void => {
    // An answer under way cannot be changed any more; the server closes it.
    if (exchange.answered) throw error;
    if (modernMessage !== undefined) {
      const { id } = modernMessage.value;
      const named = typeof id === 'string' || typeof id === 'number' ? modernMessage.id : undefined;
      const { status, body } = renderRpcError(named ?? 'null', error, 'modern', log);
      exchange.sendJson(status, body, errorHeaders(error));
      return;
    }
    // What is refused here answers no request, so it has the catalogue's status, not that of its era.
    const status = error instanceof GatewayError ? ERRORS[error.code].httpStatus : 500;
    exchange.sendJson(status, renderRpcError('null', error, 'legacy', log).body, errorHeaders(error));
  };

  /** One asynchronous function for the whole way of a request: each further one would cost every call a turn. */
  const take = async (exchange: Exchange, { endpoint, door }: Place): Promise<void> => {
    let modernMessage: Envelope | undefined;
    try {
      const admission = gateway.admit(exchange.credential, endpoint);
      // Not of keys: a turn of the loop is theirs to keep.
      if (admission !== undefined) await admission;
      const visitor = identify(exchange, endpoint);
      if (exchange.method !== 'POST' || door === 'sse') {
        gateway.checkScope(exchange.credential, 'session.open', endpoint);
        takeBodiless(exchange, visitor, door);
        return;
      }
      const opening = door === 'streamable' ? readOpening(exchange) : undefined;
      const body = readMessages(await exchange.body(), limits().maxJsonDepth);
      if (opening === undefined) {
        checkScopes(exchange, endpoint, body, false);
        sseDoor.post(exchange, visitor, body);
        return;
      }
      const message = body.type === 'single' ? body.envelope : undefined;
      if (classify(message?.value, opening) === 'modern') modernMessage = message;
      checkScopes(exchange, endpoint, body, modernMessage !== undefined);
      if (modernMessage === undefined) await streamable.post(exchange, visitor, body);
      else await modern.handle(exchange, endpoint, modernMessage);
    } catch (error) {
      refuse(exchange, error, modernMessage);
    }
  };

  const route: Route = (exchange) => {
    const place = findPlace(exchange.segments);
    return place === undefined ? false : take(exchange, place);
  };

  return { routes: [route], closeAll: () => sessions.closeAll(), sessions: () => sessions.size };
}
