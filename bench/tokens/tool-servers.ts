/** Pretended MCP servers with recorded definitions: streamable HTTP, one path for each, answering what `results.ts` makes. */

import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Definition } from '../../test/support/clients.ts';
import type { Cleanup } from '../../test/support/temp-dir.ts';
import { resultOf } from './results.ts';
import type { TaskCall } from './tasks.ts';

export interface ToolServers {
  /** As `mcpServers` entries. */
  readonly entries: { readonly [serverId: string]: { readonly type: 'http'; readonly url: string } };
  /** Forgets what was called; from now on texts in results are so many times as long. */
  begin(scale: number): void;
  /** Since then, in the order of arrival. */
  readonly calls: readonly TaskCall[];
}

interface Request {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: {
    readonly protocolVersion?: string;
    readonly name?: string;
    readonly arguments?: Record<string, unknown>;
  };
}

export async function startToolServers(
  cleanup: Cleanup,
  tools: ReadonlyMap<string, readonly Definition[]>,
): Promise<ToolServers> {
  let scale = 1;
  const calls: TaskCall[] = [];

  const callTool = (serverId: string, name: string, args: Record<string, unknown>): object => {
    const tool = `${serverId}/${name}`;
    calls.push({ tool, args });
    const result = resultOf(tool, args, scale);
    const text = typeof result === 'string' ? result : JSON.stringify(result);
    const declares = tools.get(serverId)?.some((each) => each.name === name && each.outputSchema !== undefined);
    return { content: [{ type: 'text', text }], ...(declares === true && { structuredContent: result }) };
  };
  const answer = (serverId: string, { method, params }: Request): object => {
    if (method === 'initialize')
      return {
        ...{ protocolVersion: params?.protocolVersion ?? '2025-11-25', capabilities: { tools: {} } },
        serverInfo: { name: serverId, version: '1' },
      };
    if (method === 'tools/list') return { tools: tools.get(serverId) ?? [] };
    if (method === 'tools/call') return callTool(serverId, params?.name ?? '', params?.arguments ?? {});
    return {};
  };

  const server = createServer((request, response) => {
    void (async () => {
      if (request.method !== 'POST') return void response.writeHead(405).end();
      const message = (await json(request)) as Request;
      if (message.id === undefined) return void response.writeHead(202).end();
      const reply =
        message.method === 'server/discover'
          ? { error: { code: -32601, message: 'Method not found' } }
          : { result: answer((request.url ?? '').slice(1), message) };
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
    begin(textsTimes) {
      scale = textsTimes;
      calls.length = 0;
    },
    calls,
  };
}
