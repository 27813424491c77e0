/** The MCP endpoint: who is it, does the endpoint exist for them, which era do they speak; then the era's own room answers. */

import type { Endpoint, Gateway } from '../../contracts/call.ts';
import { ERRORS, GatewayError } from '../../contracts/errors.ts';
import type { ParsedJson } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import type { Exchange, Route } from '../http/exchange.ts';
import { errorHeaders, methodNotAllowed } from '../http/render-error.ts';
import { classify } from './classify.ts';
import { type Body, type Envelope, readMessages } from './read-message.ts';
import { renderRpcError } from './render-error.ts';
import type { Door } from './rev-2025/session.ts';
import { createSessions, type Visitor } from './rev-2025/sessions.ts';
import { createSseDoor } from './rev-2025/sse-door.ts';
import { createStreamable } from './rev-2025/streamable.ts';
import { isLegacyVersion } from './rev-2025/versions.ts';

/** What the modern era's room offers: it answers one POST completely, or throws a GatewayError to be rendered here. */
export interface ModernHandler {
  handle(exchange: Exchange, endpoint: Endpoint, message: ParsedJson): Promise<void>;
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

/** `/mcp`, `/mcp/{server}`, `/sse`, `/messages`, `/mcp/{server}/sse`, `/mcp/{server}/messages`. */
function findPlace([first, second, third, ...more]: readonly string[]): Place | undefined {
  if (more.length > 0) return undefined;
  if (second === undefined) {
    if (first === 'mcp') return { endpoint: { type: 'all' }, door: 'streamable' };
    return first === 'sse' || first === 'messages' ? { endpoint: { type: 'all' }, door: first } : undefined;
  }
  if (first !== 'mcp') return undefined;
  const endpoint: Endpoint = { type: 'server', serverId: second };
  if (third === undefined) return { endpoint, door: 'streamable' };
  return third === 'sse' || third === 'messages' ? { endpoint, door: third } : undefined;
}

export function createMcpRoutes(deps: McpDeps): McpRoutes {
  const { gateway, modern, log, limits } = deps;
  const sessions = createSessions({ gateway, limits, now: deps.now });
  const streamable = createStreamable({ ...deps, sessions });
  const sseDoor = createSseDoor({ ...deps, sessions });

  const readPost = async (exchange: Exchange): Promise<Body> =>
    readMessages(await exchange.body(), limits().maxJsonDepth);

  const takeModern = async (exchange: Exchange, endpoint: Endpoint, message: Envelope): Promise<void> => {
    try {
      await modern.handle(exchange, endpoint, message);
    } catch (error) {
      if (exchange.answered) throw error;
      const { id } = message.value;
      const named = typeof id === 'string' || typeof id === 'number' ? message.id : undefined;
      const { status, body } = renderRpcError(named ?? 'null', error, 'modern', log);
      exchange.sendJson(status, body, errorHeaders(error));
    }
  };

  const takeStreamable = async (exchange: Exchange, visitor: Visitor): Promise<void> => {
    const versionHeader = exchange.header('mcp-protocol-version');
    const hasSession = exchange.header('mcp-session-id') !== undefined;
    if (exchange.method === 'POST') {
      const body = await readPost(exchange);
      const message = body.type === 'single' ? body.envelope : undefined;
      const era = classify({ message: message?.value, versionHeader, hasSession, isLegacyVersion });
      if (era === 'modern' && message !== undefined) await takeModern(exchange, visitor.endpoint, message);
      else await streamable.post(exchange, visitor, body);
      return;
    }
    // GET and DELETE exist only in the legacy era; a modern client that tries learns it by 405.
    const isModern = !hasSession && versionHeader !== undefined && !isLegacyVersion(versionHeader);
    if (exchange.method === 'GET' && !isModern) streamable.get(exchange, visitor);
    else if (exchange.method === 'DELETE' && !isModern) streamable.delete(exchange, visitor);
    else throw methodNotAllowed(isModern ? 'POST' : 'GET, POST, DELETE');
  };

  const take = async (exchange: Exchange, { endpoint, door }: Place): Promise<void> => {
    const caller = gateway.identify(exchange.credential);
    if (!gateway.serves(endpoint, caller)) throw new GatewayError('unknown_server');
    const visitor: Visitor = { caller, endpoint, credential: exchange.credential };
    if (door === 'streamable') return takeStreamable(exchange, visitor);
    const method = door === 'sse' ? 'GET' : 'POST';
    if (exchange.method !== method) throw methodNotAllowed(method);
    if (door === 'sse') sseDoor.open(exchange, visitor);
    else sseDoor.post(exchange, visitor, await readPost(exchange));
  };

  const route: Route = async (exchange) => {
    const place = findPlace(exchange.segments);
    if (place === undefined) return false;
    try {
      await take(exchange, place);
    } catch (error) {
      // An answer under way cannot be changed any more; the server closes it.
      if (exchange.answered) throw error;
      // What is refused here answers no request, so it has the catalogue's status, not that of its era.
      const status = error instanceof GatewayError ? ERRORS[error.code].httpStatus : 500;
      exchange.sendJson(status, renderRpcError('null', error, 'legacy', log).body, errorHeaders(error));
    }
    return true;
  };

  return { routes: [route], closeAll: () => sessions.closeAll(), sessions: () => sessions.size };
}
