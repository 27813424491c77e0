/** A token that the gateway gets by itself, without a person: grant `client_credentials`, with a secret or a signed assertion. */

import { createPrivateKey } from 'node:crypto';
import type { OAuthClientProvider, OAuthDiscoveryState } from '@modelcontextprotocol/client';
import type { OAuthClientConfig } from '../../contracts/config.ts';
import type { FetchLike } from './guarded-fetch.ts';
import type { Tokens } from './kept-credential.ts';
import { issuerOf } from './prepare-sign-in.ts';

export interface OwnTokenRequest {
  readonly config: OAuthClientConfig;
  readonly serverUrl: string;
  readonly discovery: OAuthDiscoveryState;
  /** To ask for; undefined: what the configuration says. */
  readonly scope: string | undefined;
  readonly fetchFn: FetchLike;
  readonly now: () => number;
}

/** Rejects with what an operator can do something about, or with the SDK's OAuthError. */
export async function requestOwnToken(request: OwnTokenRequest): Promise<Tokens> {
  const { config, serverUrl, discovery, fetchFn, now } = request;
  const { clientId, clientSecret, clientCredentials } = config;
  if (clientId === undefined || clientCredentials === undefined)
    throw new Error('no client credentials are configured');
  const issuer = issuerOf(discovery);
  // The server names the issuer, and might name one that only wants the secret.
  if (issuer.replace(/\/$/, '') !== clientCredentials.issuer.replace(/\/$/, ''))
    throw new Error(
      `the server names the issuer ${issuer}, and the client credentials are for ${clientCredentials.issuer}`,
    );
  const { auth, ClientCredentialsProvider, PrivateKeyJwtProvider } = await import('@modelcontextprotocol/client');
  const scope = request.scope ?? config.scopes?.join(' ');
  const common = { clientId, clientName: 'Portcullis', expectedIssuer: issuer, ...(scope !== undefined && { scope }) };
  const { privateKey } = clientCredentials;
  const provider =
    privateKey === undefined
      ? new ClientCredentialsProvider({ ...common, clientSecret: clientSecret?.open() ?? '' })
      : new PrivateKeyJwtProvider({ ...common, ...signingKeyOf(privateKey.open()) });
  const found: Pick<OAuthClientProvider, 'discoveryState' | 'saveDiscoveryState'> = {
    discoveryState: () => discovery,
    saveDiscoveryState() {},
  };
  await auth(Object.assign(provider, found), { serverUrl, fetchFn, ...(scope !== undefined && { scope }) });
  const value = provider.tokens();
  if (value === undefined) throw new Error('the authorization server sent no token');
  const atMs = now();
  const expiresAtMs = value.expires_in === undefined ? undefined : atMs + value.expires_in * 1000;
  return { value: { ...value, issuer }, atMs, expiresAtMs };
}

/** Throws Error for people if it is no key that could sign. */
export function signingKeyOf(pem: string): { readonly privateKey: string; readonly algorithm: string } {
  const key = createPrivateKey(pem);
  const algorithm = algorithmOf(key.asymmetricKeyType, key.asymmetricKeyDetails?.namedCurve);
  if (algorithm === undefined) throw new Error(`a key of type ${key.asymmetricKeyType} signs no assertion`);
  return { privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(), algorithm };
}

function algorithmOf(type: string | undefined, curve: string | undefined): string | undefined {
  if (type === 'rsa') return 'RS256';
  if (type === 'ed25519') return 'EdDSA';
  if (type !== 'ec') return undefined;
  return curve === 'prime256v1' ? 'ES256' : curve === 'secp384r1' ? 'ES384' : undefined;
}
