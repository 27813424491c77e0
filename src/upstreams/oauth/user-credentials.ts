/** What users have connected at servers: the headers their calls carry, renewed in time, and what is done when they are refused. */

import type { OAuthDiscoveryState } from '@modelcontextprotocol/client';
import type { ServerConfig } from '../../contracts/config.ts';
import type { Log } from '../../contracts/log.ts';
import type { AuthChallenge, Renewal, ServerCredential } from '../../contracts/server-credentials.ts';
import { createLru } from '../../lib/lru.ts';
import { discover } from './discover.ts';
import { createGuardedFetch, type FetchLike } from './guarded-fetch.ts';
import {
  type KeptCredential,
  type KeptDeps,
  readCredential,
  SHARED_OWNER,
  writeCredential,
} from './kept-credential.ts';
import { issuerOf } from './prepare-sign-in.ts';
import { describeFailure, isFresh, type Refreshed, refreshTokens, renewalDueMs, WHY_LATER } from './refresh-tokens.ts';

const RENEW_MS = 30_000;
/** After a renewal that reached nobody, so long nothing is tried: each call would wait for it. */
const PAUSE_MS = 5_000;
/** Unsealed credentials kept at hand. */
const MAX_KNOWN = 2_000;

export interface UserCredentialsDeps extends KeptDeps {
  readonly log: Log;
  /** Whether they are still there, and not switched off: of others nothing is used. Default: all are. */
  readonly isActive?: ((userId: string) => boolean) | undefined;
}

export interface UserCredentials {
  /** Of the connection there is now: what connects the user anew is another one, and not for who holds this. */
  of(config: ServerConfig, owner: string): ServerCredential;
  /** As it is stored for this address of the server, connected or not any more. Undefined: nothing is. */
  read(config: ServerConfig, owner: string): KeptCredential | undefined;
  /** Undefined: there is nothing that a call could carry. */
  connectionOf(config: ServerConfig, owner: string): string | undefined;
  /** Renews what is about to run out. A promise only where a call has to wait for that; it never rejects. */
  freshen(config: ServerConfig, owner: string): Promise<unknown> | undefined;
  /** Those who have connected, who did so first in front. */
  connected(config: ServerConfig): readonly string[];
}

/** Where its calls go; '' for a server that users cannot have accounts at. */
export function urlOf({ transport }: Pick<ServerConfig, 'transport'>): string {
  switch (transport.type) {
    case 'http':
    case 'sse':
      return transport.url;
    case 'openapi':
      return transport.baseUrl ?? '';
    default:
      return '';
  }
}

/** Whether it is all that calls need. */
function isWhole({ userHeaders }: ServerConfig, kept: KeptCredential | undefined): kept is KeptCredential {
  if (kept?.connection === undefined) return false;
  if (userHeaders === undefined) return kept.tokens !== undefined;
  return userHeaders.every(({ name }) => kept.headers?.[name.toLowerCase()] !== undefined);
}

export function createUserCredentials(deps: UserCredentialsDeps): UserCredentials {
  const { store, log, now, isActive = () => true } = deps;
  const known = createLru<{ readonly sealed: string; readonly kept: KeptCredential | undefined }>(MAX_KNOWN);
  const running = new Map<string, Promise<Refreshed>>();
  const failed = createLru<{ readonly atMs: number; readonly why: keyof typeof WHY_LATER }>(MAX_KNOWN);
  const keyOf = (config: ServerConfig, owner: string): string => `${config.id}\n${owner}`;

  const read = (config: ServerConfig, owner: string): KeptCredential | undefined => {
    const sealed = store.read(config.id, owner);
    if (sealed === undefined) return undefined;
    const key = keyOf(config, owner);
    let entry = known.get(key);
    if (entry?.sealed !== sealed) {
      entry = { sealed, kept: readCredential(deps, config.id, owner) };
      known.set(key, entry, 1);
    }
    return entry.kept?.serverUrl === urlOf(config) ? entry.kept : undefined;
  };
  const tokenOf = (kept: KeptCredential | undefined): string | undefined => kept?.tokens?.value.access_token;

  /** Not over what somebody has stored since `before` was read. */
  const change = (
    config: ServerConfig,
    owner: string,
    before: KeptCredential,
    changes: Partial<KeptCredential>,
  ): void => {
    const present = read(config, owner);
    if (present === undefined || present.connection !== before.connection || tokenOf(present) !== tokenOf(before))
      return;
    writeCredential(deps, config.id, { ...present, ...changes }, owner);
  };

  const headerOf = (config: ServerConfig, owner: string): string | undefined => {
    const kept = read(config, owner);
    if (!isWhole(config, kept)) return undefined;
    return config.userHeaders === undefined ? `Bearer ${tokenOf(kept)}` : kept.headers?.authorization;
  };

  /** One at a time, of all processes: a refresh token that is used twice may cost the whole grant. */
  const refresh = (
    config: ServerConfig,
    owner: string,
    before: KeptCredential,
    discovery: OAuthDiscoveryState,
    fetchFn: FetchLike,
  ): Promise<Refreshed> => {
    const key = keyOf(config, owner);
    const mine =
      running.get(key) ??
      store
        .exclusively(config.id, owner, async (): Promise<Refreshed> => {
          const kept = read(config, owner);
          if (kept?.tokens === undefined) return 'rejected';
          // Somebody else was faster.
          if (tokenOf(kept) !== tokenOf(before)) return 'renewed';
          const done = await refreshTokens({ log, now }, { config, kept, discovery, fetchFn });
          if (typeof done !== 'string') change(config, owner, kept, { tokens: done, discovery, problem: undefined });
          return typeof done === 'string' ? done : 'renewed';
        })
        .catch((error: unknown): Refreshed => {
          log.warn('cannot refresh a token', { server: config.id, reason: describeFailure(error) });
          return 'unreachable';
        })
        .then((done) => {
          if (done === 'unreachable' || done === 'unwelcome') failed.set(key, { atMs: now(), why: done }, 1);
          return done;
        })
        .finally(() => running.delete(key));
    running.set(key, mine);
    return mine;
  };
  /** Why nothing is tried at present. */
  const pauseOf = (config: ServerConfig, owner: string): keyof typeof WHY_LATER | undefined => {
    const { atMs, why } = failed.get(keyOf(config, owner)) ?? {};
    return atMs !== undefined && Math.abs(now() - atMs) < PAUSE_MS ? why : undefined;
  };

  /** Whoever signs in next has the gateway registered anew, unless somebody has done so meanwhile. */
  const forgetClient = (config: ServerConfig, { client }: KeptCredential): Promise<void> =>
    store.exclusively(config.id, SHARED_OWNER, async () => {
      const shared = readCredential(deps, config.id);
      if (shared !== undefined && shared.client?.client_id === client?.client_id)
        writeCredential(deps, config.id, { ...shared, client: undefined });
    });

  const later = (why: keyof typeof WHY_LATER): Renewal => ({ type: 'refused', hint: WHY_LATER[why], wants: 'time' });
  const askPerson = (
    config: ServerConfig,
    owner: string,
    kept: KeptCredential,
    changes: Partial<KeptCredential>,
  ): Renewal => {
    change(config, owner, kept, changes);
    return { type: 'refused', hint: changes.problem, wants: 'person' };
  };

  const answer = async (
    config: ServerConfig,
    owner: string,
    kept: KeptCredential,
    challenge: AuthChallenge,
  ): Promise<Renewal> => {
    const sdk = await import('@modelcontextprotocol/client');
    const headers = challenge.wwwAuthenticate === undefined ? {} : { 'www-authenticate': challenge.wwwAuthenticate };
    const { error, scope, resourceMetadataUrl } = sdk.extractWWWAuthenticateParams(new Response(null, { headers }));
    if (challenge.status === 403) {
      if (error !== 'insufficient_scope') return { type: 'refused', hint: undefined };
      const asked = sdk.computeScopeUnion(kept.scope, kept.tokens?.value.scope);
      const wanted = sdk.computeScopeUnion(asked, scope);
      // Asked for already, and it was not enough: asking again would change nothing.
      if (!sdk.isStrictScopeSuperset(wanted, asked))
        return { type: 'refused', hint: 'the server wants scopes that the sign-in has asked for already' };
      return askPerson(config, owner, kept, { wanted, problem: 'the server wants more than was allowed so far' });
    }
    const pause = pauseOf(config, owner);
    if (pause !== undefined) return later(pause);
    const fetchFn = createGuardedFetch(urlOf(config), AbortSignal.timeout(RENEW_MS));
    // Anew each time: the server may have moved to another authorization server.
    const where = { serverUrl: urlOf(config), issuer: config.oauth?.issuer };
    const discovery = await discover(where, resourceMetadataUrl, fetchFn);
    const { tokens } = kept;
    const over = { tokens: undefined };
    if (tokens?.value.issuer !== issuerOf(discovery))
      return askPerson(config, owner, kept, {
        ...over,
        problem: 'the server has moved to another authorization server',
      });
    if (isFresh(tokens, now()))
      return askPerson(config, owner, kept, { problem: 'the server refuses what the sign-in brought' });
    const done = await refresh(config, owner, kept, discovery, fetchFn);
    if (done === 'renewed') return { type: 'renewed' };
    if (done === 'unreachable' || done === 'unwelcome') return later(done);
    if (done === 'forgotten') await forgetClient(config, kept);
    return askPerson(config, owner, kept, { ...over, problem: 'the sign-in has run out or was taken back' });
  };

  return {
    read,
    connectionOf(config, owner) {
      const kept = read(config, owner);
      return isWhole(config, kept) ? kept.connection : undefined;
    },
    connected: (config) =>
      store
        .list()
        .filter(({ serverId, owner }) => serverId === config.id && owner !== SHARED_OWNER && isActive(owner))
        .map(({ owner }) => ({ owner, kept: read(config, owner) }))
        .filter(({ kept }) => isWhole(config, kept))
        .sort((a, b) => (a.kept?.connectedAtMs ?? 0) - (b.kept?.connectedAtMs ?? 0))
        .map(({ owner }) => owner),
    freshen(config, owner) {
      const kept = read(config, owner);
      const { tokens, discovery } = kept ?? {};
      if (kept === undefined || tokens?.value.refresh_token === undefined || discovery === undefined) return undefined;
      if (now() < renewalDueMs(tokens) || pauseOf(config, owner) !== undefined) return undefined;
      const isOver = (tokens.expiresAtMs ?? 0) <= now();
      const fetchFn = createGuardedFetch(urlOf(config), AbortSignal.timeout(RENEW_MS));
      const renewing = refresh(config, owner, kept, discovery, fetchFn);
      return isOver ? renewing : undefined;
    },
    of: (config, owner) => pinned(config, owner, read(config, owner)?.connection),
  };

  function pinned(config: ServerConfig, owner: string, connection: string | undefined): ServerCredential {
    const isSame = (): boolean =>
      connection !== undefined && isActive(owner) && read(config, owner)?.connection === connection;
    return {
      get header() {
        return isSame() ? headerOf(config, owner) : undefined;
      },
      get more() {
        const kept = config.userHeaders === undefined || !isSame() ? undefined : read(config, owner)?.headers;
        return kept && Object.entries(kept).flatMap(([name, value]) => (name === 'authorization' ? [] : [name, value]));
      },
      async renew(challenge) {
        const kept = read(config, owner);
        if (!isSame() || !isWhole(config, kept))
          return { type: 'refused', hint: 'nothing is connected', wants: 'person' };
        if (config.userHeaders !== undefined) {
          if (challenge.status === 403) return { type: 'refused', hint: undefined };
          return askPerson(config, owner, kept, { problem: 'the server refuses what was filled in' });
        }
        // The request carried an older token than the present one.
        if (challenge.sent !== headerOf(config, owner)) return { type: 'renewed' };
        // Only a call with a token of its caller can get another one.
        if (kept.exchange !== undefined)
          return challenge.status === 403
            ? { type: 'refused', hint: 'look at the scopes that are asked for with "tokenExchange"' }
            : { type: 'refused', hint: 'the server refuses what an exchange brought', wants: 'person' };
        return answer(config, owner, kept, challenge).catch((error: unknown) => {
          log.warn('cannot renew the credential of a user', { server: config.id, reason: describeFailure(error) });
          return later('unreachable');
        });
      },
    };
  }
}
