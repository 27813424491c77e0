/** `_meta` keys of our own: stripped in both directions, so that neither client nor server can forge what only we may say. */

import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { PeerReply } from '../../contracts/peer.ts';
import { isObject } from '../../lib/is-object.ts';
import { memberText, withMembers } from '../../lib/json-text.ts';

const OWN_KEY = /^(?:portcullis\.dev|dev\.portcullis(?:\.[A-Za-z0-9.-]+)?)\//;

export function isOwnKey(key: string): boolean {
  return OWN_KEY.test(key);
}

/** An answer of the client to a question of the server, without our keys. */
export function stripOwnMetaOfReply(reply: PeerReply): PeerReply {
  if (!('result' in reply) || !/_meta|\\u/.test(reply.result)) return reply;
  const value: unknown = JSON.parse(reply.result);
  return isObject(value) ? { result: stripOwnMeta(reply.result, value) } : reply;
}

/**
 * The object (a result, params or a definition) without our keys, and without `alsoWithout`, in its `_meta`; the same text
 * if it has none.
 * Throws DuplicateMemberError if there is something to take out and the object could be read in two ways.
 */
export function stripOwnMeta(text: JsonText, value: JsonObject, alsoWithout?: string): JsonText {
  const meta = value._meta;
  if (!isObject(meta)) return text;
  const unwanted: { [key: string]: undefined } = {};
  let left = 0;
  let found = false;
  for (const key of Object.keys(meta)) {
    if (isOwnKey(key) || key === alsoWithout) {
      unwanted[key] = undefined;
      found = true;
    } else left++;
  }
  if (!found) return text;
  return withMembers(text, {
    _meta: left === 0 ? undefined : withMembers(memberText(text, '_meta') ?? '{}', unwanted),
  });
}
