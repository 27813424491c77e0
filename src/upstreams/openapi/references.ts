/** Follows references inside a document. What lies outside is never opened: no file, no address. */

import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { UnsupportedError } from './document-error.ts';

/** A reference to a reference to a reference: more hops than this is a mistake, or a circle. */
const MAX_HOPS = 20;

export interface References {
  /** What `#/…` points at. Throws UnsupportedError if it leads outside or nowhere. */
  find(ref: string): unknown;
  /** The object itself, or what its `$ref` leads to in the end; undefined if it is no object. */
  follow(value: unknown): JsonObject | undefined;
}

export function createReferences(root: JsonObject): References {
  const found = new Map<string, unknown>();
  const find = (ref: string): unknown => {
    if (!found.has(ref)) found.set(ref, findOnce(root, ref));
    return found.get(ref);
  };
  return {
    find,
    follow(value) {
      let at = value;
      for (let hop = 0; hop < MAX_HOPS; hop++) {
        if (!isObject(at)) return undefined;
        if (typeof at.$ref !== 'string') return at;
        at = find(at.$ref);
      }
      throw new UnsupportedError('a reference leads in a circle');
    },
  };
}

function findOnce(root: JsonObject, ref: string): unknown {
  if (ref === '#') return root;
  if (!ref.startsWith('#'))
    throw new UnsupportedError(
      `"${ref.slice(0, 80)}" leads out of the document, which is not followed; bundle it into one`,
    );
  if (!ref.startsWith('#/')) throw new UnsupportedError(`"${ref.slice(0, 80)}" is no JSON pointer`);
  let at: unknown = root;
  for (const part of ref.slice(2).split('/')) {
    const name = decodePart(part).replaceAll('~1', '/').replaceAll('~0', '~');
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (at as JsonObject)[name] : undefined;
  }
  if (at === undefined) throw new UnsupportedError(`"${ref.slice(0, 80)}" leads nowhere`);
  return at;
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
