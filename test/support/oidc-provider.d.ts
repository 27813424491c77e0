/** As much of `oidc-provider` as the tests use; it brings no types. */

declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface Context {
    path: string;
    body: unknown;
    status: number;
    readonly oidc?: { readonly route?: string };
  }

  export class Provider {
    constructor(issuer: string, configuration: object);
    use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): void;
    readonly AccessToken: {
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
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
  }
}
