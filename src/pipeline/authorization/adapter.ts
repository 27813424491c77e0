/** What the protocol library keeps, in our store: it asks by what a client presents, we look by hashes. */

import type { errors as Errors } from 'oidc-provider';
import type { JsonObject } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import type { OAuthGrant, OAuthRecordKind, OAuthStore } from '../../contracts/oauth-store.ts';
import type { Clients } from './clients.ts';
import type { KeptRecords } from './kept-records.ts';

export interface AdapterDeps {
  readonly store: OAuthStore;
  readonly records: KeptRecords;
  readonly clients: Clients;
  /** Whether a person who is signed in asks at this moment. */
  readonly mayFetch: () => boolean;
  /** Whether somebody may act at all. */
  readonly isActive: (userId: string) => Promise<boolean>;
  /** Whether whom the grant acts as may still be acted as. */
  readonly isAlive: (grant: OAuthGrant) => Promise<boolean>;
  readonly errors: typeof Errors;
  readonly now: () => number;
  readonly log: Log;
}

const KINDS: { readonly [model: string]: OAuthRecordKind } = {
  AuthorizationCode: 'code',
  AccessToken: 'access',
  RefreshToken: 'refresh',
  Interaction: 'request',
};

/** What its models call. One without a place here keeps nothing. */
interface Adapter {
  upsert(id: string, payload: JsonObject, expiresInSeconds: number): Promise<void>;
  find(id: string): Promise<JsonObject | undefined>;
  consume(id: string): Promise<void>;
  destroy(id: string): Promise<void>;
  revokeByGrantId(grantId: string): Promise<void>;
}

const seconds = (ms: number): number => Math.floor(ms / 1_000);

export function createAdapter(deps: AdapterDeps): (model: string) => Adapter {
  const { store, errors } = deps;
  const nothing: Adapter = {
    upsert: async () => {},
    find: async () => undefined,
    consume: async () => {},
    destroy: async () => {},
    revokeByGrantId: async (grantId) => void (await store.endGrant(grantId)),
  };
  return (model) => {
    const kind = KINDS[model];
    if (kind !== undefined) return { ...nothing, ...keepRecords(deps, kind) };
    switch (model) {
      case 'Client':
        return {
          ...nothing,
          async find(id) {
            const found = await deps.clients.find(id, deps.mayFetch());
            if (found.type === 'refused') throw new errors.InvalidClientMetadata(found.reason);
            return found.type === 'found' ? found.metadata : undefined;
          },
          async upsert(id, metadata) {
            if (await deps.clients.add(id, metadata)) return;
            deps.log.warn('no further OAuth client may register: there are too many', { client: id });
            throw new errors.InvalidRequest('too many clients are registered here; try again later');
          },
        };
      case 'Grant':
        return {
          ...nothing,
          async find(id) {
            const grant = await store.findGrant(id);
            return grant !== undefined && (await deps.isAlive(grant)) ? payloadOf(grant) : undefined;
          },
          destroy: nothing.revokeByGrantId,
        };
      // The session is ours, by its own cookie: the request that a person sent says who that is.
      case 'Session':
        return {
          ...nothing,
          find: async (userId) => ({
            ...{ jti: userId, uid: userId, kind: 'Session', accountId: userId },
            ...{ loginTs: seconds(deps.now()), exp: seconds(deps.now()) + 600 },
          }),
        };
      default:
        return nothing;
    }
  };
}

function keepRecords(deps: AdapterDeps, kind: OAuthRecordKind): Omit<Adapter, 'revokeByGrantId'> {
  const { store, records, errors, now, log } = deps;
  return {
    async upsert(id, { jti: _jti, ...value }, expiresInSeconds) {
      const grantId = typeof value.grantId === 'string' && kind !== 'request' ? value.grantId : undefined;
      // A request that has its answer gets no other.
      const isAnswered = kind === 'request' && value.result !== undefined;
      const isKept = await records.put(kind, id, value, {
        ...{ grantId, expiresAtMs: now() + expiresInSeconds * 1_000 },
        ...(isAnswered && { consumedAtMs: now() }),
      });
      if (!isKept) throw new errors.InvalidGrant('the grant has ended');
      if (kind === 'access' && grantId !== undefined) await store.touchGrant(grantId, now());
    },
    async find(id) {
      const record = await records.find(kind, id);
      if (record === undefined) return undefined;
      const { value, consumedAtMs } = record;
      return { ...value, jti: id, ...(consumedAtMs !== undefined && { consumed: seconds(consumedAtMs) }) };
    },
    async consume(id) {
      if (await records.consume(kind, id)) return;
      // Two at once: one of them is not who it was made for, and nobody can tell which.
      const record = await records.find(kind, id);
      if (record?.grantId !== undefined) await store.endGrant(record.grantId);
      log.warn('a code or a refresh token was presented twice; its grant has ended', { grant: record?.grantId });
      throw new errors.InvalidGrant('it was used already');
    },
    async destroy(id) {
      await records.remove(kind, id);
    },
  };
}

function payloadOf({ id, userId, clientId, resource, scopes, createdAtMs, expiresAtMs }: OAuthGrant): JsonObject {
  return {
    ...{ jti: id, kind: 'Grant', accountId: userId, clientId, resources: { [resource]: scopes.join(' ') } },
    ...{ iat: seconds(createdAtMs), exp: seconds(expiresAtMs) },
  };
}
