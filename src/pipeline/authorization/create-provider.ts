/** The protocol library with what we use of it, which is little: codes with PKCE, refresh tokens that change, revocation, registration. */

import { generateKeyPairSync } from 'node:crypto';
import type { Context, Interaction, Provider } from 'oidc-provider';
import { SCOPES } from '../../contracts/access-tokens.ts';
import type { AuthorizationServerConfig } from '../../contracts/authorization-server.ts';
import type { Log } from '../../contracts/log.ts';
import { isOwnResource } from '../../domain/authorization/resources.ts';
import { type AdapterDeps, createAdapter } from './adapter.ts';

export interface ProviderDeps extends Omit<AdapterDeps, 'errors'> {
  readonly library: typeof import('oidc-provider');
  /** 256 random bits, base64url. */
  readonly newSecret: () => string;
  readonly newHex: () => string;
}

export const PATHS = {
  authorization: '/oauth/authorize',
  token: '/oauth/token',
  registration: '/oauth/register',
  revocation: '/oauth/revoke',
} as const;
const CONSENT = '/oauth/consent/';
const CODE_SECONDS = 60;
/** How long somebody may take to answer. */
const REQUEST_SECONDS = 600;

/**
 * Loads the library, which takes a third of a second and is needed only where there is an authorization server. What it says of
 * the version of Node.js goes to our log.
 */
export async function loadLibrary(log: Log): Promise<typeof import('oidc-provider')> {
  const { warn } = console;
  console.warn = (text: unknown) => log.debug('the OAuth library says something', { text: String(text) });
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}

/** The id of the request that waits for a person, if that is where it leads. */
export function requestIdOf(location: string): string | undefined {
  return location.startsWith(CONSENT) ? location.slice(CONSENT.length) : undefined;
}

/** The library wants one for ID tokens. There are none, so that this one signs nothing, and need not outlive the process. */
function unusedKey(): object {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' };
}

/** `issuer`: origin of the gateway as clients know it. */
export function createProvider(deps: ProviderDeps, issuer: string, config: AuthorizationServerConfig): Provider {
  const { library, log } = deps;
  const { Check, Prompt } = library.interactionPolicy;
  const { InvalidTarget } = library.errors;
  const refuseResource = (): never => {
    throw new InvalidTarget(`name one endpoint as resource: ${issuer}/mcp or one below it`);
  };
  const inSeconds = (ms: number): number => Math.max(1, Math.floor(ms / 1_000));
  const off = { enabled: false };

  const provider = new library.Provider(issuer, {
    adapter: createAdapter({ ...deps, errors: library.errors }),
    routes: { ...PATHS, jwks: '/oauth/jwks' },
    jwks: { keys: [unusedKey()] },
    scopes: [],
    claims: {},
    responseTypes: ['code'],
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post'],
    clientDefaults: {
      ...{ grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
      id_token_signed_response_alg: 'ES256',
    },
    clientBasedCORS: () => false,
    allowOmittingSingleRegisteredRedirectUri: false,
    pkce: { required: () => true },
    rotateRefreshToken: () => true,
    issueRefreshToken: async (_: Context, client: { grantTypeAllowed(type: string): boolean }) =>
      client.grantTypeAllowed('refresh_token'),
    expiresWithSession: async () => false,
    async findAccount(_: Context, id: string) {
      return (await deps.isActive(id)) ? { accountId: id, claims: async () => ({ sub: id }) } : undefined;
    },
    ttl: {
      AccessToken: inSeconds(config.accessTokenMs),
      AuthorizationCode: CODE_SECONDS,
      Grant: inSeconds(config.grantMs),
      Interaction: REQUEST_SECONDS,
      RefreshToken: inSeconds(config.refreshTokenMs),
      Session: REQUEST_SECONDS,
    },
    interactions: {
      url: async (_: Context, { jti }: Interaction & { readonly jti: string }) => `${CONSENT}${jti}`,
      // We are asked each time, and know which answers still stand.
      policy: [
        new Prompt(
          { name: 'consent', requestable: true },
          new Check(
            'unanswered',
            'a person has to answer',
            'consent_required',
            ({ oidc }) => oidc?.result?.consent === undefined,
          ),
        ),
      ],
    },
    features: {
      ...{ devInteractions: off, userinfo: off, rpInitiatedLogout: off, pushedAuthorizationRequests: off, dPoP: off },
      registration: {
        enabled: config.registration.enabled,
        idFactory: () => `oc_${deps.newHex()}`,
        issueRegistrationAccessToken: false,
      },
      revocation: {
        enabled: true,
        allowedPolicy: async (_: Context, client: { clientId: string }, token: { clientId: string }) =>
          token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: async (_: Context, __: unknown, several?: readonly string[]) =>
          several?.length === 1 ? several[0] : refuseResource(),
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_: Context, resource: string) =>
          isOwnResource(resource, issuer)
            ? { scope: SCOPES.join(' '), audience: resource, accessTokenFormat: 'opaque' }
            : refuseResource(),
      },
    },
    async renderError(context: Context, out: object) {
      context.body = out;
    },
  });
  // By which whoever finds one knows what it is.
  for (const [model, prefix] of [
    [provider.AuthorizationCode, 'poc_'],
    [provider.AccessToken, 'poa_'],
    [provider.RefreshToken, 'por_'],
  ] as const) {
    const { generateTokenId } = model.prototype;
    model.prototype.generateTokenId = function () {
      // It notes the format, too.
      Reflect.apply(generateTokenId, this, []);
      return `${prefix}${deps.newSecret()}`;
    };
  }
  provider.on('server_error', (_, error) => log.error('the authorization server has a problem', { error }));
  return provider;
}
