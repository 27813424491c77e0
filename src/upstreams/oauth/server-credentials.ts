/** The gateway's credentials at servers that want OAuth: kept, renewed before they run out, and got anew by a sign-in. */

import type { OAuthClientConfig, ServerConfig } from '../../contracts/config.ts';
import type { ConnectEnd } from '../../contracts/connections.ts';
import type { ServerCredential, ServerCredentials } from '../../contracts/server-credentials.ts';
import { createConnections, type UserConnections } from './connections.ts';
import { createGuardedFetch } from './guarded-fetch.ts';
import { SHARED_OWNER } from './kept-credential.ts';
import { createListingCredential } from './listing-credential.ts';
import { describeFailure } from './refresh-tokens.ts';
import { createRenewal, type OwnCredential, type ServerCredentialsDeps } from './renewal.ts';
import {
  endSignIn,
  REDEEM_MS,
  redeemSignIn,
  reopenSignIn,
  type SignInAnswer,
  takeSignIn,
  UnreachableError,
} from './sign-in.ts';
import { createUserCredentials, type UserCredentialsDeps } from './user-credentials.ts';

export interface KeptServerCredentials extends ServerCredentials, Disposable {
  /** Lets go of servers that are not configured any more, or stand elsewhere now; what is stored stays. */
  retain(servers: readonly Pick<ServerConfig, 'id' | 'transport'>[]): void;
  /** Another process may have changed what is stored: takes its tokens. */
  reread(): void;
  /** Ends a sign-in with what the browser brought back; `userId` is who is signed in to the gateway there. Never rejects. */
  finish(answer: SignInAnswer, userId?: string): Promise<ConnectEnd>;
  readonly connections: UserConnections;
}

/** `servers`: of the configuration in force. */
export function createServerCredentials(
  deps: ServerCredentialsDeps &
    Pick<UserCredentialsDeps, 'isActive'> & { readonly servers?: () => readonly ServerConfig[] },
): KeptServerCredentials {
  const users = createUserCredentials(deps);
  const connections = createConnections({
    ...{ ...deps, users, servers: deps.servers ?? (() => []), onConnected: deps.onSignedIn },
  });
  const open = new Map<string, { readonly sameness: string; readonly own: OwnCredential }>();

  /** By server. */
  const refused = new Map<string, Set<string>>();
  const refusedOf = (id: string): Set<string> => {
    const known = refused.get(id) ?? new Set();
    refused.set(id, known);
    return known;
  };
  const of = (config: ServerConfig, owner?: string): ServerCredential | undefined => {
    if (config.credentials !== 'per-user') return ofGateway(config);
    if (owner !== undefined) return users.of(config, owner);
    return createListingCredential(
      users,
      config,
      config.userHeaders === undefined ? ofGateway(config) : undefined,
      refusedOf(config.id),
    );
  };
  const ofGateway = (config: ServerConfig): ServerCredential | undefined => {
    const { transport, id } = config;
    if (transport.type !== 'http' && transport.type !== 'sse') return undefined;
    const hasOwn = Object.keys(transport.headers).some((name) => name.toLowerCase() === 'authorization');
    const known = open.get(id);
    const sameness = transport.url + describe(config.oauth);
    if (known?.sameness === sameness && !hasOwn) return known.own;
    known?.own[Symbol.dispose]();
    open.delete(id);
    if (hasOwn) return undefined;
    const own = createRenewal(deps, config, transport.url);
    open.set(id, { sameness, own });
    return own;
  };

  /** What is left behind in the store is void in ten minutes. */
  const quietly = (work: Promise<unknown>): Promise<unknown> =>
    work.catch((error: unknown) =>
      deps.log.warn('a sign-in could not be put away', { reason: describeFailure(error) }),
    );

  return {
    of,
    retain(servers) {
      const urls = new Map(servers.map(({ id, transport }) => [id, 'url' in transport ? transport.url : undefined]));
      for (const [id, { own }] of open) {
        if (urls.get(id) === own.serverUrl) continue;
        own[Symbol.dispose]();
        open.delete(id);
      }
    },
    reread() {
      for (const { own } of open.values()) own.reread();
      connections.reread();
    },
    connectionOf: (config, owner) =>
      config.credentials === 'per-user' ? users.connectionOf(config, owner) : undefined,
    connections,
    async finish(answer, userId) {
      const signIn = await takeSignIn(deps, answer).catch((error: unknown) => {
        deps.log.warn('a sign-in could not be looked up', { reason: describeFailure(error) });
        return undefined;
      });
      if (signIn === undefined) return { type: 'unknown' };
      if (signIn === 'busy') return { type: 'failed', reason: 'it is being ended at this moment', mayReload: true };
      const { owner, serverId, serverUrl } = signIn;
      if (owner !== SHARED_OWNER && owner !== userId) {
        deps.log.warn('a sign-in came back in the browser of somebody else', { server: serverId });
        await quietly(endSignIn(deps, answer));
        return { type: 'other-person' };
      }
      const own = open.get(serverId)?.own;
      if (owner === SHARED_OWNER && own?.serverUrl !== serverUrl) return { type: 'unknown' };
      try {
        const fetchFn = createGuardedFetch(serverUrl, AbortSignal.timeout(REDEEM_MS));
        const tokens = await redeemSignIn({ now: deps.now, fetchFn }, signIn, answer);
        if (owner !== SHARED_OWNER) {
          const connection = connections.take(signIn, tokens);
          await quietly(endSignIn(deps, answer));
          return connection === undefined ? { type: 'unknown' } : { type: 'connected', connection };
        }
        own?.take(signIn, tokens);
        await quietly(endSignIn(deps, answer));
      } catch (error) {
        const reason = describeFailure(error);
        deps.log.warn('a sign-in failed', { server: serverId, reason });
        const mayReload = error instanceof UnreachableError;
        await quietly(mayReload ? reopenSignIn(deps, answer, signIn) : endSignIn(deps, answer));
        return { type: 'failed', reason, mayReload };
      }
      deps.log.info('signed in', { server: serverId, issuer: signIn.client.issuer });
      deps.onSignedIn(serverId);
      return { type: 'signed-in', serverName: own?.serverName ?? serverId };
    },
    [Symbol.dispose]() {
      for (const { own } of open.values()) own[Symbol.dispose]();
      open.clear();
    },
  };
}

/** Everything a credential depends on; stays in memory. */
function describe(oauth: OAuthClientConfig | undefined): string {
  const { clientId, clientSecret, clientMetadataUrl, scopes, clientCredentials: own } = oauth ?? {};
  const grant = own && [own.issuer, own.privateKey?.open()];
  return JSON.stringify([clientId, clientSecret?.open(), clientMetadataUrl, scopes, grant]);
}
