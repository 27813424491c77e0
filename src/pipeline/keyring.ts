/** The keyring: from a presented token to a caller. Holds hashes only; follows the directory without being told. */

import { hash } from 'node:crypto';
import type { Caller, Credential, Grant, KeyDirectory, KnownKey } from '../contracts/caller.ts';
import type { ConfigKey } from '../contracts/config-people.ts';
import { GatewayError } from '../contracts/errors.ts';
import { readFileKey } from './directory/file-key.ts';

const ANONYMOUS_ID = 'anonymous';
const NOTHING: Grant = { allow: [], deny: [] };

export interface Keyring {
  /** Throws GatewayError `unauthenticated` for no, unknown, expired and revoked keys alike. */
  identify(credential: Credential | undefined): Caller;
  /** The caller a key id stands for now; one who may see nothing once the key is gone, expired or revoked. */
  callerOf(keyId: string): Caller;
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

  return {
    refresh,
    identify(credential) {
      if (credential === undefined) {
        if (anonymous !== undefined) return anonymous;
        throw new GatewayError('unauthenticated', 'send it as "Authorization: Bearer <key>"');
      }
      credential.hash ??= compactHash(hashSecret(credential.token));
      const found = byHash.get(credential.hash);
      if (found === undefined || !isUsable(found))
        throw new GatewayError('unauthenticated', 'this one is unknown, expired or revoked');
      return found;
    },
    callerOf(keyId) {
      if (keyId === ANONYMOUS_ID && anonymous !== undefined) return anonymous;
      const known = byId.get(keyId);
      return known !== undefined && isUsable(known) ? known : { keyId, keyName: '', grant: NOTHING };
    },
  };
}
