/** The smallest client of the modern era: one stateless POST per request, for load and for what real clients do not send. */

import { randomUUID } from 'node:crypto';

const REVISION = '2026-07-28';

export interface RawAnswer {
  readonly status: number;
  /** The JSON-RPC response, or undefined if the body was something else. */
  readonly result: { readonly [field: string]: unknown } | undefined;
  /** The header of that name, if there was one. */
  readonly serverTiming: string | undefined;
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } | undefined;
}

/** JSON of a body that is either JSON or an event stream ending with the response. */
function parseBody(text: string, type: string): { result?: RawAnswer['result']; error?: RawAnswer['error'] } {
  const json = type.includes('text/event-stream')
    ? (text
        .match(/^data: (.*)$/gm)
        ?.at(-1)
        ?.slice(6) ?? '')
    : text;
  try {
    return JSON.parse(json) as { result?: RawAnswer['result']; error?: RawAnswer['error'] };
  } catch {
    return {};
  }
}

export interface RawRequest {
  readonly url: string;
  readonly key: string;
  readonly method: string;
  readonly params?: { readonly [field: string]: unknown };
  /** What the client declares; default: nothing. */
  readonly capabilities?: object;
  /** More headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** More of `_meta`. */
  readonly meta?: object;
  /** Each notification that came before the answer, once the answer is there. */
  readonly onNotification?: (message: { readonly method: string; readonly params: Record<string, unknown> }) => void;
  /** Default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Sends one modern request. Rejects only if the connection fails or time is up. */
export async function sendModern(request: RawRequest): Promise<RawAnswer> {
  const { method, params = {} } = request;
  const name = params.name ?? params.uri ?? params.taskId;
  const signals = [AbortSignal.timeout(request.timeoutMs ?? 30_000), ...(request.signal ? [request.signal] : [])];
  const response = await fetch(request.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${request.key}`,
      'mcp-protocol-version': REVISION,
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      ...request.headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: randomUUID(),
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': REVISION,
          ...request.meta,
          'io.modelcontextprotocol/clientCapabilities': request.capabilities ?? {},
          'io.modelcontextprotocol/clientInfo': { name: 'portcullis-test', version: '1.0.0' },
        },
      },
    }),
    signal: AbortSignal.any(signals),
  });
  const text = await response.text();
  for (const [, data = ''] of text.matchAll(/^data: (.*)$/gm)) {
    const message = JSON.parse(data) as { method?: string; params?: Record<string, unknown> };
    if (message.method !== undefined)
      request.onNotification?.({ method: message.method, params: message.params ?? {} });
  }
  const { result, error } = parseBody(text, response.headers.get('content-type') ?? '');
  const serverTiming = response.headers.get('server-timing') ?? undefined;
  return { status: response.status, serverTiming, result, error };
}

/** Calls one tool. */
export function callTool(
  gateway: { readonly mcpUrl: string },
  key: string,
  name: string,
  args: object,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<RawAnswer> {
  return sendModern({ url: gateway.mcpUrl, key, method: 'tools/call', params: { name, arguments: args }, ...options });
}

/** Names of all tools this key sees. */
export async function listToolNames(gateway: { readonly mcpUrl: string }, key: string): Promise<string[]> {
  const names: string[] = [];
  let cursor: unknown;
  do {
    const params = cursor === undefined ? {} : { cursor };
    const { result } = await sendModern({ url: gateway.mcpUrl, key, method: 'tools/list', params });
    names.push(...((result?.tools ?? []) as { name: string }[]).map(({ name }) => name));
    cursor = result?.nextCursor;
  } while (cursor !== undefined);
  return names;
}
