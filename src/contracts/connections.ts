/** Ports of what users connect: their own credentials at servers that are called with one of each user. */

import type { ExchangeGate } from './token-exchange.ts';

/** A header that each person fills in for themselves, as the key of an API. */
export interface UserHeader {
  /** As it is sent. */
  readonly name: string;
  /** For people. Undefined: the name. */
  readonly title?: string | undefined;
  readonly description?: string | undefined;
}

/** One user at one server. */
export interface Connection {
  readonly serverId: string;
  /** As written in the configuration. */
  readonly serverName: string;
  /** `broken`: it was there, and the user has to connect anew. */
  readonly state: 'connected' | 'missing' | 'broken';
  /** What the user fills in; undefined: they sign in. */
  readonly headers: readonly UserHeader[] | undefined;
  /** Name and port of the server. */
  readonly host: string;
  /** Whom the issuer says it belongs to, for display only; undefined: not told. */
  readonly account: string | undefined;
  readonly scopes: readonly string[];
  /** Where the user signed in. */
  readonly issuer: string | undefined;
  readonly connectedAtMs: number | undefined;
  /** When the token runs out; undefined: not told. */
  readonly expiresAtMs: number | undefined;
  /** It is renewed without the user. */
  readonly isRenewed: boolean;
  /** What went wrong the last time, for the user. */
  readonly problem: string | undefined;
}

/** For calls on their way. Looking never waits. */
export interface ConnectionGate {
  /** Whether calls of this server carry what each user has connected. */
  isPerUser(serverId: string): boolean;
  isConnected(serverId: string, userId: string): boolean;
  /** Names the connection: another one each time the user connects. Undefined: not connected. */
  connectionOf(serverId: string, userId: string): string | undefined;
  /** Renews what runs out. A promise only where a call has to wait for it; it never rejects. */
  freshen(serverId: string, userId: string): Promise<unknown> | undefined;
  /** Where tokens are got with those that callers present. */
  readonly exchanges?: ExchangeGate | undefined;
  /** The page on which that user connects: nobody else can use it, and it opens nothing by itself. */
  linkFor(serverId: string, userId: string): Promise<string>;
  /** Returns how to stop listening. */
  onChange(listener: (serverId: string, userId: string) => void): () => void;
}

export type ConnectStart =
  /** Where to send the browser. */
  | { readonly type: 'leave'; readonly url: string }
  /** `reason` is for the person. */
  | { readonly type: 'failed'; readonly reason: string };

export type ConnectEnd =
  | { readonly type: 'connected'; readonly connection: Connection }
  /** Of a sign-in of the gateway's own. */
  | { readonly type: 'signed-in'; readonly serverName: string }
  | { readonly type: 'unknown' }
  /** Somebody else began it than whoever is signed in in this browser, if anybody is. */
  | { readonly type: 'other-person' }
  /** `mayReload`: the same address may be opened again. */
  | { readonly type: 'failed'; readonly reason: string; readonly mayReload: boolean };

/** For the pages of people. Whoever asks has made sure who that is. */
export interface ConnectionDesk {
  /** Of servers that this user may use, in the order of the configuration. */
  list(userId: string): readonly Connection[];
  /** Undefined: no such server, or not for this user. */
  find(serverId: string, userId: string): Connection | undefined;
  /** Whom a link was made for; undefined: nobody, or too long ago. */
  readLink(text: string, serverId: string): string | undefined;
  begin(serverId: string, userId: string): Promise<ConnectStart>;
  /** Values by name as configured. Undefined: they are kept; else why not, for the person. */
  fill(serverId: string, userId: string, values: ReadonlyMap<string, string>): Promise<string | undefined>;
  /** Forgets it here and, where that is offered, at the issuer. False: the issuer could not be told. */
  disconnect(serverId: string, userId: string): Promise<boolean>;
  /** All of a user who is gone, also at servers that are not configured any more. */
  forget(userId: string): Promise<void>;
}
