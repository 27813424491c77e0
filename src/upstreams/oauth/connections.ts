/** Connecting and disconnecting: how a user's credential at a server comes to be, what is told of it, and how it ends. */

import { randomUUID } from 'node:crypto';
import type { ServerConfig } from '../../contracts/config.ts';
import type { Connection, ConnectionDesk, ConnectionGate, ConnectStart } from '../../contracts/connections.ts';
import { accountOf } from './account-of.ts';
import { createExchanges } from './exchanges.ts';
import { followConnections } from './follow-connections.ts';
import { createGuardedFetch } from './guarded-fetch.ts';
import { type KeptCredential, type Tokens, writeCredential } from './kept-credential.ts';
import { issuerOf } from './prepare-sign-in.ts';
import { describeFailure } from './refresh-tokens.ts';
import { revokeTokens } from './revoke-tokens.ts';
import { createPrepareForUser, type ServerClientDeps } from './server-client.ts';
import { beginSignIn, type OpenSignIn } from './sign-in.ts';
import { type UserCredentials, type UserCredentialsDeps, urlOf } from './user-credentials.ts';

const REVOKE_MS = 10_000;
const MAX_VALUE_CHARS = 4_096;

export interface ConnectionsDeps extends ServerClientDeps, UserCredentialsDeps {
  readonly users: UserCredentials;
  /** In the order of the configuration in force. */
  readonly servers: () => readonly ServerConfig[];
  /** Something of a user's has changed. */
  readonly onConnected: (serverId: string) => void;
}

/** Links and who may use which server are decided elsewhere. */
export interface UserConnections
  extends Omit<ConnectionGate, 'linkFor'>,
    Omit<ConnectionDesk, 'readLink' | 'list' | 'find'> {
  list(userId: string): readonly Connection[];
  find(serverId: string, userId: string): Connection | undefined;
  /** The tokens of a sign-in are there. */
  take(signIn: OpenSignIn, tokens: Tokens): Connection | undefined;
  /** The store was read anew: another replica may have written. */
  reread(): void;
}

export function createConnections(deps: ConnectionsDeps): UserConnections {
  const { users, store, sealer, log, now } = deps;
  const listeners = new Set<(serverId: string, userId: string) => void>();
  const prepare = createPrepareForUser(deps);

  const serverOf = (serverId: string): ServerConfig | undefined =>
    deps.servers().find(({ id, credentials, enabled }) => id === serverId && enabled && credentials === 'per-user');
  const describe = (config: ServerConfig, userId: string): Connection => {
    const kept = users.read(config, userId);
    const isConnected = users.connectionOf(config, userId) !== undefined;
    return {
      ...{ serverId: config.id, serverName: config.name, host: new URL(urlOf(config)).host },
      state: isConnected ? 'connected' : kept?.connection === undefined ? 'missing' : 'broken',
      ...{ headers: config.userHeaders, account: kept?.account, problem: kept?.problem },
      scopes: (kept?.tokens?.value.scope ?? kept?.scope)?.split(' ').filter((scope) => scope !== '') ?? [],
      issuer: kept?.discovery && issuerOf(kept.discovery),
      connectedAtMs: kept?.connectedAtMs,
      expiresAtMs: kept?.tokens?.expiresAtMs,
      isRenewed: kept?.tokens?.value.refresh_token !== undefined,
    };
  };
  const tell = (serverId: string, userId: string): void => {
    for (const listener of [...listeners]) listener(serverId, userId);
  };
  const keep = (config: ServerConfig, userId: string, kept: KeptCredential): void => {
    writeCredential(deps, config.id, { ...kept, connection: randomUUID(), connectedAtMs: now() }, userId);
    tell(config.id, userId);
    deps.onConnected(config.id);
  };
  const refusal = (): string | undefined =>
    sealer.refusal() === undefined ? undefined : 'the gateway has no master key, without which it keeps no credentials';

  const exchanges = createExchanges({
    ...{ ...deps, serverOf },
    onConnected(serverId, userId) {
      tell(serverId, userId);
      deps.onConnected(serverId);
    },
  });

  const reread = followConnections({
    ...{ store, users, serverOf },
    onChange(serverId, userId, isThere) {
      tell(serverId, userId);
      if (isThere) deps.onConnected(serverId);
    },
  });

  return {
    ...{ exchanges, reread },
    isPerUser: (serverId) => serverOf(serverId) !== undefined,
    isConnected: (serverId, userId) => {
      const config = serverOf(serverId);
      return config !== undefined && users.connectionOf(config, userId) !== undefined;
    },
    connectionOf: (serverId, userId) => {
      const config = serverOf(serverId);
      return config && users.connectionOf(config, userId);
    },
    freshen: (serverId, userId) => {
      const config = serverOf(serverId);
      return config && users.freshen(config, userId);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    list: (userId) =>
      deps
        .servers()
        .filter(({ id }) => serverOf(id) !== undefined)
        .map((config) => describe(config, userId)),
    find: (serverId, userId) => {
      const config = serverOf(serverId);
      return config && describe(config, userId);
    },
    async begin(serverId, userId): Promise<ConnectStart> {
      const config = serverOf(serverId);
      const reason = config === undefined ? 'there is no such server any more' : refusal();
      if (config === undefined || reason !== undefined) return { type: 'failed', reason: reason ?? '' };
      if (config.tokenExchange?.signIn === false)
        return {
          type: 'failed',
          reason: `nobody signs in here: calls with an access token of ${config.tokenExchange.issuer} connect by themselves`,
        };
      try {
        const prepared = await prepare(config, users.read(config, userId)?.wanted);
        const url = await beginSignIn(deps, prepared, { serverId, serverUrl: urlOf(config), owner: userId });
        return { type: 'leave', url };
      } catch (error) {
        const why = describeFailure(error);
        log.warn('a user cannot sign in at a server', { server: serverId, reason: why });
        return { type: 'failed', reason: why };
      }
    },
    take(signIn, tokens) {
      const config = serverOf(signIn.serverId);
      if (config === undefined || urlOf(config) !== signIn.serverUrl) return undefined;
      const { client, redirectUrl, discovery, scope, serverUrl, owner } = signIn;
      keep(config, owner, {
        ...{ serverUrl, client, redirectUrl, discovery, scope, tokens },
        account: accountOf(tokens),
      });
      log.info('a user has connected to a server', { server: config.id, user: owner, issuer: client.issuer });
      return describe(config, owner);
    },
    async fill(serverId, userId, values) {
      const config = serverOf(serverId);
      if (config?.userHeaders === undefined) return 'nothing can be filled in for this server';
      const problem = refusal();
      if (problem !== undefined) return problem;
      const headers: { [name: string]: string } = {};
      for (const { name, title } of config.userHeaders) {
        const value = (values.get(name) ?? '').trim();
        if (value === '') return `“${title ?? name}” is missing`;
        if (value.length > MAX_VALUE_CHARS) return `“${title ?? name}” is longer than ${MAX_VALUE_CHARS} characters`;
        if (/[^\x20-\x7e]/.test(value)) return `“${title ?? name}” holds a character that no HTTP header can`;
        headers[name.toLowerCase()] = value;
      }
      keep(config, userId, { serverUrl: urlOf(config), headers });
      log.info('a user has connected to a server', { server: serverId, user: userId });
      return undefined;
    },
    async forget(userId) {
      const own = store.list().filter(({ owner }) => owner === userId);
      await Promise.all(own.map(({ serverId }) => disconnect(serverId, userId)));
    },
    disconnect,
  };

  async function disconnect(serverId: string, userId: string): Promise<boolean> {
    const config = serverOf(serverId);
    const kept = config && users.read(config, userId);
    // First: whatever the issuer says, from now on no call carries it.
    store.remove(serverId, userId);
    tell(serverId, userId);
    log.info('a user has disconnected from a server', { server: serverId, user: userId });
    if (config === undefined || kept === undefined) return true;
    return revoke(config, await removeAgain(config, userId, kept));
  }

  /** A replica that was renewing it, and had not heard yet, has stored what it got. Returns what there was last. */
  function removeAgain(config: ServerConfig, userId: string, kept: KeptCredential): Promise<KeptCredential> {
    return store
      .exclusively(config.id, userId, async () => {
        const present = users.read(config, userId);
        if (present === undefined || present.connection !== kept.connection) return kept;
        store.remove(config.id, userId);
        tell(config.id, userId);
        return present;
      })
      .catch((error: unknown) => {
        log.warn('cannot see whether a connection was renewed', { server: config.id, reason: describeFailure(error) });
        return kept;
      });
  }

  async function revoke(config: ServerConfig, kept: KeptCredential): Promise<boolean> {
    try {
      return await revokeTokens(kept, createGuardedFetch(urlOf(config), AbortSignal.timeout(REVOKE_MS)));
    } catch (error) {
      log.warn('a token could not be revoked', { server: config.id, reason: describeFailure(error) });
      return false;
    }
  }
}
