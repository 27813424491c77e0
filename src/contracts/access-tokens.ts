/** Port of access tokens: what an OAuth client presents in place of a key, and who that makes it. */

import type { Caller } from './caller.ts';

/** What a token may be good for. Of each the more general one covers it, too: `mcp` all that `mcp:read` is good for. */
export const SCOPES = ['mcp', 'mcp:read', 'models'] as const;
export type Scope = (typeof SCOPES)[number];

export type TokenVerdict =
  /** Not a token of this issuer: the next one is asked. */
  | { readonly type: 'foreign' }
  /** `reason` is for whoever develops the client: expired, for another resource, … It never quotes the token. */
  | { readonly type: 'invalid'; readonly reason: string }
  | {
      readonly type: 'valid';
      /** The same object as long as nothing changed of whom it stands for. */
      readonly caller: Caller;
      readonly scopes: readonly string[];
      readonly clientId: string | undefined;
      readonly expiresAtMs: number;
    };

/** An authorization server whose tokens are taken: our own, or one that the configuration names. */
export interface TokenIssuer {
  /** As in its metadata; what a protected resource names under `authorization_servers` (RFC 9728). */
  readonly issuer: string;
  /**
   * `resource`: canonical URL of the endpoint it was presented to (RFC 8707). Rejects with a GatewayError where the issuer
   * cannot be asked for its keys.
   */
  verify(token: string, resource: string): Promise<TokenVerdict>;
}
