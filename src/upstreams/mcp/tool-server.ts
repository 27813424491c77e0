/** An MCP server made of plain functions: what stands behind the `in-process` transport. Legacy era, 2025-11-25. */

import type { JsonText } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import type { InProcessServer } from './link.ts';

const PROTOCOL_VERSION = '2025-11-25';

export interface HostedTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments, an object schema. */
  readonly inputSchema: { readonly [keyword: string]: unknown };
  readonly annotations?: { readonly [hint: string]: unknown };
  /** Gets the arguments as they came; a returned string becomes text content. What it throws becomes `isError`. */
  call(args: { readonly [name: string]: unknown }, signal: AbortSignal): Promise<string> | string;
}

interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly [name: string]: unknown };
}

/** `name` and `version` are what the server calls itself. Every connection is independent; nothing is shared between calls. */
export function createToolServer(options: {
  name: string;
  version: string;
  instructions?: string;
  tools: readonly HostedTool[];
}): InProcessServer {
  const tools = new Map(options.tools.map((tool) => [tool.name, tool]));
  const listing = options.tools.map(({ call: _, ...definition }) => definition);

  return {
    connect(send) {
      const running = new Map<unknown, AbortController>();
      const answer = (id: Message['id'], body: object): void => send(JSON.stringify({ jsonrpc: '2.0', id, ...body }));
      const refuse = (id: Message['id'], code: number, message: string): void =>
        answer(id, { error: { code, message } });

      const callTool = async (id: Message['id'], params: Message['params']): Promise<void> => {
        const tool = tools.get(String(params?.name));
        if (tool === undefined) return refuse(id, -32602, `Unknown tool: ${params?.name}`);
        const cancel = new AbortController();
        running.set(id, cancel);
        try {
          const text = await tool.call(isObject(params?.arguments) ? params.arguments : {}, cancel.signal);
          if (!cancel.signal.aborted) answer(id, { result: { content: [{ type: 'text', text }] } });
        } catch (error) {
          const text = error instanceof Error ? error.message : String(error);
          if (!cancel.signal.aborted) answer(id, { result: { content: [{ type: 'text', text }], isError: true } });
        } finally {
          running.delete(id);
        }
      };

      const onRequest = (id: Message['id'], method: string, params: Message['params']): void => {
        switch (method) {
          case 'initialize': {
            const { name, version, instructions } = options;
            const result = {
              protocolVersion: PROTOCOL_VERSION,
              capabilities: { tools: {} },
              serverInfo: { name, version },
              ...(instructions ? { instructions } : {}),
            };
            return answer(id, { result });
          }
          case 'ping':
            return answer(id, { result: {} });
          case 'tools/list':
            return answer(id, { result: { tools: listing } });
          case 'tools/call':
            void callTool(id, params);
            return;
          default:
            return refuse(id, -32601, 'Method not found');
        }
      };

      return {
        receive(text: JsonText) {
          const message = JSON.parse(text) as Message;
          if (message.method === 'notifications/cancelled') running.get(message.params?.requestId)?.abort();
          else if (message.method !== undefined && message.id !== undefined)
            onRequest(message.id, message.method, message.params);
        },
        close() {
          for (const cancel of running.values()) cancel.abort();
        },
      };
    },
  };
}
