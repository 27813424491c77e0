/** Whose access tokens are taken in place of keys, and what they let their holders do, as configured. */

import type { Grant } from './caller.ts';

/** Only signatures that are checked with a public key; the token never chooses among others. */
export const TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** Whoever has a claim with this value (`*` stands for any run of characters) counts for that team. */
export interface SubjectRule {
  /** Name of a claim, or a path into one: `groups`, `realm_access.roles`. */
  readonly claim: string;
  readonly value: string;
  /** By its name, in the file or in the store. */
  readonly team: string;
  /** In place of what all may reach; undefined: that. */
  readonly access: Grant | undefined;
}

/** Who a token's subject is here. A user who is known by issuer and subject always is that user. */
export interface SubjectConfig {
  /** A claim that holds the name of a user here; undefined: nobody is known by name. */
  readonly user: string | undefined;
  /** Label and the claim that holds its value. */
  readonly labels: { readonly [label: string]: string };
  /** The first that fits counts. */
  readonly rules: readonly SubjectRule[];
}

export interface TokenIssuerConfig {
  readonly issuer: string;
  /** Audiences that are good at each endpoint, besides its own address. */
  readonly audience: readonly string[];
  /** Where its keys are; undefined: where its metadata says. */
  readonly jwksUrl: string | undefined;
  readonly algorithms: readonly TokenAlgorithm[];
  /** What each of its tokens may be used for, besides what it says itself. */
  readonly scopes: readonly string[];
  readonly claims: SubjectConfig;
}

export interface AuthorizationConfig {
  /** What callers with a token may reach, unless a rule says otherwise. */
  readonly access: Grant;
  readonly issuers: readonly TokenIssuerConfig[];
}
