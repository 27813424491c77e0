/** How people sign in, as configured. */

import type { Role } from './admin.ts';
import type { Secret } from './secret.ts';

/** Whoever has a claim with this value (`*` stands for any run of characters) … */
export interface ClaimRule<T> {
  /** Name of a claim, or a path into one: `groups`, `realm_access.roles`. */
  readonly claim: string;
  readonly value: string;
  readonly gives: T;
}

export interface IdentityProviderConfig {
  /** Stands in addresses. `[A-Za-z0-9_-]{1,32}`. */
  readonly name: string;
  /** On the button. */
  readonly title: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined: a public client. */
  readonly clientSecret: Secret | undefined;
  /** `openid` is among them. */
  readonly scopes: readonly string[];
  readonly roles: readonly ClaimRule<Role>[];
  /** Of whom no rule gives one; undefined: these may not sign in. */
  readonly defaultRole: Role | undefined;
  /** Each gives a team, by its name. */
  readonly teams: readonly ClaimRule<string>[];
  /** Make a user of whoever signs in for the first time. */
  readonly createUsers: boolean;
  /** Take a verified e-mail address for a proof of being the user who has it. */
  readonly linkByEmail: boolean;
}

export interface LoginConfig {
  /** Whether passwords of our own are accepted. Default true. */
  readonly localAccounts: boolean;
  readonly providers: readonly IdentityProviderConfig[];
  readonly session: {
    /** Ended when unused for so long. Default 43,200,000 (12 hours). */
    readonly idleMs: number;
    /** Ended after so long whatever happens. Default 604,800,000 (7 days). */
    readonly maxMs: number;
  };
  /** An invitation is good for so long. Default 259,200,000 (3 days). */
  readonly invitationMs: number;
  /** Whether failed attempts are counted by address, too; no where all come from the address of a proxy. Default true. */
  readonly lockOutByAddress: boolean;
}
