/** Tokens for a server that are got with the access token a caller presents, without asking the user (RFC 8693, ID-JAG). */

import type { Secret } from './secret.ts';

export interface ExchangeClient {
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined: a public client. */
  readonly clientSecret?: Secret | undefined;
}

export interface TokenExchangeConfig extends ExchangeClient {
  /** Undefined: as the metadata of the issuer says. */
  readonly tokenEndpoint?: string | undefined;
  readonly audience?: string | undefined;
  /** Undefined: the address of the server. */
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
  readonly subjectTokenType: 'access_token' | 'jwt';
  /** The authorization server that takes an assertion of the issuer for a token; undefined: the issuer gives the token itself. */
  readonly idJag?: ExchangeClient | undefined;
  /** Whether users without such a token may sign in at the server. */
  readonly signIn: boolean;
}

/** Whoever presented the token, which is good for this call and is kept nowhere. */
export interface ExchangeSubject {
  readonly userId: string;
  /** Stable for issuer and subject. */
  readonly keyId: string;
  readonly issuer: string;
  readonly token: string;
  /** What is called, for the error; undefined: no tool. */
  readonly tool: string | undefined;
}

/** For calls on their way. */
export interface ExchangeGate {
  /** Undefined: no tokens for this server are got in that way. */
  exchangeOf(serverId: string): Pick<TokenExchangeConfig, 'issuer' | 'signIn'> | undefined;
  /** What this user has there came of an exchange, and is for calls with a token of that issuer alone. */
  isExchanged(serverId: string, userId: string): boolean;
  /**
   * Sees to it that there is a token with some life left. `refused`: the connection that the server has just refused. Rejects with
   * GatewayError `exchange_refused` or `exchange_unavailable`.
   */
  exchange(serverId: string, subject: ExchangeSubject, refused?: string): Promise<void>;
}
