/** The canonical form of a definition: equal for equal content whatever the order of members and the spelling of numbers. */

import { createHash } from 'node:crypto';
import type { DefinitionKind } from '../../contracts/definitions.ts';
import type { JsonText } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';

/** Members with keys sorted by code units, no white space. Expects a value of JSON.parse. */
export function canonicalJson(value: unknown): JsonText {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`).join(',')}}`;
}

/**
 * SHA-256 over everything the server says of it, lower-case hex: name, title, description, schemas, annotations, `_meta`,
 * icons and members nobody knows yet. The kind is part of it.
 */
export function hashDefinition(kind: DefinitionKind, value: unknown): string {
  return createHash('sha256')
    .update(`${kind}\n${canonicalJson(value)}`)
    .digest('hex');
}
