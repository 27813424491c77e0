/** Headers that mirror the body (2026-07-28, Streamable HTTP "Request Metadata"): required, decoded, compared. */

import { isUtf8 } from 'node:buffer';
import { GatewayError } from '../../../contracts/errors.ts';
import type { Exchange } from '../../http/exchange.ts';
import { MODERN_VERSION, SUPPORTED_VERSIONS } from './wire.ts';

const SENTINEL_START = '=?base64?';
const SENTINEL_END = '?=';
const PARAM_PREFIX = 'mcp-param-';

function mismatch(detail: string): GatewayError {
  return new GatewayError('header_mismatch', detail);
}

/** The value behind a header: trimmed, base64 sentinel decoded. Undefined if it holds what no header may hold. */
export function decodeHeaderValue(raw: string): string | undefined {
  const value = raw.replace(/^[ \t]+|[ \t]+$/g, '');
  if (/[^\t\x20-\x7e]/.test(value)) return undefined;
  const isEncoded =
    value.length >= SENTINEL_START.length + SENTINEL_END.length &&
    value.startsWith(SENTINEL_START) &&
    value.endsWith(SENTINEL_END);
  if (!isEncoded) return value;
  const base64 = value.slice(SENTINEL_START.length, -SENTINEL_END.length);
  const bytes = Buffer.from(base64, 'base64');
  // Node skips what is not base64; only what comes back the same was canonical, padding included.
  if (bytes.toString('base64') !== base64 || !isUtf8(bytes)) return undefined;
  return bytes.toString('utf8');
}

/** The header must be there and say what the body says; then the version must be ours. Throws GatewayError. */
export function checkVersion(exchange: Exchange, version: string): void {
  const header = exchange.header('mcp-protocol-version')?.trim();
  if (header === undefined) throw mismatch('MCP-Protocol-Version is missing');
  if (header !== version) throw mismatch(`MCP-Protocol-Version is "${header}", the body says "${version}"`);
  if (version !== MODERN_VERSION)
    throw new GatewayError('unsupported_version', undefined, {
      data: { supported: SUPPORTED_VERSIONS, requested: version },
    });
}

/** `Mcp-Method` of every request. Throws GatewayError `header_mismatch`. */
export function checkMethod(exchange: Exchange, method: string): void {
  const header = exchange.header('mcp-method')?.trim();
  if (header === undefined) throw mismatch('Mcp-Method is missing');
  if (header !== method) throw mismatch(`Mcp-Method is "${header}", the body says "${method}"`);
}

/** `Mcp-Name` of tools/call, prompts/get, resources/read and of what names a task. Throws GatewayError `header_mismatch`. */
export function checkName(exchange: Exchange, name: string): void {
  const header = exchange.header('mcp-name');
  if (header === undefined) throw mismatch('Mcp-Name is missing');
  const decoded = decodeHeaderValue(header);
  if (decoded === undefined) throw mismatch('Mcp-Name is not plain ASCII or valid base64 of UTF-8');
  if (decoded !== name) throw mismatch(`Mcp-Name is "${decoded}", the body says "${name}"`);
}

/**
 * All `Mcp-Param-*` of a tools/call, decoded, under their lower-case suffix. Whether they agree with the arguments only
 * the tool's schema can tell, so that comparison is the pipeline's. Throws GatewayError `header_mismatch`.
 */
export function decodeParamHeaders(exchange: Exchange): ReadonlyMap<string, string> {
  const given = exchange.headersWithPrefix(PARAM_PREFIX);
  if (given.size === 0) return given;
  const decoded = new Map<string, string>();
  for (const [header, raw] of given) {
    const value = decodeHeaderValue(raw);
    if (value === undefined) throw mismatch(`${header} is not plain ASCII or valid base64 of UTF-8`);
    decoded.set(header.slice(PARAM_PREFIX.length), value);
  }
  return decoded;
}
