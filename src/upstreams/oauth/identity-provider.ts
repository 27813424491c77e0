/** The way to an OpenID provider; what speaks its language is loaded when somebody signs in, since most starts never need it. */

import type { IdentityProvider } from '../../contracts/accounts.ts';
import type { IdentityProviderConfig } from '../../contracts/login-config.ts';

export function openIdentityProvider(config: IdentityProviderConfig): IdentityProvider {
  let loading: Promise<IdentityProvider> | undefined;
  const load = (): Promise<IdentityProvider> => {
    loading ??= import('./open-id.ts').then(({ createOpenId }) => createOpenId(config));
    return loading;
  };
  return {
    name: config.name,
    begin: async (redirectUrl) => (await load()).begin(redirectUrl),
    finish: async (callbackUrl, expected) => (await load()).finish(callbackUrl, expected),
    signOutUrl: async (idToken, returnUrl) => (await load()).signOutUrl(idToken, returnUrl),
  };
}
