/** What a modern result must carry, written into the text of any server's result; all other bytes stay as they came. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText } from '../../../contracts/json.ts';
import { DuplicateMemberError, type Member, scanMembers, withMembers } from '../../../lib/json-text.ts';
import { META } from './wire.ts';

/** Methods whose complete results must say how long and for whom they may be kept. */
const CACHEABLE: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

/** Digits only: `1.0` or `1e3` are integers to JavaScript, but not to every client's parser. */
function isTtl(text: JsonText | undefined): boolean {
  return text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(Number(text));
}

/** Replaces values where they stand and adds what is missing at the end. */
function splice(text: JsonText, members: readonly Member[], changes: ReadonlyMap<string, JsonText>): JsonText {
  const missing = new Map(changes);
  let out = '';
  let from = 0;
  for (const member of members) {
    const change = missing.get(member.key);
    if (change === undefined) continue;
    missing.delete(member.key);
    out += text.slice(from, member.valueStart) + change;
    from = member.valueEnd;
  }
  const end = text.lastIndexOf('}');
  out += text.slice(from, end);
  let separator = members.length > 0 ? ',' : '';
  for (const [key, value] of missing) {
    out += `${separator}${JSON.stringify(key)}:${value}`;
    separator = ',';
  }
  return out + text.slice(end);
}

function stamp(method: string, text: JsonText, serverInfo: JsonText): JsonText {
  const members = scanMembers(text);
  const given = new Map(members.map((member) => [member.key, text.slice(member.valueStart, member.valueEnd)]));
  const changes = new Map<string, JsonText>();

  const resultType = given.get('resultType');
  if (resultType?.startsWith('"') !== true) changes.set('resultType', '"complete"');
  const isComplete = changes.has('resultType') || resultType === '"complete"';
  if (isComplete && CACHEABLE.has(method)) {
    if (!isTtl(given.get('ttlMs'))) changes.set('ttlMs', '0');
    const scope = given.get('cacheScope');
    if (scope !== '"public"' && scope !== '"private"') changes.set('cacheScope', '"private"');
  }
  const meta = given.get('_meta');
  changes.set('_meta', withMembers(meta?.startsWith('{') ? meta : '{}', { [META.serverInfo]: serverInfo }));
  return splice(text, members, changes);
}

/**
 * `serverInfo` is ours, as JSON text, and replaces the server's own. A missing `resultType` becomes `complete`; missing
 * or unusable cache hints become "do not keep" (0, private). Throws GatewayError `upstream_failed` if `text` is no object
 * or names a member twice.
 */
export function encodeResult(method: string, text: JsonText, serverInfo: JsonText): JsonText {
  if (!/^\s*\{/.test(text)) throw new GatewayError('upstream_failed', 'its result is not an object');
  try {
    return stamp(method, text, serverInfo);
  } catch (error) {
    if (!(error instanceof DuplicateMemberError)) throw error;
    throw new GatewayError('upstream_failed', 'its result is ambiguous', { cause: error });
  }
}
