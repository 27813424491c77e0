/** The words of revision 2026-07-28 that more than one file of this folder needs: version, methods, `_meta` keys, frames. */

import type { JsonText } from '../../../contracts/json.ts';

/** The one modern revision there is. */
export const MODERN_VERSION = '2026-07-28';

/**
 * What `server/discover` and a refused version name. As in the official SDK only the revisions that work this way: a
 * client is to pick one of these for its next request, and the older ones need an `initialize` first.
 */
export const SUPPORTED_VERSIONS: readonly string[] = [MODERN_VERSION];

export const DISCOVER = 'server/discover';
export const LISTEN = 'subscriptions/listen';

export const META = {
  version: 'io.modelcontextprotocol/protocolVersion',
  capabilities: 'io.modelcontextprotocol/clientCapabilities',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const;

export function resultFrame(id: JsonText, result: JsonText): JsonText {
  return `{"jsonrpc":"2.0","id":${id},"result":${result}}`;
}

export function errorFrame(id: JsonText, error: JsonText): JsonText {
  return `{"jsonrpc":"2.0","id":${id},"error":${error}}`;
}

export function notificationFrame(method: string, params: JsonText | undefined): JsonText {
  const name = JSON.stringify(method);
  return params === undefined
    ? `{"jsonrpc":"2.0","method":${name}}`
    : `{"jsonrpc":"2.0","method":${name},"params":${params}}`;
}
