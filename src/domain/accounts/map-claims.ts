/** What claims of an identity provider make of somebody here: role, teams, name. */

import { ROLES, type Role } from '../../contracts/admin.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { ClaimRule } from '../../contracts/login-config.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';

/** More values than a directory would give; the rest is not looked at. */
const MAX_VALUES = 2_000;

/** A claim as texts: the name as it stands, else as a path. Numbers and booleans as written in JSON. */
export function claimValues(claims: JsonObject, name: string): readonly string[] {
  let value: unknown = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (value === undefined && name.includes('.')) {
    value = claims;
    for (const part of name.split('.')) {
      const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, part);
      value = isObject ? (value as JsonObject)[part] : undefined;
    }
  }
  const values = Array.isArray(value) ? value.slice(0, MAX_VALUES) : [value];
  return values.flatMap((each) => (['string', 'number', 'boolean'].includes(typeof each) ? [String(each)] : []));
}

/** What the rules that fit give, in their order. */
export function givenByClaims<T>(claims: JsonObject, rules: readonly ClaimRule<T>[]): readonly T[] {
  return rules
    .filter(({ claim, value }) => claimValues(claims, claim).some((each) => matchesWildcard(value, each)))
    .map(({ gives }) => gives);
}

/** The most that any rule gives; undefined: no rule fits. */
export function roleByClaims(claims: JsonObject, rules: readonly ClaimRule<Role>[]): Role | undefined {
  const given = givenByClaims(claims, rules);
  return ROLES.find((role) => given.includes(role));
}

export interface ClaimedPerson {
  /** To be called by, best first. */
  readonly names: readonly string[];
  readonly displayName: string | undefined;
  /** Undefined also where the provider has not verified it: then it could be anybody's. */
  readonly verifiedEmail: string | undefined;
}

/** Standard claims (OpenID Connect Core, section 5.1). */
export function personByClaims(claims: JsonObject, subject: string): ClaimedPerson {
  const text = (name: string, max: number): string | undefined => {
    const value = claims[name];
    if (typeof value !== 'string') return undefined;
    // Whatever could be mistaken on a screen.
    const clean = value.replace(/[\p{Cc}\p{Cf}]/gu, '').trim();
    return clean === '' || clean.length > max ? undefined : clean;
  };
  const verifiedEmail = claims.email_verified === true ? text('email', 320) : undefined;
  const names = [
    text('preferred_username', 200),
    verifiedEmail?.slice(0, 200),
    subject.replace(/[\p{Cc}\p{Cf}]/gu, '').slice(0, 200),
  ];
  return {
    names: names.filter((each) => each !== undefined),
    displayName: text('name', 200),
    verifiedEmail,
  };
}
