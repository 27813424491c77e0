/** The hash of a definition: equal for equal content whatever the order of members and the spelling of numbers. */

import { createHash } from 'node:crypto';
import type { DefinitionKind } from '../../contracts/definitions.ts';
import { canonicalValue } from '../../lib/canonical-json.ts';

/**
 * SHA-256 over everything the server says of it, lower-case hex: name, title, description, schemas, annotations, `_meta`,
 * icons and members nobody knows yet. The kind is part of it.
 */
export function hashDefinition(kind: DefinitionKind, value: unknown): string {
  return createHash('sha256')
    .update(`${kind}\n${canonicalValue(value)}`)
    .digest('hex');
}
