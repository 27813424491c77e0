/** Many MCP servers in this process that only list tools: streamable HTTP of the legacy era, in pages, one path per server. */

import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Definition } from './clients.ts';
import type { Cleanup } from './temp-dir.ts';

const PAGE_TOOLS = 150;

export interface ListingServers {
  /** As `mcpServers` entries, in the order of `tools`. */
  readonly entries: { readonly [serverId: string]: { readonly type: 'http'; readonly url: string } };
  /** From now on these servers answer `tools/list` only once it is their turn in `order`; all others at once. */
  arriveInOrder(order: readonly string[]): void;
  /** Servers in the order in which their last pages went out. */
  readonly arrivals: string[];
}

interface Request {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: { readonly cursor?: string; readonly protocolVersion?: string };
}

export async function startListingServers(
  cleanup: Cleanup,
  tools: ReadonlyMap<string, readonly Definition[]>,
): Promise<ListingServers> {
  const arrivals: string[] = [];
  let turns = new Map<string, { readonly turn: Promise<void>; readonly done: () => void }>();

  const listTools = async (serverId: string, cursor: string | undefined): Promise<object> => {
    const own = tools.get(serverId) ?? [];
    const start = Number(cursor ?? 0);
    const end = start + PAGE_TOOLS;
    if (cursor === undefined) await turns.get(serverId)?.turn;
    if (end < own.length) return { tools: own.slice(start, end), nextCursor: String(end) };
    arrivals.push(serverId);
    turns.get(serverId)?.done();
    return { tools: own.slice(start) };
  };
  const answer = async (serverId: string, { method, params }: Request): Promise<object> => {
    if (method === 'initialize')
      return {
        protocolVersion: params?.protocolVersion ?? '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: serverId, version: '1' },
      };
    if (method === 'tools/list') return listTools(serverId, params?.cursor);
    return {};
  };
  const read = async (request: IncomingMessage): Promise<Request> => (await json(request)) as Request;

  const server = createServer((request, response) => {
    void (async () => {
      if (request.method !== 'POST') return void response.writeHead(405).end();
      const message = await read(request);
      if (message.id === undefined) return void response.writeHead(202).end();
      const isModern = message.method === 'server/discover';
      const reply = isModern
        ? { error: { code: -32601, message: 'Method not found' } }
        : { result: await answer((request.url ?? '').slice(1), message) };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...reply }));
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;

  return {
    entries: Object.fromEntries(
      [...tools.keys()].map((id) => [id, { type: 'http', url: `http://127.0.0.1:${port}/${id}` }]),
    ),
    arrivals,
    arriveInOrder(order) {
      arrivals.length = 0;
      turns = new Map();
      let turn = Promise.resolve();
      for (const id of order) {
        const { promise, resolve } = Promise.withResolvers<void>();
        turns.set(id, { turn, done: resolve });
        turn = promise;
      }
    },
  };
}
