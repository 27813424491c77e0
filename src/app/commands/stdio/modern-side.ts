/** Stateless messages (2026-07-28) through the bridge: each request is one POST that carries its own headers. */

import type { JsonObject } from '../../../contracts/json.ts';
import { isObject } from '../../../lib/is-object.ts';
import { messageOf } from '../command-error.ts';
import { encodeHeaderValue } from '../gateway-client.ts';
import { headersForTool } from '../tool-arguments.ts';
import type { Headers, HttpFace } from './http-face.ts';
import { errorCodeOf, errorText, idKey, type Message, parseMessage } from './message.ts';

export interface ModernSide {
  /** Sends one request and writes everything that comes back. Never rejects. */
  send(message: Message): Promise<void>;
  /** The client gave up on a request: closing its stream tells the gateway. True if there was one. */
  cancel(id: unknown): boolean;
  /** Requests with an end, under way; open `subscriptions/listen` streams do not count. */
  readonly pending: number;
}

const HEADER_MISMATCH = -32020;
const MAX_TOOLS_REMEMBERED = 20_000;
const MAX_PAGES = 1000;

/** What `Mcp-Name` has to repeat, by method. */
function mirroredName(message: Message): string | undefined {
  const { method, params } = message;
  const value =
    method === 'tools/call' || method === 'prompts/get'
      ? params.name
      : method === 'resources/read'
        ? params.uri
        : method.startsWith('tasks/')
          ? params.taskId
          : undefined;
  return typeof value === 'string' ? value : undefined;
}

export function createModernSide(deps: {
  readonly face: HttpFace;
  readonly write: (text: string) => Promise<void>;
  readonly signal: AbortSignal;
}): ModernSide {
  const running = new Map<string, AbortController>();
  // Only tools that mirror arguments into headers, by name.
  const schemas = new Map<string, JsonObject>();
  let pending = 0;

  const learnTools = (result: unknown): void => {
    const tools = isObject(result) && Array.isArray(result.tools) ? result.tools : [];
    for (const tool of tools) {
      if (!isObject(tool) || typeof tool.name !== 'string') continue;
      const schema = tool.inputSchema;
      if (isObject(schema) && JSON.stringify(schema).includes('"x-mcp-header"')) {
        if (schemas.size < MAX_TOOLS_REMEMBERED) schemas.set(tool.name, schema);
      } else schemas.delete(tool.name);
    }
  };

  const headersFor = (message: Message): Headers => {
    const name = mirroredName(message);
    const schema = message.method === 'tools/call' && name !== undefined ? schemas.get(name) : undefined;
    return {
      'mcp-protocol-version': message.modernVersion ?? '',
      'mcp-method': message.method,
      ...(name === undefined ? {} : { 'mcp-name': encodeHeaderValue(name) }),
      ...headersForTool(schema, message.params.arguments),
    };
  };

  /** Lists all tools once more, with the asking message's `_meta`, to learn which arguments go into headers. */
  const relist = async (asking: Message, signal: AbortSignal): Promise<void> => {
    let cursor: unknown;
    for (let page = 0; page < MAX_PAGES; page++) {
      const params = { ...(cursor === undefined ? {} : { cursor }), _meta: asking.params._meta };
      const text = JSON.stringify({ jsonrpc: '2.0', id: `portcullis-list-${page}`, method: 'tools/list', params });
      const headers = { 'mcp-protocol-version': asking.modernVersion ?? '', 'mcp-method': 'tools/list' };
      const answer = await deps.face.post(text, headers, signal);
      let next: unknown;
      for await (const { text: arrived } of answer.arrivals) {
        const message = parseMessage(arrived);
        if (message?.kind !== 'response') continue;
        const { result } = JSON.parse(arrived) as JsonObject;
        learnTools(result);
        next = isObject(result) ? result.nextCursor : undefined;
      }
      if (typeof next !== 'string') return;
      cursor = next;
    }
  };

  const attempt = async (message: Message, signal: AbortSignal, mayRelist: boolean): Promise<void> => {
    const answer = await deps.face.post(message.text, headersFor(message), signal);
    let answered = false;
    for await (const { text } of answer.arrivals) {
      const arrived = text === '' ? undefined : parseMessage(text);
      if (arrived === undefined) continue;
      if (arrived.kind === 'response') {
        if (mayRelist && message.method === 'tools/call' && errorCodeOf(arrived) === HEADER_MISMATCH) {
          await relist(message, signal);
          return attempt(message, signal, false);
        }
        if (message.method === 'tools/list') learnTools((JSON.parse(text) as JsonObject).result);
        answered = true;
        // Errors that the gateway found before it knew the id belong to this request all the same.
        if (arrived.id === undefined) {
          await deps.write(JSON.stringify({ ...(JSON.parse(text) as JsonObject), id: message.id }));
          continue;
        }
      }
      await deps.write(text);
    }
    if (!answered) throw new Error(`the gateway gave no answer (HTTP ${answer.status})`);
  };

  return {
    get pending() {
      return pending;
    },
    async send(message) {
      const key = idKey(message.id);
      const controller = new AbortController();
      const hasEnd = message.method !== 'subscriptions/listen';
      running.set(key, controller);
      if (hasEnd) pending++;
      try {
        await attempt(message, AbortSignal.any([deps.signal, controller.signal]), true);
      } catch (error) {
        // A cancelled request gets no answer, and at the end nobody reads any more.
        if (!controller.signal.aborted && !deps.signal.aborted) {
          await deps.write(errorText(message.id, -32603, `Portcullis bridge: ${messageOf(error)}`));
        }
      } finally {
        if (running.get(key) === controller) running.delete(key);
        if (hasEnd) pending--;
      }
    },
    cancel(id) {
      const controller = typeof id === 'string' || typeof id === 'number' ? running.get(idKey(id)) : undefined;
      controller?.abort();
      return controller !== undefined;
    },
  };
}
