/** The requests that are sent, as the generator wants them, and the opening of legacy sessions. */

import type { Job } from '../generator.ts';

export type Shape = Pick<Job, 'port' | 'head' | 'body' | 'values' | 'checkId' | 'mark'>;

/** Where to send it, and with which key; `@VALUE@` stands for each of the job's values in turn. */
export interface Target {
  readonly port: number;
  /** Default `/mcp`. */
  readonly path?: string;
  readonly key?: string;
}

export const MODERN = '2026-07-28';
export const LEGACY = '2025-11-25';
const ARGUMENTS = '{"text":"what is known of number @ID@?","count":3,"deep":false}';
const META =
  `"_meta":{"io.modelcontextprotocol/protocolVersion":"${MODERN}",` +
  '"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}';

export function head({ port, path = '/mcp', key }: Target, headers: readonly string[]): string {
  const lines = [
    `POST ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    'content-type: application/json',
    'accept: application/json, text/event-stream',
    ...(key === undefined ? [] : [`authorization: Bearer ${key}`]),
    ...headers,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** tools/call of 2026-07-28, with the headers that revision asks for. */
export function modernCall(target: Target, tool: string): Shape {
  return {
    port: target.port,
    head: head(target, [`mcp-protocol-version: ${MODERN}`, 'mcp-method: tools/call', `mcp-name: ${tool}`]),
    body: `{"jsonrpc":"2.0","id":@ID@,"method":"tools/call","params":{${META},"name":"${tool}","arguments":${ARGUMENTS}}}`,
  };
}

/** tools/list of 2026-07-28. */
export function modernList(target: Target): Shape {
  return {
    port: target.port,
    head: head(target, [`mcp-protocol-version: ${MODERN}`, 'mcp-method: tools/list']),
    body: `{"jsonrpc":"2.0","id":@ID@,"method":"tools/list","params":{${META}}}`,
  };
}

/** tools/call of 2025-11-25 in a session. */
export function legacyCall(target: Target, tool: string, session: string): Shape {
  return {
    port: target.port,
    head: head(target, [`mcp-protocol-version: ${LEGACY}`, `mcp-session-id: ${session}`]),
    body: `{"jsonrpc":"2.0","id":@ID@,"method":"tools/call","params":{"name":"${tool}","arguments":${ARGUMENTS}}}`,
  };
}

/** The same call over mcp-hub's own interface: it has no streamable HTTP of its own for one server. */
export function hubCall(port: number, server: string, tool: string): Shape {
  return {
    port,
    head: head({ port, path: '/api/servers/tools' }, []),
    body: `{"server_name":"${server}","tool":"${tool}","arguments":${ARGUMENTS}}`,
    checkId: false,
  };
}

/** A chat completion of about 1 KB, answered whole. */
export function chatCall(target: Target, model: string): Shape {
  const prompt = `Number @ID@. ${'Some words to have a prompt of a usual size. '.repeat(20)}`;
  return {
    port: target.port,
    head: head({ path: '/v1/chat/completions', ...target }, []),
    body: JSON.stringify({ model, messages: [{ role: 'user', content: prompt }] }),
    checkId: false,
    mark: '"finish_reason":"stop"',
  };
}

/** A call of a tool as a model would have suggested it in chat completions. */
export function executeCall(target: Target, tool: string): Shape {
  const made = { id: 'call_@ID@', type: 'function', function: { name: tool, arguments: ARGUMENTS } };
  return {
    port: target.port,
    head: head({ path: '/v1/mcp/tool/execute', ...target }, []),
    body: JSON.stringify(made),
    checkId: false,
    mark: '"role":"tool"',
  };
}

const OPEN_LIMIT_MS = 30_000;

/** Opens a legacy session and returns its id. */
export async function openSession({ port, path = '/mcp', key }: Target): Promise<string> {
  const url = `http://127.0.0.1:${port}${path}`;
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  const post = async (body: unknown, extra: { readonly [name: string]: string }): Promise<Response> => {
    const signal = AbortSignal.timeout(OPEN_LIMIT_MS);
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, ...extra },
      body: JSON.stringify(body),
      signal,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 300)}`);
    return response;
  };
  const clientInfo = { name: 'bench', version: '1' };
  const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo };
  const opened = await post({ jsonrpc: '2.0', id: 0, method: 'initialize', params }, {});
  const session = opened.headers.get('mcp-session-id');
  if (session === null) throw new Error(`${url} opened no session`);
  await post({ jsonrpc: '2.0', method: 'notifications/initialized' }, { 'mcp-session-id': session });
  return session;
}

/** Many sessions, a few at a time. */
export async function openSessions(target: Target, count: number): Promise<string[]> {
  const sessions: string[] = [];
  const worker = async (): Promise<void> => {
    while (sessions.length < count) {
      const at = sessions.push('') - 1;
      sessions[at] = await openSession(target);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return sessions;
}
