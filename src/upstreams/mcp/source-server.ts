/** Serves a tool source as an MCP server inside this process. Legacy era, 2025-11-25; tools only. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { ServerCredential } from '../../contracts/server-credentials.ts';
import type { ToolSource } from '../../contracts/tool-source.ts';
import { memberText } from '../../lib/json-text.ts';
import type { InProcessServer } from './link.ts';

const PROTOCOL_VERSION = '2025-11-25';
const INVALID_PARAMS = -32602;
const METHOD_NOT_FOUND = -32601;
const INTERNAL_ERROR = -32603;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: {
    readonly name?: unknown;
    readonly requestId?: unknown;
    readonly _meta?: { readonly traceparent?: unknown };
  };
}

/** Every connection is independent; what they share is the source's. `credential`: of the user whose calls come. */
export function createSourceServer(source: ToolSource, credential?: ServerCredential): InProcessServer {
  return {
    connect(send, fail) {
      const running = new Map<unknown, AbortController>();
      const stopWatching = source.watch(() => {
        send('{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}');
      });
      const answer = (id: number, result: JsonText): void => send(`{"jsonrpc":"2.0","id":${id},"result":${result}}`);
      const refuse = (id: number, code: number, message: string): void =>
        send(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } }));

      const work = async (id: number, message: Message, text: JsonText, signal: AbortSignal): Promise<void> => {
        switch (message.method) {
          case 'initialize': {
            const { name, version, instructions } = await source.open(signal);
            const result = {
              protocolVersion: PROTOCOL_VERSION,
              capabilities: { tools: { listChanged: true } },
              serverInfo: { name, version },
              ...(instructions === undefined ? {} : { instructions }),
            };
            return answer(id, JSON.stringify(result));
          }
          case 'ping':
            return answer(id, '{}');
          case 'tools/list':
            return answer(id, `{"tools":[${(await source.list(signal)).join(',')}]}`);
          case 'tools/call': {
            const name = String(message.params?.name);
            const given = memberText(memberText(text, 'params') ?? '{}', 'arguments');
            const traceparent = message.params?._meta?.traceparent;
            const result = await source.call({
              name,
              arguments: given ?? '{}',
              credential,
              traceparent: typeof traceparent === 'string' ? traceparent : undefined,
              signal,
            });
            return result === undefined ? refuse(id, INVALID_PARAMS, `Unknown tool: ${name}`) : answer(id, result);
          }
          default:
            return refuse(id, METHOD_NOT_FOUND, 'Method not found');
        }
      };

      const begin = async (id: number, message: Message, text: JsonText): Promise<void> => {
        const cancel = new AbortController();
        running.set(id, cancel);
        try {
          await work(id, message, text, cancel.signal);
        } catch (error) {
          if (cancel.signal.aborted) return;
          if (error instanceof GatewayError) fail(id, error);
          // What goes wrong in a call is for our log, not for callers.
          else if (message.method === 'tools/call') fail(id, new GatewayError('internal', undefined, { cause: error }));
          else refuse(id, INTERNAL_ERROR, error instanceof Error ? error.message : String(error));
        } finally {
          running.delete(id);
        }
      };

      return {
        receive(text) {
          const message = JSON.parse(text) as Message;
          if (message.method === 'notifications/cancelled') running.get(message.params?.requestId)?.abort();
          else if (message.id !== undefined) void begin(message.id, message, text);
        },
        close() {
          stopWatching();
          for (const cancel of running.values()) cancel.abort();
        },
      };
    },
  };
}
