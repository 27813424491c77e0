/** What is kept by the hash of a secret and sealed, as values: neither a token nor what it is for stands in the store. */

import { hash as digest } from 'node:crypto';
import type { JsonObject } from '../../contracts/json.ts';
import type { OAuthRecord, OAuthRecordKind, OAuthStore } from '../../contracts/oauth-store.ts';
import type { Sealer } from '../../contracts/sealing.ts';

export interface KeptRecord extends Pick<OAuthRecord, 'grantId' | 'expiresAtMs' | 'consumedAtMs'> {
  readonly value: JsonObject;
}

export interface KeptRecords {
  /** False: the grant it belongs to has ended. */
  put(
    kind: OAuthRecordKind,
    secret: string,
    value: JsonObject,
    about: { readonly grantId?: string | undefined; readonly expiresAtMs: number; readonly consumedAtMs?: number },
  ): Promise<boolean>;
  /** Undefined: there is none, or it was sealed by a key that nobody has any more. */
  find(kind: OAuthRecordKind, secret: string): Promise<KeptRecord | undefined>;
  consume(kind: OAuthRecordKind, secret: string): Promise<boolean>;
  remove(kind: OAuthRecordKind, secret: string): Promise<boolean>;
}

/** Lower-case hex SHA-256. */
export function hashOf(secret: string): string {
  return digest('sha256', secret, 'hex');
}

const bindingOf = (kind: OAuthRecordKind, hash: string): string => JSON.stringify(['oauth', kind, hash]);

export function createKeptRecords(deps: {
  readonly store: OAuthStore;
  readonly sealer: Sealer;
  readonly now: () => number;
}): KeptRecords {
  const { store, sealer, now } = deps;
  return {
    put(kind, secret, value, { grantId, expiresAtMs, consumedAtMs }) {
      const hash = hashOf(secret);
      const sealed = sealer.seal(JSON.stringify(value), bindingOf(kind, hash));
      return store.put({ kind, hash, grantId, sealed, expiresAtMs, consumedAtMs });
    },
    async find(kind, secret) {
      const hash = hashOf(secret);
      const record = await store.find(kind, hash);
      const text = record && sealer.open(record.sealed, bindingOf(kind, hash));
      if (record === undefined || text === undefined) return undefined;
      const { grantId, expiresAtMs, consumedAtMs } = record;
      return { value: JSON.parse(text) as JsonObject, grantId, expiresAtMs, consumedAtMs };
    },
    consume: (kind, secret) => store.consume(kind, hashOf(secret), now()),
    remove: (kind, secret) => store.remove(kind, hashOf(secret)),
  };
}
