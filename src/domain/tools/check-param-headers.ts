/** Arguments mirrored into `Mcp-Param-*` headers (2026-07-28, `x-mcp-header`): header and body must say the same. */

import type { OfferedTool } from '../../contracts/upstream.ts';
import { isObject } from '../../lib/is-object.ts';

function argumentAt(args: unknown, path: readonly string[]): unknown {
  let value = args;
  for (const step of path) value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  return value;
}

function agree(value: unknown, header: string): boolean {
  // Numbers are compared as numbers, since 1 and 1.0 are one argument in two spellings.
  if (typeof value === 'number') return header.trim() !== '' && Number(header) === value;
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) === header : true;
}

/**
 * The header that is missing or differs, or undefined. `headers` are keyed by lower-case suffix, already decoded. An
 * argument that is null or absent has no header. Headers the tool does not declare are not ours to judge.
 */
export function findHeaderMismatch(
  tool: Pick<OfferedTool, 'headerParams'>,
  args: unknown,
  headers: ReadonlyMap<string, string>,
): string | undefined {
  for (const { header, path } of tool.headerParams) {
    const value = argumentAt(args, path);
    const sent = headers.get(header.toLowerCase());
    const absent = value === undefined || value === null;
    if (absent ? sent !== undefined : sent === undefined || !agree(value, sent)) return header;
  }
  return undefined;
}
