/** The keyring: from a presented token to a caller. Holds hashes only; follows the store without being told. */

import { hash } from 'node:crypto';
import type { Caller, Credential, Grant, KeyStore } from '../contracts/caller.ts';
import type { ConfigKey } from '../contracts/config.ts';
import { GatewayError } from '../contracts/errors.ts';

const ANONYMOUS_ID = 'anonymous';
const NOTHING: Grant = { allow: [], deny: [] };

/** All that is kept of a key: thousands may be known. One object is both what is found and what is handed out. */
interface KnownKey extends Caller {
  readonly expiresAtMs: number | undefined;
}

export interface Keyring {
  /** Throws GatewayError `unauthenticated` for no, unknown, expired and revoked keys alike. */
  identify(credential: Credential | undefined): Caller;
  /** The caller a key id stands for now; one who may see nothing once the key is gone, expired or revoked. */
  callerOf(keyId: string): Caller;
  /** Reads the store again if somebody changed it, and says whether it did; call it about once a second. */
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

/** `keys` from the configuration stand beside those of the store; `anonymous` serves requests without any credential. */
export function createKeyring(deps: {
  store: KeyStore;
  keys: readonly ConfigKey[];
  anonymous: Grant | undefined;
  now: () => number;
}): Keyring {
  const fixed = deps.keys.map((key): [string, KnownKey] => [
    compactHash(hashSecret(key.value.open())),
    { keyId: `config:${key.name}`, keyName: key.name, grant: key.grant, limits: key.limits, expiresAtMs: undefined },
  ]);
  const anonymous: Caller | undefined = deps.anonymous && {
    keyId: ANONYMOUS_ID,
    keyName: ANONYMOUS_ID,
    grant: deps.anonymous,
  };
  let version: number | undefined;
  let byHash = new Map<string, KnownKey>();
  let byId = new Map<string, KnownKey>();

  const refresh = (): boolean => {
    const current = deps.store.version();
    if (current === version) return false;
    byHash = new Map();
    byId = new Map();
    const add = (secretHash: string, key: KnownKey): void => {
      byHash.set(secretHash, key);
      byId.set(key.keyId, key);
    };
    for (const { id, name, grant, limits, hash: secretHash, expiresAtMs, revokedAtMs } of deps.store.list())
      if (revokedAtMs === undefined)
        add(compactHash(secretHash), {
          ...{ keyId: id, keyName: name, grant, expiresAtMs },
          ...(limits !== undefined && { limits }),
        });
    for (const [secretHash, key] of fixed) add(secretHash, key);
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
