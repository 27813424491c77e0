/** The gateway's own authorization server on the parts of this gateway: store, people, keys, and where clients reach it. */

import { randomBytes } from 'node:crypto';
import type { AuthorizationDesk, OAuthGrantDesk } from '../contracts/authorization-server.ts';
import type { Grant } from '../contracts/caller.ts';
import type { Log } from '../contracts/log.ts';
import type { OAuthGrant } from '../contracts/oauth-store.ts';
import type { ChangeOrigin, ObjectStore } from '../contracts/objects.ts';
import type { Sealer } from '../contracts/sealing.ts';
import type { KeyBody } from '../contracts/shapes/directory.ts';
import type { Route } from '../edges/http/exchange.ts';
import { createAuthorizationRoutes } from '../edges/oauth/server-routes.ts';
import { createAuthorizationServer } from '../pipeline/authorization/authorization-server.ts';
import { createCallerOfGrant, createOwnTokens, type OwnTokens } from '../pipeline/authorization/own-tokens.ts';
import type { LiveDirectory } from '../pipeline/directory/live-directory.ts';
import type { SwappableGateway } from '../pipeline/gateway.ts';
import { fetchClientDocument } from '../upstreams/oauth/client-document.ts';
import type { Stores } from './open-stores.ts';
import type { PublicUrl } from './public-url.ts';

export interface OpenAuthorizationServer {
  readonly desk: AuthorizationDesk;
  readonly grants: OAuthGrantDesk;
  readonly route: Route;
  /** The tokens it issued. */
  readonly tokens: OwnTokens;
}

/** Where the configuration says nothing of whom comes with a token. */
const NOTHING: Grant = { allow: [], deny: [] };
/** Shown to be chosen from. */
const MAX_KEYS = 200;

export interface AuthorizationServerParts {
  readonly stores: Pick<Stores, 'oauth'>;
  readonly objects: ObjectStore;
  readonly directory: Pick<LiveDirectory, 'version' | 'aboveUser' | 'findUser' | 'findTeam' | 'refresh'>;
  readonly gateway: Pick<SwappableGateway, 'config' | 'callerOfKey' | 'refreshKeys'>;
  readonly sealing: { readonly forClients: Sealer };
  /** Where browsers reach the gateway. */
  readonly publicUrl: Pick<PublicUrl, 'now' | 'settled'>;
  readonly now: () => number;
  readonly log: Log;
}

export async function openAuthorizationServer(deps: AuthorizationServerParts): Promise<OpenAuthorizationServer> {
  const { objects, directory, gateway, publicUrl, now, log } = deps;
  /** What whoever comes with a token, and acts as a person, may reach. */
  const access = (): Grant => gateway.config().authorization?.access ?? NOTHING;
  const store = await deps.stores.oauth();
  const callerOf = createCallerOfGrant({ directory, callerOfKey: gateway.callerOfKey, access });
  /** Somebody who has just been made, or switched off, may be asking. */
  const lookAgain = async (): Promise<void> => {
    if (await directory.refresh()) gateway.refreshKeys();
  };
  const noteGrant = async (event: 'granted' | 'ended', grant: OAuthGrant, origin: ChangeOrigin): Promise<void> => {
    const { userId, createdAtMs: _made, usedAtMs: _used, ...body } = grant;
    const about = { ...body, scopes: [...body.scopes], keyId: body.keyId ?? null };
    const user = await objects.find('user', userId);
    const change = { kind: 'user', id: userId, name: user?.name ?? userId } as const;
    const line =
      event === 'granted'
        ? ({ ...change, action: 'let-client-in', before: undefined, after: about } as const)
        : ({ ...change, action: 'end-client', before: about, after: undefined } as const);
    await objects.note([line], origin, now());
  };
  const server = createAuthorizationServer({
    ...{ store, sealer: deps.sealing.forClients, now, log, fetchDocument: fetchClientDocument },
    config: () => gateway.config().authorizationServer,
    issuer: publicUrl.settled,
    async isActive(userId) {
      await lookAgain();
      return directory.aboveUser?.(userId, [], {}) !== undefined;
    },
    async isAlive(grant) {
      await lookAgain();
      return callerOf(grant) !== undefined;
    },
    async ownKeys(userId) {
      await lookAgain();
      const keys = await objects.list('key', { limit: MAX_KEYS, where: { user: userId } });
      const isOwn = ({ type }: KeyBody): boolean => type === 'personal';
      return keys
        .filter(({ id, body }) => isOwn(body as KeyBody) && callerOf({ userId, keyId: id }) !== undefined)
        .map(({ id, body }) => ({ id, name: (body as KeyBody).name }));
    },
    note: (event, grant, { id, name }) =>
      noteGrant(event, grant, { actor: { type: 'user', id, name }, via: 'console' }),
    newSecret: () => randomBytes(32).toString('base64url'),
    newHex: () => randomBytes(8).toString('hex'),
  });
  return {
    desk: server.desk,
    grants: {
      list: store.listGrants,
      find: store.findGrant,
      async end(grant, origin) {
        await noteGrant('ended', grant, origin);
        await store.endGrant(grant.id);
      },
    },
    route: createAuthorizationRoutes(server.endpoints),
    tokens: createOwnTokens({ records: server.records, store, issuer: publicUrl.now, callerOf, now }),
  };
}
