/** A session of the legacy era by hand, for what no client library would do with it. */

import { type Posted, post } from './raw-http.ts';

export interface LegacySession {
  readonly headers: { readonly [name: string]: string };
  request(id: string | number, method: string, params: object): Promise<Posted>;
}

/** Rejects if the gateway gives none. */
export async function openLegacySession(url: string, key: string, version = '2025-11-25'): Promise<LegacySession> {
  const authorization = `Bearer ${key}`;
  const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'hostile', version: '1' } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const opened = await post(url, body, { authorization });
  const id = opened.headers.get('mcp-session-id');
  if (id === null) throw new Error(`no session: ${opened.status} ${opened.text}`);
  const headers = { authorization, 'mcp-session-id': id, 'mcp-protocol-version': version };
  await post(url, '{"jsonrpc":"2.0","method":"notifications/initialized"}', headers);
  return {
    headers,
    request: (requestId, method, given) =>
      post(url, JSON.stringify({ jsonrpc: '2.0', id: requestId, method, params: given }), headers),
  };
}
