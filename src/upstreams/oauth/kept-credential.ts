/**
 * What is kept of a credential at one server, sealed as one text. The gateway's own: registration, tokens, and the sign-in somebody
 * has to open. A user's: what that user has connected.
 */

import type {
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import type { RecordSealer } from '../../contracts/sealing.ts';
import type { ServerCredentialStore } from '../../contracts/server-credentials.ts';

/** The gateway's own, not a user's. */
export const SHARED_OWNER = '';

export interface Tokens {
  /** With the issuer they came from. */
  readonly value: StoredOAuthTokens;
  readonly atMs: number;
  /** Undefined: not told. */
  readonly expiresAtMs: number | undefined;
}

/** A sign-in that is prepared: all but `state` and PKCE, which are made anew each time somebody asks for the address. */
export interface PreparedSignIn {
  readonly authorizationUrl: string;
  readonly redirectUrl: string;
  readonly discovery: OAuthDiscoveryState;
  readonly client: StoredOAuthClientInformation;
  /** As asked for; undefined: none. */
  readonly scope: string | undefined;
}

export interface KeptCredential {
  /** Tokens for another address are none for this one. */
  readonly serverUrl: string;
  /** The last registration, with its issuer, and the callback it was made for. */
  readonly client?: StoredOAuthClientInformation | undefined;
  readonly redirectUrl?: string | undefined;
  readonly discovery?: OAuthDiscoveryState | undefined;
  readonly tokens?: Tokens | undefined;
  /** All scopes asked for so far. */
  readonly scope?: string | undefined;
  readonly signIn?: PreparedSignIn | undefined;
  /** Why there is no sign-in to open although one is needed; of a user's: what went wrong the last time. */
  readonly problem?: string | undefined;
  /** Of a user's: it came of a token exchange, and of which one. */
  readonly exchange?: string | undefined;
  /** Of a user's: each time it was connected another one. */
  readonly connection?: string | undefined;
  readonly connectedAtMs?: number | undefined;
  /** Of a user's: whom the issuer says it belongs to; for display only. */
  readonly account?: string | undefined;
  /** Of a user's: what they filled in, by lower-case name. */
  readonly headers?: { readonly [name: string]: string } | undefined;
  /** Of a user's: scopes that the server missed; the next sign-in asks for them. */
  readonly wanted?: string | undefined;
}

export interface KeptDeps {
  readonly store: ServerCredentialStore;
  readonly sealer: RecordSealer;
  readonly now: () => number;
}

/** What the credential of a server is sealed to. */
export const credentialBinding = (serverId: string, owner: string): string => `server-credential ${serverId} ${owner}`;

/** Undefined: nothing is kept, or nothing we can open. */
export function readCredential(
  { store, sealer }: KeptDeps,
  serverId: string,
  owner = SHARED_OWNER,
): KeptCredential | undefined {
  const sealed = store.read(serverId, owner);
  const text = sealed === undefined ? undefined : sealer.open(sealed, credentialBinding(serverId, owner));
  return text === undefined ? undefined : (JSON.parse(text) as KeptCredential);
}

/** Something is kept that no known key opens. */
export function hasUnopened(deps: KeptDeps, serverId: string): boolean {
  return deps.store.read(serverId, SHARED_OWNER) !== undefined && readCredential(deps, serverId) === undefined;
}

/** Where nothing may be stored it is forgotten with the process. */
export function writeCredential(
  { store, sealer, now }: KeptDeps,
  serverId: string,
  kept: KeptCredential,
  owner = SHARED_OWNER,
): void {
  if (sealer.refusal() !== undefined) return;
  store.write(serverId, owner, sealer.seal(JSON.stringify(kept), credentialBinding(serverId, owner)), now());
}
