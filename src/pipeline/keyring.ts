/** The keyring: from a presented token to a caller. Holds hashes only; follows the directory without being told. */

import { hash } from 'node:crypto';
import type { Caller, Credential, Grant, KeyDirectory, KnownKey } from '../contracts/caller.ts';
import type { ConfigKey } from '../contracts/config-people.ts';
import { GatewayError } from '../contracts/errors.ts';
import { readFileKey } from './directory/file-key.ts';

const ANONYMOUS_ID = 'anonymous';
const NOTHING: Grant = { allow: [], deny: [] };
/**
 * Each request needs a token that is good; what it began, and a session between two requests, may outlive it so long: half
 * an hour, as sessions may be idle.
 */
const LINGER_MS = 1_800_000;

export interface Keyring {
  /** Throws GatewayError `unauthenticated` for no, unknown, expired and revoked keys alike. */
  identify(credential: Credential | undefined): Caller;
  /** A key in force, so that there is nobody to be asked about it. */
  knows(credential: Credential): boolean;
  /** The caller as of now; one who may see nothing once the key is gone, expired or revoked. */
  refreshed(caller: Caller): Caller;
  /** Reads the directory again if it changed, and says whether it did; looking costs nothing. */
  refresh(): boolean;
}

/** SHA-256 of a key's secret, lower-case hex: all that is ever kept of it. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** The same 32 bytes as characters: half the memory, for thousands of keys and sessions. */
function compactHash(hex: string): string {
  return Buffer.from(hex, 'hex').toString('latin1');
}

/** `keys` from the configuration stand beside those of the directory; `anonymous` serves requests without any credential. */
export function createKeyring(deps: {
  directory: KeyDirectory;
  keys: readonly ConfigKey[];
  anonymous: Grant | undefined;
  now: () => number;
  /** What callers of access tokens are by now; of all others it knows nothing. Undefined: no tokens are taken. */
  tokens?: { refreshed: (caller: Caller) => Caller | undefined } | undefined;
}): Keyring {
  const fixed = deps.keys.map((key) => ({
    ...{ key, secretHash: compactHash(hashSecret(key.value.open())) },
    // Stands as long as the configuration; of a user's key the directory says what stands above it.
    lasting: key.user === undefined ? readFileKey(key, deps.directory) : undefined,
  }));
  const anonymous: Caller | undefined = deps.anonymous && {
    keyId: ANONYMOUS_ID,
    keyName: ANONYMOUS_ID,
    grant: deps.anonymous,
  };
  let version: number | undefined;
  let byHash = new Map<string, KnownKey>();
  let byId = new Map<string, KnownKey>();

  const refresh = (): boolean => {
    const current = deps.directory.version();
    if (current === version) return false;
    byHash = new Map();
    byId = new Map();
    const add = (secretHash: string, key: KnownKey): void => {
      byHash.set(secretHash, key);
      byId.set(key.keyId, key);
    };
    for (const { hash: secretHash, key } of deps.directory.keys()) add(secretHash, key);
    for (const { key, secretHash, lasting } of fixed) {
      const known = lasting ?? readFileKey(key, deps.directory);
      if (known !== undefined) add(secretHash, known);
    }
    version = current;
    return true;
  };
  refresh();

  const isUsable = ({ expiresAtMs }: KnownKey): boolean => expiresAtMs === undefined || expiresAtMs > deps.now();

  const find = (credential: Credential): KnownKey | undefined => {
    credential.hash ??= compactHash(hashSecret(credential.token));
    const found = byHash.get(credential.hash);
    return found !== undefined && isUsable(found) ? found : undefined;
  };
  const findAdmitted = ({ admitted }: Credential): Caller | undefined => {
    if (admitted === undefined || admitted.expiresAtMs + LINGER_MS <= deps.now()) return undefined;
    return deps.tokens?.refreshed(admitted.caller);
  };

  return {
    refresh,
    knows: (credential) => find(credential) !== undefined,
    identify(credential) {
      if (credential === undefined) {
        if (anonymous !== undefined) return anonymous;
        throw new GatewayError('unauthenticated', 'send it as "Authorization: Bearer <key>"');
      }
      const found = find(credential) ?? findAdmitted(credential);
      if (found === undefined) throw new GatewayError('unauthenticated', 'this one is unknown, expired or revoked');
      return found;
    },
    refreshed(caller) {
      const { keyId } = caller;
      if (keyId === ANONYMOUS_ID && anonymous !== undefined) return anonymous;
      const known = byId.get(keyId);
      if (known !== undefined && isUsable(known)) return known;
      return deps.tokens?.refreshed(caller) ?? { keyId, keyName: '', grant: NOTHING };
    },
  };
}
