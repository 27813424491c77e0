/** The fixture in both eras at one address: sessions and handshakes go to the legacy half, all else to the modern one. */

import type { IncomingMessage, ServerResponse } from 'node:http';

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Headers tell the eras apart. A client that says no version at all has not shaken hands yet, or names its method in one. */
function isLegacy({ method, headers }: IncomingMessage): boolean {
  if (headers['mcp-session-id'] !== undefined || method !== 'POST') return true;
  const version = headers['mcp-protocol-version'];
  return typeof version === 'string' ? version < '2026' : headers['mcp-method'] === undefined;
}

export function createBothErasFixture(halves: { readonly legacy: Handle; readonly modern: Handle }): Handle {
  return (request, response) => (isLegacy(request) ? halves.legacy : halves.modern)(request, response);
}
