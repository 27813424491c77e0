/** What a modern result must carry, written into the text of any server's result; all other bytes stay as they came. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText, TextMember } from '../../../contracts/json.ts';
import { DuplicateMemberError, scanMembers, withMembers } from '../../../lib/json-text.ts';
import { textOf } from '../read-message.ts';
import { META } from './wire.ts';

/** Methods whose complete results must say how long and for whom they may be kept. */
const CACHEABLE: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'skills/list',
  'skills/get',
  'resources/directory/read',
]);

/** Digits only: `1.0` or `1e3` are integers to JavaScript, but not to every client's parser. */
function isTtl(text: JsonText | undefined): boolean {
  return text !== undefined && /^\d+$/.test(text) && Number.isSafeInteger(Number(text));
}

function stamp(method: string, text: JsonText, serverInfo: JsonText): JsonText {
  const members = scanMembers(text);
  const changes: Change[] = [];
  const resultType = textOf(text, members, 'resultType');
  const hasType = resultType?.startsWith('"') === true;
  if (!hasType) changes.push({ key: 'resultType', value: '"complete"' });
  if (CACHEABLE.has(method) && (!hasType || resultType === '"complete"')) {
    if (!isTtl(textOf(text, members, 'ttlMs'))) changes.push({ key: 'ttlMs', value: '0' });
    const scope = textOf(text, members, 'cacheScope');
    if (scope !== '"public"' && scope !== '"private"') changes.push({ key: 'cacheScope', value: '"private"' });
  }
  const meta = textOf(text, members, '_meta');
  const value = meta?.startsWith('{')
    ? withMembers(meta, { [META.serverInfo]: serverInfo })
    : `{"${META.serverInfo}":${serverInfo}}`;
  changes.push({ key: '_meta', value });
  return splice(text, members, changes);
}

interface Change {
  readonly key: string;
  readonly value: JsonText;
}

/** Replaces values where they stand and adds what is missing at the end. */
function splice(text: JsonText, members: readonly TextMember[], changes: readonly Change[]): JsonText {
  let out = '';
  let from = 0;
  for (const member of members) {
    const change = changes.find(({ key }) => key === member.key);
    if (change === undefined) continue;
    out += text.slice(from, member.valueStart) + change.value;
    from = member.valueEnd;
  }
  const end = text.lastIndexOf('}');
  out += text.slice(from, end);
  let separator = members.length > 0 ? ',' : '';
  for (const { key, value } of changes) {
    if (members.some((member) => member.key === key)) continue;
    out += `${separator}"${key}":${value}`;
    separator = ',';
  }
  return out + text.slice(end);
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
