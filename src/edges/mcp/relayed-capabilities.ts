/** What a client declared, as far as the gateway can relay it: a server must not answer in a way that we would then refuse. */

import { RELAYED_EXTENSIONS } from '../../contracts/extensions.ts';
import type { JsonText } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { memberText, withMembers } from '../../lib/json-text.ts';

/** `text` is that of `value`. The same text, unless an extension is declared that we do not relay. */
export function relayedCapabilities(text: JsonText, value: unknown): JsonText {
  const extensions = isObject(value) ? value.extensions : undefined;
  if (!isObject(extensions)) return text;
  const unknown = Object.keys(extensions).filter((name) => !RELAYED_EXTENSIONS.some((relayed) => relayed === name));
  if (unknown.length === 0) return text;
  const kept = withMembers(
    memberText(text, 'extensions') ?? '{}',
    Object.fromEntries(unknown.map((name) => [name, undefined])),
  );
  return withMembers(text, { extensions: kept === '{}' ? undefined : kept });
}
