/** Headers of 2026-07-28 that repeat parts of the body, so that intermediaries can route without reading it. */

import type { JsonText } from '../../contracts/json.ts';
import type { OfferedTool } from '../../contracts/upstream.ts';
import { memberText } from '../../lib/json-text.ts';
import { parseJson } from './json-rpc.ts';

const NAMED_METHODS = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
  'tasks/get',
  'tasks/update',
  'tasks/cancel',
]);

/** A value as a header can carry it: plain where that is unambiguous, else base64 between sentinels. */
export function encodeHeaderValue(value: string): string {
  const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) && !/^=\?base64\?.*\?=$/i.test(value);
  return plain || value === '' ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

/** `Mcp-Method`, `Mcp-Name` and `Mcp-Param-*`, names and values in turn. */
export function mirrorHeaders(
  method: string,
  name: string | undefined,
  tool: OfferedTool | undefined,
  params: JsonText,
): string[] {
  const headers = ['mcp-method', method];
  if (name !== undefined && NAMED_METHODS.has(method)) headers.push('mcp-name', encodeHeaderValue(name));
  if (tool === undefined || tool.headerParams.length === 0 || method !== 'tools/call') return headers;
  const args = memberText(params, 'arguments');
  if (args === undefined) return headers;
  for (const { header, path } of tool.headerParams) {
    let text: JsonText | undefined = args;
    for (const step of path) if (text !== undefined) text = memberText(text, step);
    const value = text === undefined ? undefined : mirrorValue(text);
    if (value !== undefined) headers.push(`mcp-param-${header.toLowerCase()}`, encodeHeaderValue(value));
  }
  return headers;
}

/** Numbers keep their spelling, so that nothing is lost beyond 2^53. Null, objects and arrays are not mirrored. */
function mirrorValue(text: JsonText): string | undefined {
  const first = text.charAt(0);
  if (first === 'n' || first === '{' || first === '[') return undefined;
  if (first !== '"') return text;
  const value = parseJson(text);
  return typeof value === 'string' ? value : undefined;
}
