/** Gets everything ready for a sign-in: registers the gateway where it must, and builds the address but for its one-time parts. */

import type {
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
} from '@modelcontextprotocol/client';
import type { OAuthClientConfig } from '../../contracts/config.ts';
import type { FetchLike } from './guarded-fetch.ts';
import type { KeptCredential, PreparedSignIn } from './kept-credential.ts';

export interface PrepareOptions {
  readonly config: OAuthClientConfig;
  readonly kept: KeptCredential;
  readonly redirectUrl: string;
  readonly discovery: OAuthDiscoveryState;
  /** To ask for; undefined: what the server's metadata or the configuration says. */
  readonly scope: string | undefined;
  readonly fetchFn: FetchLike;
}

/** Rejects with what an operator can do something about. */
export async function prepareSignIn(options: PrepareOptions): Promise<PreparedSignIn> {
  const { config, kept, redirectUrl, discovery, scope } = options;
  const { auth } = await import('@modelcontextprotocol/client');
  const { clientId, clientMetadataUrl } = config;
  let client = knownClient(options);
  let url: URL | undefined;
  const provider: OAuthClientProvider = {
    redirectUrl,
    ...(clientMetadataUrl !== undefined && { clientMetadataUrl }),
    clientMetadata: {
      ...{ client_name: 'Portcullis', redirect_uris: [redirectUrl], response_types: ['code'] },
      grant_types: ['authorization_code', 'refresh_token'],
      ...(config.scopes !== undefined && { scope: config.scopes.join(' ') }),
    },
    clientInformation: () => client,
    // A client that was registered by a person is not replaced by one that was not.
    ...(clientId === undefined && {
      saveClientInformation(info: StoredOAuthClientInformation) {
        client = info;
      },
    }),
    tokens: () => undefined,
    saveTokens() {},
    redirectToAuthorization(address) {
      url = address;
    },
    saveCodeVerifier() {},
    codeVerifier: () => '',
    discoveryState: () => discovery,
    saveDiscoveryState() {},
  };
  const serverUrl = kept.serverUrl;
  await auth(provider, { serverUrl, fetchFn: options.fetchFn, ...(scope !== undefined && { scope }) });
  if (url === undefined || client === undefined) throw new Error('the authorization server gave no address to open');
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new Error('the authorization server wants an address opened that is not http or https');
  const asked = url.searchParams.get('scope') ?? undefined;
  return { authorizationUrl: url.href, redirectUrl, discovery, client, scope: asked };
}

/** What was registered beforehand, or here for this callback; bound to its issuer where one is known. */
function knownClient({
  config,
  kept,
  redirectUrl,
  discovery,
}: PrepareOptions): StoredOAuthClientInformation | undefined {
  const { clientId, clientSecret } = config;
  if (clientId !== undefined) {
    // Once it has worked, the id and its secret belong to that issuer, whatever the server names later.
    const isProven = kept.discovery !== undefined && kept.client?.client_id === clientId;
    const issuer = issuerOf(isProven && kept.discovery !== undefined ? kept.discovery : discovery);
    return { client_id: clientId, ...(clientSecret && { client_secret: clientSecret.open() }), issuer };
  }
  const isMetadataUrl = kept.client?.client_id === config.clientMetadataUrl;
  const isOurs = isMetadataUrl || (kept.redirectUrl === redirectUrl && !isUrl(kept.client?.client_id));
  return isOurs ? kept.client : undefined;
}

const isUrl = (text: string | undefined): boolean => text?.startsWith('https://') ?? false;

/** The issuer as credentials are stamped with it. */
export function issuerOf(discovery: OAuthDiscoveryState): string {
  return discovery.authorizationServerMetadata?.issuer ?? discovery.authorizationServerUrl;
}
