/** The keyring: from a presented token to a caller. Holds hashes only; follows the store without being told. */

import { hash } from 'node:crypto';
import type { Caller, Credential, Grant, KeyRecord, KeyStore } from '../contracts/caller.ts';
import type { ConfigKey } from '../contracts/config.ts';
import { GatewayError } from '../contracts/errors.ts';

const ANONYMOUS_ID = 'anonymous';
const NOTHING: Grant = { allow: [], deny: [] };

interface KnownKey {
  readonly record: KeyRecord;
  readonly caller: Caller;
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

/** `keys` from the configuration stand beside those of the store; `anonymous` serves requests without any credential. */
export function createKeyring(deps: {
  store: KeyStore;
  keys: readonly ConfigKey[];
  anonymous: Grant | undefined;
  now: () => number;
}): Keyring {
  const fixed = deps.keys.map((key): [string, KeyRecord] => {
    const secretHash = hashSecret(key.value.open());
    return [
      secretHash,
      {
        id: `config:${key.name}`,
        name: key.name,
        prefix: '',
        hash: secretHash,
        grant: key.grant,
        createdAtMs: 0,
        expiresAtMs: undefined,
        revokedAtMs: undefined,
        source: 'config',
      },
    ];
  });
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
    const records = [...deps.store.list().map((record): [string, KeyRecord] => [record.hash, record]), ...fixed];
    byHash = new Map(
      records.map(([key, record]) => [
        key,
        { record, caller: { keyId: record.id, keyName: record.name, grant: record.grant } },
      ]),
    );
    byId = new Map([...byHash.values()].map((known) => [known.record.id, known]));
    version = current;
    return true;
  };
  refresh();

  const isUsable = ({ record }: KnownKey): boolean =>
    record.revokedAtMs === undefined && (record.expiresAtMs ?? Infinity) > deps.now();

  return {
    refresh,
    identify(credential) {
      if (credential === undefined) {
        if (anonymous !== undefined) return anonymous;
        throw new GatewayError('unauthenticated', 'send it as "Authorization: Bearer <key>"');
      }
      credential.hash ??= hashSecret(credential.token);
      const found = byHash.get(credential.hash);
      if (found === undefined || !isUsable(found))
        throw new GatewayError('unauthenticated', 'this one is unknown, expired or revoked');
      return found.caller;
    },
    callerOf(keyId) {
      if (keyId === ANONYMOUS_ID && anonymous !== undefined) return anonymous;
      const known = byId.get(keyId);
      return known !== undefined && isUsable(known) ? known.caller : { keyId, keyName: '', grant: NOTHING };
    },
  };
}
