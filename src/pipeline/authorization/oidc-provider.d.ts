/** As much of `oidc-provider` as we and the tests use; it brings no types. */

declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface Context {
    path: string;
    body: unknown;
    status: number;
    readonly oidc?: { readonly route?: string; readonly result?: { readonly consent?: unknown } };
  }

  /** A request that waits for a person. */
  export interface Interaction {
    readonly exp: number;
    readonly returnTo: string;
    readonly params: { readonly [name: string]: unknown };
    readonly session?: { readonly accountId: string };
    result?: object;
    save(ttlSeconds: number): Promise<string>;
  }

  export interface Client {
    readonly clientId: string;
    readonly clientName?: string;
    grantTypeAllowed(type: string): boolean;
  }

  export class Provider {
    constructor(issuer: string, configuration: object);
    use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): void;
    on(event: 'server_error', listener: (context: Context, error: Error) => void): void;
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    readonly Interaction: { find(id: string): Promise<Interaction | undefined> };
    readonly Client: { find(id: string): Promise<Client | undefined> };
    readonly AccessToken: {
      readonly prototype: { generateTokenId(): string };
      find(token: string): Promise<
        | {
            readonly accountId: string;
            readonly aud?: string | string[];
            readonly scope?: string;
            readonly isExpired: boolean;
          }
        | undefined
      >;
    };
    readonly ClientCredentials: {
      find(
        token: string,
      ): Promise<
        { readonly clientId: string; readonly aud?: string | string[]; readonly isExpired: boolean } | undefined
      >;
    };
    readonly RefreshToken: { readonly prototype: { generateTokenId(): string } };
    readonly AuthorizationCode: { readonly prototype: { generateTokenId(): string } };
  }

  export const errors: {
    readonly [name in
      | 'InvalidClient'
      | 'InvalidClientMetadata'
      | 'InvalidGrant'
      | 'InvalidRequest'
      | 'InvalidTarget']: new (
      description?: string,
    ) => Error;
  };

  export const interactionPolicy: {
    readonly Prompt: new (about: { readonly name: string; readonly requestable: boolean }, check: object) => object;
    readonly Check: new (
      reason: string,
      description: string,
      error: string,
      check: (context: Context) => boolean,
    ) => object;
  };
}
