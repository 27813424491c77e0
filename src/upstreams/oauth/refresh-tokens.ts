/** One refresh at an authorization server: what it brought, or why it brought nothing. When and for whom is decided elsewhere. */

import type { OAuthDiscoveryState } from '@modelcontextprotocol/client';
import type { ServerConfig } from '../../contracts/config.ts';
import type { Log } from '../../contracts/log.ts';
import type { FetchLike } from './guarded-fetch.ts';
import type { KeptCredential, Tokens } from './kept-credential.ts';
import { issuerOf } from './prepare-sign-in.ts';

/** Tokens are renewed this long before they run out, or after nine tenths of a short life. */
const EARLY_MS = 60_000;
const FRESH_MS = 10_000;

/**
 * `rejected`: the grant is over. `unreachable`: nobody knows, and later may do. `unwelcome`: the client that is configured is not taken,
 * as after its secret was changed, which says nothing of the grant. `forgotten`: one that registered by itself is not known any more;
 * its grants are over, and it has to register anew.
 */
export type Refreshed = 'renewed' | 'rejected' | 'unreachable' | 'unwelcome' | 'forgotten';

/** Where nobody can renew a token at present, and signing in again would not help. */
export const WHY_LATER = {
  unreachable: 'the authorization server does not answer',
  unwelcome: 'the authorization server does not take the gateway for its client',
} as const;

/** From when on the token is to be renewed. Infinite: it does not run out, as far as was told. */
export function renewalDueMs({ atMs, expiresAtMs }: Tokens): number {
  if (expiresAtMs === undefined) return Number.POSITIVE_INFINITY;
  return expiresAtMs - Math.min(EARLY_MS, (expiresAtMs - atMs) / 10);
}

/** Refused so soon after it was issued, though it has not run out, a token is not mended by another one like it. Clocks are set back. */
export function isFresh({ atMs, expiresAtMs }: Tokens, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) <= FRESH_MS && (expiresAtMs === undefined || nowMs < expiresAtMs);
}

export async function refreshTokens(
  { log, now }: { readonly log: Log; readonly now: () => number },
  what: {
    readonly config: Pick<ServerConfig, 'id' | 'oauth'>;
    readonly kept: Pick<KeptCredential, 'client' | 'tokens'>;
    readonly discovery: OAuthDiscoveryState;
    readonly fetchFn: FetchLike;
  },
): Promise<Tokens | Exclude<Refreshed, 'renewed'>> {
  const { config, discovery, fetchFn } = what;
  const { tokens } = what.kept;
  const client = withSecret(config, what.kept.client);
  const refreshToken = tokens?.value.refresh_token;
  if (client === undefined || refreshToken === undefined) return 'rejected';
  const { OAuthError, OAuthErrorCode, refreshAuthorization } = await import('@modelcontextprotocol/client');
  const { authorizationServerUrl, authorizationServerMetadata: metadata, resourceMetadata } = discovery;
  try {
    const value = await refreshAuthorization(authorizationServerUrl, {
      ...{ clientInformation: client, refreshToken, fetchFn },
      ...(metadata !== undefined && { metadata }),
      ...(resourceMetadata !== undefined && { resource: resourceMetadata.resource }),
    });
    const atMs = now();
    const expiresAtMs = value.expires_in === undefined ? undefined : atMs + value.expires_in * 1000;
    const merged = { ...value, refresh_token: value.refresh_token ?? refreshToken, issuer: issuerOf(discovery) };
    return { value: merged, atMs, expiresAtMs };
  } catch (error) {
    log.warn('cannot refresh a token', { server: config.id, reason: describeFailure(error) });
    if (!(error instanceof OAuthError)) return 'unreachable';
    const { ServerError, TemporarilyUnavailable, InvalidClient, UnauthorizedClient } = OAuthErrorCode;
    if (error.code === ServerError || error.code === TemporarilyUnavailable) return 'unreachable';
    if (error.code !== InvalidClient && error.code !== UnauthorizedClient) return 'rejected';
    if (isConfigured(config, client)) return 'unwelcome';
    return error.code === InvalidClient ? 'forgotten' : 'rejected';
  }
}

type Client = NonNullable<KeptCredential['client']>;

/** A person registered it, and a person has to mend it. */
function isConfigured({ oauth }: Pick<ServerConfig, 'oauth'>, { client_id }: Client): boolean {
  return client_id === oauth?.clientId || client_id === oauth?.clientMetadataUrl;
}

/** A client registered beforehand may have got another secret since. */
function withSecret({ oauth }: Pick<ServerConfig, 'oauth'>, client: Client | undefined): Client | undefined {
  if (client === undefined || oauth?.clientSecret === undefined || oauth.clientId !== client.client_id) return client;
  return { ...client, client_secret: oauth.clientSecret.open() };
}

/** For operators: one line. What an authorization server said is cut, and cannot draw on a terminal. */
export function describeFailure(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return message.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200);
}
