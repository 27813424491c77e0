/** Which calls need a link of their own, and which calls may share it: the client's capabilities, in canonical form. */

import type { JsonText } from '../../contracts/json.ts';
import type { ClientPeer, PeerSession } from '../../contracts/peer.ts';
import { canonicalValue } from '../../lib/canonical-json.ts';
import { isObject } from '../../lib/is-object.ts';
import { createLru } from '../../lib/lru.ts';

/** Capabilities that let a server turn to the client, or behave differently towards it. */
const SERVER_TO_CLIENT = ['sampling', 'elicitation', 'roots'];
const SETTINGS = ['experimental', 'extensions'];

export interface ClientScope {
  /** Equal for two calls that may use the same link. */
  readonly key: string;
  /** What to declare in `initialize`. */
  readonly capabilities: JsonText;
  /** The user whose credential it carries; undefined: nobody's in particular. */
  readonly owner?: string | undefined;
}

/** Different declarations of modern clients remembered, in characters. */
const MAX_KNOWN_CHARS = 262_144;
/** Capabilities that mean the same in both eras. */
const SHARED_BY_ERAS = ['sampling', 'elicitation', 'roots', 'experimental'];

/** Like `decideClientScope`, remembering its answer for each session, or for what a modern request declares. */
export function createClientScopes(): typeof decideClientScope {
  const declared = createLru<{ readonly capabilities: JsonText | undefined }>(MAX_KNOWN_CHARS);
  const ofModern = (keyId: string, { capabilities }: ClientPeer): ClientScope | undefined => {
    if (capabilities === '{}') return undefined;
    let found = declared.get(capabilities);
    if (found === undefined) {
      found = { capabilities: capabilitiesForLegacy(capabilities) };
      declared.set(capabilities, found, capabilities.length * 2);
    }
    return found.capabilities === undefined
      ? undefined
      : { key: `${keyId}\n${found.capabilities}`, capabilities: found.capabilities };
  };
  const known = new WeakMap<PeerSession, { keyId: string; capabilities: JsonText; scope: ClientScope | undefined }>();
  return (keyId, peer) => {
    if (peer.era === 'modern') return ofModern(keyId, peer);
    // Most declare nothing: nothing need be remembered of them.
    if (peer.session === undefined || peer.capabilities === '{}') return undefined;
    const before = known.get(peer.session);
    if (before?.keyId === keyId && before.capabilities === peer.capabilities) return before.scope;
    const scope = decideClientScope(keyId, peer);
    known.set(peer.session, { keyId, capabilities: peer.capabilities, scope });
    return scope;
  };
}

/**
 * The scope of a call to a legacy server; undefined: the shared link serves it. Only a client with a session can be
 * asked outside of a call, so only such a client gets its capabilities declared.
 */
function decideClientScope(keyId: string, peer: ClientPeer): ClientScope | undefined {
  if (peer.era !== 'legacy' || peer.session === undefined || peer.capabilities === '{}') return undefined;
  const declared = JSON.parse(peer.capabilities) as { [name: string]: unknown };
  const needsOwn =
    SERVER_TO_CLIENT.some((name) => isObject(declared[name])) ||
    SETTINGS.some((name) => isObject(declared[name]) && Object.keys(declared[name]).length > 0);
  if (!needsOwn) return undefined;
  const capabilities = canonicalValue(declared);
  return { key: `${keyId}\n${capabilities}`, capabilities };
}

/** What a modern request declares, as an `initialize` says it; undefined: nothing that a legacy server could use. */
function capabilitiesForLegacy(capabilities: JsonText): JsonText | undefined {
  const declared = JSON.parse(capabilities) as { [name: string]: unknown };
  const kept: { [name: string]: unknown } = {};
  for (const name of SHARED_BY_ERAS) if (isObject(declared[name])) kept[name] = declared[name];
  if (!SERVER_TO_CLIENT.some((name) => isObject(kept[name]))) return undefined;
  // There is no such notification in 2026-07-28, so the server must not wait for it.
  if (isObject(kept.roots)) kept.roots = { ...kept.roots, listChanged: undefined };
  return canonicalValue(kept);
}

/** True if the client declared what this server-to-client request needs (`sampling/createMessage` needs `sampling`). */
export function isDeclared(capabilities: JsonText, method: string): boolean {
  const [need = ''] = method.split('/', 1);
  return SERVER_TO_CLIENT.includes(need) && isObject((JSON.parse(capabilities) as { [name: string]: unknown })[need]);
}
