/** A definition without hidden characters, otherwise to the byte as its server wrote it. */

import type { JsonText } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { describeHidden, mayHide, stripHidden } from './hidden-text.ts';

export type Cleaned =
  | { readonly type: 'clean'; readonly text: JsonText; readonly removed: readonly number[] }
  /** Hidden characters stand where taking them out would change what a call means. */
  | { readonly type: 'unusable'; readonly reason: string };

/** Members whose text is not prose: it is compared, matched, dereferenced or sent back. */
const EXACT = new Set([
  'name',
  'uri',
  'uriTemplate',
  'enum',
  'const',
  'required',
  'pattern',
  '$ref',
  'default',
  'mimeType',
]);
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/g;
const ESCAPE = /\\[bfu]/;

/** `value` is what `text` parses to. */
export function cleanDefinition(text: JsonText, value: unknown): Cleaned {
  // Most definitions hold neither such a character nor an escape that could be one.
  if (!mayHide(text) && !ESCAPE.test(text)) return { type: 'clean', text, removed: [] };
  const at = findHiddenExact(value, '', false);
  if (at !== undefined) return { type: 'unusable', reason: `hidden characters in ${at || 'a name'}` };
  const removed: number[] = [];
  const cleaned = text.replace(STRING, (token) => {
    if (!mayHide(token) && !ESCAPE.test(token)) return token;
    const stripped = stripHidden(JSON.parse(token) as string);
    if (stripped.removed.length === 0) return token;
    removed.push(...stripped.removed);
    return JSON.stringify(stripped.text);
  });
  return { type: 'clean', text: cleaned, removed };
}

/** Where an exact string or a member's name holds what would be stripped; a path, or undefined. */
function findHiddenExact(value: unknown, path: string, isExact: boolean): string | undefined {
  if (typeof value === 'string') return isExact && hides(value) ? path : undefined;
  if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) {
      const found = findHiddenExact(each, `${path}[${index}]`, isExact);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isObject(value)) return undefined;
  for (const [key, each] of Object.entries(value)) {
    if (hides(key)) return `a member name of ${path || 'the definition'}: ${describeHidden(stripHidden(key).removed)}`;
    const inner = path === '' ? key : `${path}.${key}`;
    // Only texts: a property may well be called "name" or "default" and hold a schema.
    const found = findHiddenExact(each, inner, EXACT.has(key) && !isObject(each));
    if (found !== undefined) return found;
  }
  return undefined;
}

function hides(text: string): boolean {
  return mayHide(text) && stripHidden(text).removed.length > 0;
}
