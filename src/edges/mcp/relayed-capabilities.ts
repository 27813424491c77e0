/** What a client declared, as far as the gateway can relay it: a server must not answer in a way that we would then refuse. */

import { RELAYED_EXTENSIONS } from '../../contracts/extensions.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { memberText, withMembers } from '../../lib/json-text.ts';

/**
 * `text` is that of `value`. The same text, unless something is declared that we do not relay: other extensions, and the
 * tasks of 2025-11-25, whose methods we would refuse in either direction.
 */
export function relayedCapabilities(text: JsonText, value: unknown): JsonText {
  if (!isObject(value)) return text;
  const kept = value.tasks === undefined ? text : withMembers(text, { tasks: undefined });
  return isObject(value.extensions) ? withRelayedExtensions(kept, value.extensions) : kept;
}

function withRelayedExtensions(text: JsonText, extensions: JsonObject): JsonText {
  const unknown = Object.keys(extensions).filter((name) => !RELAYED_EXTENSIONS.some((relayed) => relayed === name));
  if (unknown.length === 0) return text;
  const kept = withMembers(
    memberText(text, 'extensions') ?? '{}',
    Object.fromEntries(unknown.map((name) => [name, undefined])),
  );
  return withMembers(text, { extensions: kept === '{}' ? undefined : kept });
}
