/** Credentials at servers, and accounts of users there as calls and pages see them: links that are sealed, and who may use which server. */

import type { Sessions } from '../contracts/accounts.ts';
import type { Grant, KeyDirectory } from '../contracts/caller.ts';
import type { ServerConfig } from '../contracts/config.ts';
import type { ConnectionDesk, ConnectionGate } from '../contracts/connections.ts';
import type { Log } from '../contracts/log.ts';
import type { RecordSealer, Sealer } from '../contracts/sealing.ts';
import type { ServerRegistry } from '../contracts/upstream.ts';
import type { Route } from '../edges/http/exchange.ts';
import { sendConnectEnd } from '../edges/login/connect-pages.ts';
import { createCallbackRoute } from '../edges/oauth/callback-route.ts';
import { PERSON_PREFIX } from '../pipeline/authorization/own-tokens.ts';
import type { SwappableGateway } from '../pipeline/gateway.ts';
import type { UserConnections } from '../upstreams/oauth/connections.ts';
import { createServerCredentials, type KeptServerCredentials } from '../upstreams/oauth/server-credentials.ts';
import type { Stores } from './open-stores.ts';

/** As long as somebody may sit before a call that waits. */
const LINK_MS = 3_600_000;
const EVERYTHING: Grant = { allow: ['*'], deny: [] };

interface Link {
  readonly user: string;
  readonly expiresAtMs: number;
}

interface Linking {
  readonly sealer: Sealer;
  /** Where browsers reach the gateway. */
  readonly publicUrl: () => Promise<string>;
  readonly now: () => number;
}

const boundTo = (serverId: string): string => `connect link ${serverId}`;

export async function openServerCredentials(deps: {
  readonly stores: Stores;
  readonly sealer: RecordSealer;
  readonly now: () => number;
  readonly log: Log;
  readonly publicUrl: () => Promise<string>;
  /** Of the configuration in force. */
  readonly servers: () => readonly ServerConfig[];
  readonly registry: () => Pick<ServerRegistry, 'current'>;
  readonly directory: Pick<KeyDirectory, 'aboveUser'>;
}): Promise<KeptServerCredentials> {
  const store = await deps.stores.credentials(() => credentials.reread());
  const { sealer, now, log, servers } = deps;
  const credentials = createServerCredentials({
    ...{ store, sealer, now, log, servers },
    isActive: (userId) => deps.directory.aboveUser?.(userId, [], {}) !== undefined,
    redirectUrl: async () => `${await deps.publicUrl()}/oauth/callback`,
    onSignedIn: (serverId) =>
      void deps
        .registry()
        .current()
        .get(serverId)
        ?.refresh()
        .catch(() => undefined),
  });
  return credentials;
}

/** Where browsers come back to from authorization servers. */
export function openSignInCallback({ finish }: KeptServerCredentials, sessions: Pick<Sessions, 'find'>): Route {
  return createCallbackRoute({
    finish,
    whoIs: async (exchange) => (await sessions.find(exchange))?.id,
    respond: sendConnectEnd,
  });
}

export function openConnectionGate(connections: UserConnections, { sealer, publicUrl, now }: Linking): ConnectionGate {
  return {
    ...connections,
    async linkFor(serverId, user) {
      const link: Link = { user, expiresAtMs: now() + LINK_MS };
      const url = new URL(`/connect/${encodeURIComponent(serverId)}`, await publicUrl());
      url.searchParams.set('for', sealer.seal(JSON.stringify(link), boundTo(serverId)));
      return url.href;
    },
  };
}

export function openConnectionDesk(
  connections: UserConnections,
  deps: Linking & {
    readonly directory: Pick<KeyDirectory, 'aboveUser'>;
    readonly gateway: Pick<SwappableGateway, 'serves'>;
  },
): ConnectionDesk {
  const { sealer, now, directory, gateway } = deps;
  /** Whatever a key of theirs says: as far as what stands above them lets them. */
  const mayUse = (userId: string, serverId: string): boolean => {
    const above = directory.aboveUser?.(userId, [], {});
    if (above === undefined) return false;
    const caller = { keyId: PERSON_PREFIX + userId, keyName: '', grant: EVERYTHING, ...above };
    return gateway.serves({ type: 'server', serverId }, caller);
  };
  return {
    ...connections,
    list: (userId) => connections.list(userId).filter(({ serverId }) => mayUse(userId, serverId)),
    find: (serverId, userId) => (mayUse(userId, serverId) ? connections.find(serverId, userId) : undefined),
    readLink(text, serverId) {
      const plain = sealer.open(text, boundTo(serverId));
      if (plain === undefined) return undefined;
      const { user, expiresAtMs } = JSON.parse(plain) as Link;
      return expiresAtMs > now() ? user : undefined;
    },
  };
}
