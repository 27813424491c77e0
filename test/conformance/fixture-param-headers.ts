/** The fixture's check of `Mcp-Param-*` headers (2026-07-28, x-mcp-header): mirrored arguments must be there and agree. */

import type { JsonObject } from './fixture-content.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The value of a header, its sentinel form decoded; undefined if that is broken. */
function decodeHeader(value: string): string | undefined {
  if (!value.startsWith('=?base64?') || !value.endsWith('?=')) return value;
  const encoded = value.slice('=?base64?'.length, -'?='.length);
  return BASE64.test(encoded) ? Buffer.from(encoded, 'base64').toString('utf8') : undefined;
}

/** What is wrong with the mirrored headers of this call, if anything. */
export function findParamHeaderMismatch(
  inputSchema: unknown,
  args: JsonObject,
  header: (name: string) => string | null,
): string | undefined {
  const properties = ((inputSchema as JsonObject).properties ?? {}) as { [name: string]: JsonObject };
  for (const [name, property] of Object.entries(properties)) {
    const suffix = property['x-mcp-header'];
    if (typeof suffix !== 'string') continue;
    const sent = header(`mcp-param-${suffix}`);
    const value = args[name];
    if (value === undefined || value === null) continue;
    if (sent === null) return `Mcp-Param-${suffix} is missing`;
    const decoded = decodeHeader(sent.trim());
    const agrees =
      typeof value === 'number' ? decoded !== undefined && Number(decoded) === value : decoded === String(value);
    if (!agrees) return `Mcp-Param-${suffix} does not agree with the argument ${name}`;
  }
  return undefined;
}
