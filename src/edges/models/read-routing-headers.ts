/** The headers of a client that routing rules may look at: its `x-…` and `user-agent`, and nothing that proves who it is. */

import type { Exchange } from '../http/exchange.ts';

/** A word of the name, between dashes. */
const SECRET_WORD =
  /(^|-)(key|keys|apikey|token|secret|auth|authorization|credential|credentials|password|signature|cookie)(-|$)/;

/** Throws GatewayError `invalid_request` if one is there twice. */
export function readRoutingHeaders(
  exchange: Pick<Exchange, 'header' | 'headersWithPrefix'>,
): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of exchange.headersWithPrefix('x-')) if (!SECRET_WORD.test(name)) headers.set(name, value);
  const userAgent = exchange.header('user-agent');
  if (userAgent !== undefined) headers.set('user-agent', userAgent);
  return headers;
}
