/** What servers are told of a client that speaks no MCP: it has a `User-Agent`, and they want a name and a version. */

import type { JsonText } from '../../contracts/json.ts';

const MAX_CHARS = 200;
/** The first product of the header (RFC 9110, section 10.1.5). */
const PRODUCT = /^[^\s/()]+\/([^\s/()]+)/;

/** MCP's `Implementation`, whose version is a must; undefined where there is no such header. */
export function describeClient(userAgent: string | undefined): JsonText | undefined {
  if (userAgent === undefined) return undefined;
  const name = userAgent.slice(0, MAX_CHARS);
  return JSON.stringify({ name, version: PRODUCT.exec(name)?.[1] ?? '' });
}
