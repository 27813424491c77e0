/** One OpenID provider, as somebody signs in at it: authorization code with PKCE, everything checked that can be. */

import {
  AuthorizationResponseError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  type ClientAuth,
  ClientError,
  ClientSecretBasic,
  ClientSecretPost,
  type Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  None,
  ResponseBodyError,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type { IdentityProvider, IdentityResult } from '../../contracts/accounts.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { IdentityProviderConfig } from '../../contracts/login-config.ts';
import { createGuardedFetch } from './guarded-fetch.ts';

/** One errand, all its requests together. A person waits. */
const ERRAND_MS = 15_000;
const SIGN_OUT_MS = 3_000;

/** Anybody may begin a sign-in, so that not each asks the provider. */
const KEEP_MS = 30_000;
const KEEP_FAILURE_MS = 3_000;

/** Who comes back is looked at with what the provider says now: keys that it has changed are seen at once. */
export function createOpenId(config: IdentityProviderConfig): IdentityProvider {
  const discover = async (signal: AbortSignal): Promise<Configuration> => {
    const issuer = new URL(config.issuer);
    const found = await discovery(issuer, config.clientId, undefined, clientAuth(config), {
      [customFetch]: createGuardedFetch(config.issuer, signal) as unknown as CustomFetch,
      timeout: ERRAND_MS / 1000,
      // The configuration takes http for an address of this machine only.
      execute:
        issuer.protocol === 'http:'
          ? [enableNonRepudiationChecks, allowInsecureRequests]
          : [enableNonRepudiationChecks],
    });
    return found;
  };

  let kept: { readonly found: Promise<Configuration>; readonly untilMs: number } | undefined;
  const discoverSome = (): Promise<Configuration> => {
    const nowMs = performance.now();
    if (kept !== undefined && kept.untilMs > nowMs) return kept.found;
    const found = discover(AbortSignal.timeout(ERRAND_MS));
    kept = { found, untilMs: nowMs + KEEP_MS };
    found.catch(() => {
      kept = { found, untilMs: performance.now() + KEEP_FAILURE_MS };
    });
    return found;
  };

  return {
    name: config.name,
    async begin(redirectUrl) {
      const found = await discoverSome();
      const [state, nonce, codeVerifier] = [randomState(), randomNonce(), randomPKCECodeVerifier()];
      const url = buildAuthorizationUrl(found, {
        redirect_uri: redirectUrl,
        scope: config.scopes.join(' '),
        code_challenge: await calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...{ state, nonce },
      });
      return { url: url.href, state, nonce, codeVerifier };
    },
    async finish(callbackUrl, expected) {
      try {
        const found = await discover(AbortSignal.timeout(ERRAND_MS));
        const tokens = await authorizationCodeGrant(found, callbackUrl, {
          expectedState: expected.state,
          expectedNonce: expected.nonce,
          pkceCodeVerifier: expected.codeVerifier,
          idTokenExpected: true,
        });
        const claims = tokens.claims();
        const idToken = tokens.id_token;
        if (claims === undefined || idToken === undefined) return refused(undefined, 'there is no ID token');
        const more =
          found.serverMetadata().userinfo_endpoint === undefined
            ? {}
            : await fetchUserInfo(found, tokens.access_token, claims.sub);
        // What is signed counts for more.
        const all = { ...more, ...claims } as JsonObject;
        return { type: 'identified', issuer: claims.iss, subject: claims.sub, claims: all, idToken };
      } catch (error) {
        return explain(error);
      }
    },
    async signOutUrl(idToken, returnUrl) {
      try {
        const found = await discover(AbortSignal.timeout(SIGN_OUT_MS));
        if (found.serverMetadata().end_session_endpoint === undefined) return undefined;
        return buildEndSessionUrl(found, { id_token_hint: idToken, post_logout_redirect_uri: returnUrl }).href;
      } catch {
        // Signing out here has happened already.
        return undefined;
      }
    },
  };
}

type CustomFetch = NonNullable<Configuration[typeof customFetch]>;

/** As the provider says it likes; `client_secret_basic` is what it must take unless it says otherwise. */
function clientAuth({ clientSecret }: IdentityProviderConfig): ClientAuth {
  if (clientSecret === undefined) return None();
  const [basic, post] = [ClientSecretBasic(clientSecret.open()), ClientSecretPost(clientSecret.open())];
  return (server, client, body, headers) => {
    const takes = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    (takes.includes('client_secret_basic') ? basic : post)(server, client, body, headers);
  };
}

const refused = (error: string | undefined, problem: string): IdentityResult => ({ type: 'refused', error, problem });

/** Codes and names of errors only: their texts may quote what the provider sent. */
function explain(error: unknown): IdentityResult {
  if (error instanceof AuthorizationResponseError) return refused(error.error, `the provider answered ${error.error}`);
  if (error instanceof ResponseBodyError) {
    if (error.status >= 500) return { type: 'unavailable', problem: `it answered ${error.status}` };
    return refused(undefined, `its token endpoint answered ${error.error}`);
  }
  if (!(error instanceof ClientError) || error.code === undefined)
    return { type: 'unavailable', problem: 'it cannot be reached' };
  const cause: unknown = error.cause;
  if (cause instanceof Response && cause.status >= 500)
    return { type: 'unavailable', problem: `it answered ${cause.status}` };
  if (error.code === 'OAUTH_TIMEOUT' || error.code === 'OAUTH_ABORT')
    return { type: 'unavailable', problem: 'it did not answer in time' };
  return refused(undefined, `${error.message} (${error.code})`);
}
