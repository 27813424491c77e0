/** Who may manage what: roles, permissions, and the person or program behind a request to the admin API. */

import type { StoredObject } from './objects.ts';
import type { BoundBody } from './shapes/grant.ts';

/** From most to least. */
export const ROLES = ['owner', 'admin', 'operator', 'auditor', 'member'] as const;
export type Role = (typeof ROLES)[number];

/** `resource:verb`. */
export const PERMISSIONS = [
  /** Organisations, teams, users. */
  'people:read',
  'people:write',
  /** Of everybody; whoever has neither may still see and make their own. */
  'keys:read',
  'keys:write',
  'own-keys:write',
  /** Tokens of the admin API, roles of users, sign-in settings. */
  'access:write',
  /** Servers, providers, toolsets, policies, routes, webhooks. */
  'config:read',
  'config:write',
  /** Approvals of definitions, drains, breakers: what is done in operation. */
  'operate',
  /** Votes on calls of tools that wait for a person, and sees what exactly they would send. */
  'approve',
  'trail:read',
  'spend:read',
  'explain',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Whoever is behind an admin request, once believed. */
export type AdminActor =
  | { readonly type: 'admin-token'; readonly id: string; readonly name: string; readonly role: Role }
  | {
      readonly type: 'user';
      readonly id: string;
      readonly name: string;
      readonly role: Role;
      readonly sessionId: string;
      /** Of the session they ask with; see `AdminSessions.csrfToken`. Undefined: it was not asked for. */
      readonly csrfToken?: string | undefined;
    };

/** What may be done, decided by `domain/admin`; edges only ask. */
export interface AdminRules {
  allows(role: Role, permission: Permission): boolean;
  permissionsOf(role: Role): readonly Permission[];
  /** Whether somebody of the first role may give, take or touch the second. */
  mayGrant(role: Role, other: Role): boolean;
  /** Owners among users and admin tokens who may act now, without the one of this id. */
  countOtherOwners(people: readonly Pick<StoredObject, 'id' | 'body'>[], id: string, nowMs: number): number;
  /** Whether somebody without `keys:write` may make themselves a key. `team`: which one was named; `levels`: those above the key. */
  decideOwnKey(
    user: { readonly teams: readonly string[] },
    team: string | undefined,
    levels: readonly OwnLevel[],
  ): OwnKeyVerdict;
}

/** A level above a key that somebody makes for themselves. */
export interface OwnLevel {
  /** Undefined: bounds nothing. */
  readonly bounds: BoundBody | undefined;
}

export type OwnKeyVerdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

/** What of a request says whose session it belongs to, and where it was sent from. */
export interface SessionRequest {
  readonly method: string;
  /** By lower-case name; undefined if absent. */
  header(name: string): string | undefined;
}

/** Port: sessions of people, as the admin edge sees them. */
export interface AdminSessions {
  /** Undefined: no session, or it has ended. */
  find(request: SessionRequest): Promise<Extract<AdminActor, { readonly type: 'user' }> | undefined>;
  /** What requests with this session that change something have to bring in `X-Portcullis-Csrf`; undefined: there is no session. */
  csrfToken(request: SessionRequest): string | undefined;
  /** For every request with a session that changes something. */
  checkCsrf(request: SessionRequest): { readonly allowed: true } | { readonly allowed: false; readonly reason: string };
}

/** Port: credentials of people, which are not in their objects. */
export interface AdminAccounts {
  /** A new name of a user, as the store tells users apart: one person whatever the case. */
  foldName(name: string): string;
  /** An address, good once, at which that user sets a password; those made before are void. */
  invite(userId: string): Promise<{ readonly url: string; readonly expiresAtMs: number }>;
  endSessions(userId: string): Promise<void>;
  /** Password, sessions and invitations of somebody who is gone. */
  forget(userId: string): Promise<void>;
}

/** An answer that is given again to whoever repeats the request. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
}

export type IdempotencyVerdict =
  | { readonly type: 'begun' }
  /** Somebody is at it. */
  | { readonly type: 'running' }
  /** The key was used for another request. */
  | { readonly type: 'other-request' }
  /** As `finish` was given it. */
  | { readonly type: 'done'; readonly sealed: string };

/** Port: which requests were made already. Keys are hashes; answers are sealed, since some show a secret. */
export interface IdempotencyStore extends AsyncDisposable {
  /** Exactly one of several at once is told `begun`; if it neither finishes nor gives up, another may begin after `leaseMs`. */
  begin(key: string, fingerprint: string, nowMs: number, leaseMs: number): Promise<IdempotencyVerdict>;
  /** Keeps the answer until then. */
  finish(key: string, sealed: string, expiresAtMs: number): Promise<void>;
  /** Nothing was done: the key is free again. */
  giveUp(key: string): Promise<void>;
}
