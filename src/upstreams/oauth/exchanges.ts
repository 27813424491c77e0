/** Rows of users that are filled by token exchange: when there is to be one, and one at a time for each user. */

import { hash, randomUUID } from 'node:crypto';
import type { ServerConfig } from '../../contracts/config.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ExchangeGate, ExchangeSubject, TokenExchangeConfig } from '../../contracts/token-exchange.ts';
import { createLru } from '../../lib/lru.ts';
import { exchangeToken } from './exchange-token.ts';
import { type KeptCredential, type Tokens, writeCredential } from './kept-credential.ts';
import { describeFailure, isFresh, renewalDueMs } from './refresh-tokens.ts';
import { ExchangeFailure } from './request-token.ts';
import { type UserCredentials, type UserCredentialsDeps, urlOf } from './user-credentials.ts';

/** After a failure so long nothing is asked for the same token. */
const PAUSE_MS = 5_000;
const MAX_FAILURES = 2_000;

export interface ExchangesDeps extends UserCredentialsDeps {
  readonly users: UserCredentials;
  readonly serverOf: (serverId: string) => ServerConfig | undefined;
  /** Another connection is there. */
  readonly onConnected: (serverId: string, userId: string) => void;
}

type Exchanging = ServerConfig & { readonly tokenExchange: TokenExchangeConfig };

export function createExchanges(deps: ExchangesDeps): ExchangeGate {
  const { users, store, log, now } = deps;
  const running = new Map<string, { readonly key: string; readonly done: Promise<void> }>();
  const failures = createLru<{ readonly atMs: number; readonly failure: ExchangeFailure }>(MAX_FAILURES);

  const configOf = (serverId: string): Exchanging | undefined => {
    const config = deps.serverOf(serverId);
    return config?.tokenExchange === undefined ? undefined : (config as Exchanging);
  };

  /** Undefined: an exchange has to come first. What users have connected by themselves is left as it is. */
  const usable = (config: Exchanging, subject: ExchangeSubject, refused: string | undefined): string | undefined => {
    const connection = users.connectionOf(config, subject.userId);
    const kept = users.read(config, subject.userId);
    if (connection === undefined || connection === refused || kept?.tokens === undefined) return undefined;
    if (kept.exchange === undefined) return connection;
    return kept.exchange === nameOf(config, subject) && now() < renewalDueMs(kept.tokens) ? connection : undefined;
  };

  const run = (config: Exchanging, subject: ExchangeSubject, refused: string | undefined, key: string): Promise<void> =>
    store.exclusively(config.id, subject.userId, async () => {
      // Somebody else was faster.
      if (usable(config, subject, refused) !== undefined) return;
      const { userId, token } = subject;
      const before = users.read(config, userId);
      try {
        if (deps.sealer.refusal() !== undefined)
          throw new ExchangeFailure('refused', 'the gateway has no master key, without which it keeps no credentials');
        if (refused !== undefined && before?.tokens !== undefined && isFresh(before.tokens, now()))
          throw new ExchangeFailure('refused', 'the server refuses what the exchange brought');
        const issued = await exchangeToken(config.tokenExchange, { serverUrl: urlOf(config), subjectToken: token });
        const atMs = now();
        const expiresAtMs = issued.lifeMs === undefined ? undefined : atMs + issued.lifeMs;
        const issuer = config.tokenExchange.idJag?.issuer ?? config.tokenExchange.issuer;
        const { scope } = issued;
        const value = {
          access_token: issued.token,
          token_type: 'Bearer',
          issuer,
          ...(scope !== undefined && { scope }),
        };
        keep(config, subject, before, { value, atMs, expiresAtMs }, refused);
        log.info('a token was got by exchange', {
          server: config.id,
          user: userId,
          issuer: config.tokenExchange.issuer,
        });
      } catch (error) {
        if (error instanceof ExchangeFailure) failures.set(key, { atMs: now(), failure: error }, 1);
        throw error;
      }
    });

  /** Told once, however many wait for it. */
  const noted = (config: Exchanging, { userId }: ExchangeSubject, work: Promise<void>, row: string): Promise<void> =>
    work
      .catch((error: unknown) => {
        const reason = describeFailure(error);
        log.warn('a token could not be got by exchange', { server: config.id, user: userId, reason });
        throw error;
      })
      .finally(() => running.delete(row));

  const keep = (
    config: Exchanging,
    subject: ExchangeSubject,
    before: KeptCredential | undefined,
    tokens: Tokens,
    refused: string | undefined,
  ): void => {
    const exchange = nameOf(config, subject);
    // Calls under way go on where it is the same account, whose token has not run out.
    const isSame = before?.exchange === exchange && (before.tokens?.expiresAtMs ?? 0) > now();
    const same = isSame && before?.connection !== refused ? before?.connection : undefined;
    const connection = same ?? randomUUID();
    const connectedAtMs = (same === undefined ? undefined : before?.connectedAtMs) ?? now();
    writeCredential(
      deps,
      config.id,
      { serverUrl: urlOf(config), exchange, tokens, connection, connectedAtMs },
      subject.userId,
    );
    if (same === undefined) deps.onConnected(config.id, subject.userId);
  };

  return {
    exchangeOf: (serverId) => configOf(serverId)?.tokenExchange,
    isExchanged(serverId, userId) {
      const config = configOf(serverId);
      return config !== undefined && users.read(config, userId)?.exchange !== undefined;
    },
    async exchange(serverId, subject, refused) {
      const config = configOf(serverId);
      if (config === undefined || usable(config, subject, refused) !== undefined) return;
      const key = hash('sha256', JSON.stringify([serverId, nameOf(config, subject), subject.userId, subject.token]));
      // Of one user there is one row, whatever they come with.
      const row = `${serverId}\n${subject.userId}`;
      // Until it is one's own turn: what another token brought says nothing of this one.
      for (let before = running.get(row); before !== undefined && before.key !== key; before = running.get(row))
        await before.done.catch(() => undefined);
      if (usable(config, subject, refused) !== undefined) return;
      const failed = failures.get(key);
      if (failed !== undefined && now() - failed.atMs < PAUSE_MS)
        throw toGatewayError(serverId, subject, failed.failure);
      const mine = running.get(row)?.done ?? noted(config, subject, run(config, subject, refused, key), row);
      running.set(row, { key, done: mine });
      await mine.catch((error: unknown) => {
        throw toGatewayError(serverId, subject, error);
      });
      if (usable(config, subject, refused) === undefined)
        throw toGatewayError(serverId, subject, new ExchangeFailure('unavailable', 'what was got has run out already'));
    },
  };
}

/** Another one where anything has changed that its token depends on. */
function nameOf({ tokenExchange, ...config }: Exchanging, { keyId }: ExchangeSubject): string {
  const { issuer, clientId, tokenEndpoint, audience, resource, scope, idJag } = tokenExchange;
  const parts = [keyId, urlOf(config), issuer, clientId, tokenEndpoint, audience, resource, scope];
  return hash('sha256', JSON.stringify([...parts, idJag?.issuer, idJag?.clientId]), 'base64url');
}

function toGatewayError(serverId: string, { tool }: ExchangeSubject, error: unknown): GatewayError {
  const isKnown = error instanceof ExchangeFailure;
  const code = isKnown && error.kind === 'refused' ? 'exchange_refused' : 'exchange_unavailable';
  return new GatewayError(code, `server "${serverId}": ${isKnown ? error.message : 'see the log of the gateway'}`, {
    data: { server: serverId, ...(tool !== undefined && { tool }) },
    cause: error,
  });
}
