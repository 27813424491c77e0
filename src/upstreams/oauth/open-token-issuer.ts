/** The way to an issuer of access tokens; what checks signatures is loaded with the first token, since most starts never need it. */

import type { TokenIssuerConfig } from '../../contracts/authorization-config.ts';
import type { ExternalIssuer, TokenIssuerDeps } from './token-issuer.ts';

export interface OpenIssuerDeps extends Omit<TokenIssuerDeps, 'keys'> {
  readonly monotonicMs: () => number;
  /** Its keys could not be fetched. */
  readonly onFailure: (error: unknown) => void;
}

export function openTokenIssuer(deps: OpenIssuerDeps, config: TokenIssuerConfig): ExternalIssuer {
  let loaded: ExternalIssuer | undefined;
  const open = async (): Promise<ExternalIssuer> => {
    const [{ createIssuerKeys }, { createTokenIssuer }] = await Promise.all([
      import('./issuer-keys.ts'),
      import('./token-issuer.ts'),
    ]);
    const { monotonicMs, onFailure } = deps;
    const keys = createIssuerKeys({ monotonicMs, onFailure, onChange: () => loaded?.forget() }, config);
    loaded = createTokenIssuer({ ...deps, keys }, config);
    return loaded;
  };
  let loading: Promise<ExternalIssuer> | undefined;
  return {
    issuer: config.issuer,
    verify: async (token, resource) => {
      loading ??= open();
      return (loaded ?? (await loading)).verify(token, resource);
    },
    forget: () => loaded?.forget(),
  };
}
