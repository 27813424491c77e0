/** Which protocol era a POST belongs to. The body decides; headers speak only where the body is silent. */

import type { JsonObject } from '../../contracts/json.ts';
import type { Era } from '../../contracts/peer.ts';
import { isObject } from '../../lib/is-object.ts';

/** The `_meta` key by which a modern request says so itself. */
const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';

/** What the headers of the POST say. */
export interface Opening {
  readonly versionHeader: string | undefined;
  readonly hasSession: boolean;
  /** Whether that header names a version of the legacy era. */
  readonly isLegacyVersion: (version: string) => boolean;
}

/** `message` is undefined for a batch, which no modern client sends. */
export function classify(
  message: JsonObject | undefined,
  { versionHeader, hasSession, isLegacyVersion }: Opening,
): Era {
  if (message === undefined) return 'legacy';
  const { method, params } = message;
  if (isObject(params) && isObject(params._meta) && params._meta[VERSION_KEY] !== undefined) return 'modern';
  if (hasSession || method === 'initialize' || method === undefined) return 'legacy';
  if (method === 'server/discover') return 'modern';
  // A version we do not know as legacy, and no claim in the body: the modern handler has the right refusal for it.
  return versionHeader !== undefined && !isLegacyVersion(versionHeader) ? 'modern' : 'legacy';
}
