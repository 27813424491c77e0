/** Ports of signing in at servers: the credential a connection carries, and where it is kept. */

import type { ServerConfig } from './config.ts';

/** How a server refused a request. */
export interface AuthChallenge {
  readonly status: 401 | 403;
  readonly wwwAuthenticate: string | undefined;
  /** The Authorization header the request carried. */
  readonly sent: string | undefined;
}

/**
 * `renewed`: the same request may be sent once more. `refused`: `hint` tells an operator why, and what to do. `wants`: what it
 * takes until requests are accepted again: the person whose credential it is, a while, or another link.
 */
export type Renewal =
  | { readonly type: 'renewed' }
  | {
      readonly type: 'refused';
      readonly hint: string | undefined;
      readonly wants?: 'person' | 'time' | 'link' | undefined;
    };

/** What requests to one server carry: the gateway's own, shared by all who call it, or that of one person. */
export interface ServerCredential {
  /** Value of the Authorization header; undefined: there is none yet. */
  readonly header: string | undefined;
  /** Further headers, names in lower case and values in turn; undefined: none. */
  readonly more?: readonly string[] | undefined;
  /** Gets another token, or prepares a sign-in. Several at a time are one. Never rejects; bounded to a minute. */
  renew(challenge: AuthChallenge): Promise<Renewal>;
}

export interface ServerCredentials {
  /**
   * `owner`: the user whose calls carry it; undefined: what the gateway lists with. Undefined: this server is not one to sign in at
   * (no HTTP, or its Authorization header is configured).
   */
  of(config: ServerConfig, owner?: string): ServerCredential | undefined;
  /** Names what this user has connected: with each new connection another one, since it may be of another account. Undefined: nothing. */
  connectionOf?(config: ServerConfig, owner: string): string | undefined;
}

/** A sign-in under way, found by the hash of its `state`. */
export interface PendingSignIn {
  readonly serverId: string;
  readonly owner: string;
  readonly sealed: string;
  readonly expiresAtMs: number;
}

export interface StoredServerCredential {
  readonly serverId: string;
  readonly owner: string;
  readonly sealed: string;
}

/** Keeps sealed text only; reading never waits, and what was written shows at once. `owner` is whose credential it is: the id of a user; '' is the gateway's own. */
export interface ServerCredentialStore extends Disposable {
  read(serverId: string, owner: string): string | undefined;
  write(serverId: string, owner: string, sealed: string, nowMs: number): void;
  /** Shows at once, like a write. */
  remove(serverId: string, owner: string): void;
  list(): readonly StoredServerCredential[];
  /** Puts another sealing in place of the one that was listed. False: it has changed since. */
  replace(listed: StoredServerCredential, sealed: string): boolean | Promise<boolean>;
  /**
   * Runs `work` while no other process does so for the same credential, with `read` showing what the one before wrote. Rejects as
   * `work` does, or if the others cannot be kept out.
   */
  exclusively<T>(serverId: string, owner: string, work: () => Promise<T>): Promise<T>;
  addSignIn(stateHash: string, signIn: PendingSignIn, nowMs: number): void | Promise<void>;
  /** Takes it out: no state is good twice. Undefined: unknown or expired. */
  takeSignIn(stateHash: string, nowMs: number): PendingSignIn | undefined | Promise<PendingSignIn | undefined>;
}
