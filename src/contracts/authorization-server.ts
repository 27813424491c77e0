/** Our own authorization server for MCP clients: its configuration, and its ports towards pages for people, HTTP and management. */

import type { UserActor } from './accounts.ts';
import type { OAuthGrant, OAuthStore } from './oauth-store.ts';
import type { ChangeOrigin } from './objects.ts';
import type { Secret } from './secret.ts';

/** A client that the configuration names. */
export interface ConfiguredClient {
  readonly id: string;
  /** Undefined: a public client, by PKCE alone. */
  readonly secret: Secret | undefined;
  readonly name: string;
  readonly redirectUris: readonly string[];
}

export interface AuthorizationServerConfig {
  readonly accessTokenMs: number;
  /** One that is not used for so long ends. */
  readonly refreshTokenMs: number;
  /** A grant ends after so long, however much it is used. */
  readonly grantMs: number;
  readonly clients: readonly ConfiguredClient[];
  readonly registration: {
    readonly enabled: boolean;
    readonly maxClients: number;
    readonly maxPerMinute: number;
    /** Those that nobody granted anything to go after so long. */
    readonly unusedMs: number;
  };
  readonly clientDocuments: {
    readonly enabled: boolean;
    /** Host names, `*.example.com` for those below; undefined: any. */
    readonly hosts: readonly string[] | undefined;
    /** Addresses on this machine too, also over http: for development. */
    readonly allowLoopback: boolean;
  };
}

/** What a person is asked. */
export interface ConsentRequest {
  readonly id: string;
  readonly clientName: string;
  /** Where the client's own description was fetched from; undefined: it is not known by an address. */
  readonly clientHost: string | undefined;
  /** Written into the configuration by whoever runs the gateway. */
  readonly isConfigured: boolean;
  /** Where the browser goes afterwards. `app`: whichever program took this scheme. */
  readonly redirect: { readonly type: 'web' | 'loopback' | 'app'; readonly to: string };
  readonly scopes: readonly string[];
  readonly resource: string;
  /** Personal keys in force of whoever is asked. */
  readonly keys: readonly { readonly id: string; readonly name: string }[];
  /** Whether the answer may stand for later requests: not where any program on a machine could pass for the client. */
  readonly mayRemember: boolean;
}

/** Where to send the browser; `clientName` for the page in between. */
export interface AuthorizationEnd {
  readonly type: 'redirect';
  readonly url: string;
  readonly clientName: string;
}

export type AuthorizationStart =
  | { readonly type: 'ask'; readonly id: string }
  | AuthorizationEnd
  /** Nobody can be sent back with this; `reason` is for the person. */
  | { readonly type: 'refused'; readonly reason: string };

/** Port of asking people; for pages. */
export interface AuthorizationDesk {
  /** False: there is no authorization server. */
  isOpen(): boolean;
  /** `query`: as the client sent the browser. */
  begin(user: UserActor, query: URLSearchParams): Promise<AuthorizationStart>;
  /** Undefined: unknown, of somebody else, answered, or too old. */
  find(user: UserActor, id: string): Promise<ConsentRequest | undefined>;
  /** `keyId`: one of `keys`; undefined: the person. Undefined is returned like by `find`, and for a key that is none of them. */
  approve(
    user: UserActor,
    id: string,
    choice: { readonly keyId: string | undefined; readonly remember: boolean },
  ): Promise<AuthorizationEnd | undefined>;
  deny(user: UserActor, id: string): Promise<AuthorizationEnd | undefined>;
  /** What the person granted and is in force, the newest first. */
  grants(userId: string): Promise<readonly OAuthGrant[]>;
  /** False: no such grant of that person. */
  end(user: UserActor, grantId: string): Promise<boolean>;
}

/** Port of looking after the grants of everybody; for management. */
export interface OAuthGrantDesk {
  readonly list: OAuthStore['listGrants'];
  readonly find: OAuthStore['findGrant'];
  /** With its tokens, and a line in the record of changes. */
  end(grant: OAuthGrant, origin: ChangeOrigin): Promise<void>;
}

export interface ProtocolAnswer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
}

/** Port of what clients ask without a person; for HTTP. */
export interface AuthorizationEndpoints {
  isOpen(): boolean;
  /** RFC 8414. */
  metadata(): Promise<object>;
  answer(
    endpoint: 'token' | 'register' | 'revoke',
    request: { readonly contentType: string; readonly authorization: string | undefined; readonly body: Buffer },
  ): Promise<ProtocolAnswer>;
}
