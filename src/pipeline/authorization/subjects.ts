/** Who the subject of an access token is here: a user, or somebody of a team; as of now, by directory and configuration. */

import { hash } from 'node:crypto';
import type { AuthorizationConfig, SubjectConfig, SubjectRule } from '../../contracts/authorization-config.ts';
import type { Caller, KeyDirectory, KnownUser } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { claimValues, givenByClaims } from '../../domain/accounts/map-claims.ts';
import { createLru } from '../../lib/lru.ts';
import { levelsOfTeams } from '../directory/levels-of-teams.ts';

/** What a token proved of whoever it was issued to. */
export interface Subject {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: JsonObject;
}

export interface SubjectsDeps {
  readonly directory: Pick<KeyDirectory, 'version' | 'aboveUser' | 'findUser' | 'findTeam'>;
  /** In force. */
  readonly config: () => AuthorizationConfig | undefined;
  /** Told once of each who is nobody here, until something changes. */
  readonly onUnknown: (subject: Subject, keyId: string, reason: string) => void;
}

export interface Subjects {
  /** The same object as long as nothing changed of whom it stands for. Throws GatewayError `unknown_subject`. */
  callerOf(subject: Subject): Caller;
  /** As of now; undefined: they are nobody any more. Callers that were not made here are returned as they are. */
  refreshed(caller: Caller): Caller | undefined;
}

/** Of claims that are kept, to be looked at again when something changes. */
const MAX_KEPT_CHARS = 32 * 1024 * 1024;
/** What an entry weighs besides its claims. */
const ENTRY_CHARS = 512;
const MAX_LABEL_CHARS = 200;
const MAX_NAME_CHARS = 200;

/** `reason`: why they are nobody here. */
export type FoundCaller = { readonly caller: Caller } | { readonly reason: string };
type Found = FoundCaller;

interface Entry {
  readonly subject: Subject;
  readonly keyId: string;
  version: number;
  config: AuthorizationConfig;
  found: Found;
}

/** Stable for issuer and subject, so that sessions, limits, approvals and the trail stay with whoever it is. */
export function subjectKeyId(issuer: string, subject: string): string {
  return `oauth:${hash('sha256', JSON.stringify([issuer, subject]), 'hex').slice(0, 32)}`;
}

/** For people, and for rules on calls: never the name of a user, whatever the issuer calls somebody. */
export function subjectName(subject: string): string {
  return `oauth:sub:${subject.replace(/[\p{Cc}\p{Cf}]/gu, '?').slice(0, MAX_NAME_CHARS)}`;
}

export function createSubjects(deps: SubjectsDeps): Subjects {
  const entries = createLru<Entry>(MAX_KEPT_CHARS);
  const ofCaller = new WeakMap<Caller, Entry>();

  const find = (config: AuthorizationConfig, { subject, keyId }: Pick<Entry, 'subject' | 'keyId'>): Found =>
    findSubjectCaller(deps.directory, config, subject, keyId);

  /** Looks again if something changed. */
  const current = (entry: Entry): Found => {
    const config = deps.config();
    const version = deps.directory.version();
    if (config === undefined) return { reason: 'tokens are not taken any more' };
    if (entry.version === version && entry.config === config) return entry.found;
    const found = find(config, entry);
    if (!isSame(entry.found, found)) take(entry, found);
    entry.version = version;
    entry.config = config;
    return entry.found;
  };

  const take = (entry: Entry, found: Found): void => {
    entry.found = found;
    if ('caller' in found) ofCaller.set(found.caller, entry);
    else deps.onUnknown(entry.subject, entry.keyId, found.reason);
  };

  return {
    callerOf(subject) {
      const config = deps.config();
      if (config === undefined) throw new GatewayError('unknown_subject');
      const key = JSON.stringify([subject.issuer, subject.subject, ...relevantClaims(config, subject)]);
      let entry = entries.get(key);
      if (entry === undefined) {
        const keyId = subjectKeyId(subject.issuer, subject.subject);
        const found = find(config, { subject, keyId });
        entry = { subject, keyId, version: deps.directory.version(), config, found };
        take(entry, found);
        entries.set(key, entry, JSON.stringify(subject.claims).length + key.length + ENTRY_CHARS);
      }
      const found = current(entry);
      if ('reason' in found) throw new GatewayError('unknown_subject', found.reason);
      return found.caller;
    },
    refreshed(caller) {
      const entry = ofCaller.get(caller);
      if (entry === undefined) return caller;
      const found = current(entry);
      return 'caller' in found ? found.caller : undefined;
    },
  };
}

/** As of now, whatever was found before. */
export function findSubjectCaller(
  directory: Pick<KeyDirectory, 'aboveUser' | 'findUser' | 'findTeam'>,
  config: AuthorizationConfig,
  subject: Subject,
  keyId = subjectKeyId(subject.issuer, subject.subject),
): FoundCaller {
  const issuer = config.issuers.find((each) => each.issuer === subject.issuer);
  if (issuer === undefined) return { reason: 'tokens of its issuer are not taken any more' };
  const found = findSubject(directory, issuer.claims, subject);
  if ('reason' in found) return found;
  const { name, rule, levels, labels } = found;
  const caller = {
    ...{ keyId, keyName: name, grant: rule?.access ?? config.access },
    ...(levels !== undefined && { levels }),
    ...(labels !== undefined && { labels }),
  };
  return { caller };
}

/** What is looked at of its claims, and nothing else: a renewed token differs in others, and is of the same caller. */
function relevantClaims({ issuers }: AuthorizationConfig, { issuer, claims }: Subject): readonly unknown[] {
  const of = issuers.find((each) => each.issuer === issuer)?.claims;
  if (of === undefined) return [];
  const names = [...Object.values(of.labels), ...of.rules.map(({ claim }) => claim)];
  if (of.user !== undefined) names.push(of.user);
  return [isVerified(claims), ...names.map((name) => claimValues(claims, name))];
}

/** An address that nobody has verified could be anybody's. */
const isVerified = (claims: JsonObject): boolean => claims.email_verified === true;

interface FoundSubject extends Pick<Caller, 'levels' | 'labels'> {
  readonly name: string;
  readonly rule: SubjectRule | undefined;
}

function findSubject(
  directory: Pick<KeyDirectory, 'aboveUser' | 'findUser' | 'findTeam'>,
  config: SubjectConfig,
  subject: Subject,
): FoundSubject | { readonly reason: string } {
  const { claims } = subject;
  const [rule] = givenByClaims(
    claims,
    config.rules.map((each) => ({ claim: each.claim, value: each.value, gives: each })),
  );
  const user = findUser(directory, config, subject);
  if (user === undefined && rule === undefined)
    return { reason: 'no user here has this identity, and no rule gives it a team' };
  const levels = levelsOfTeams(directory, rule === undefined ? (user?.teams ?? []) : [rule.team]);
  if (levels === undefined) return { reason: 'a team that it counts for is not there' };
  const own = labelsOf(claims, config);
  if (user !== undefined) {
    const stands = directory.aboveUser?.(user.id, levels, own);
    if (stands === undefined) return { reason: 'its user is switched off, or the organisation is gone' };
    return { name: `oauth:user:${user.name}`, rule, ...stands };
  }
  const labels = Object.assign({}, ...levels.map((level) => level.labels).reverse(), own) as typeof own;
  return {
    ...{ name: subjectName(subject.subject), rule, levels },
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}

/**
 * By identity, else by name where the configuration says in which claim it stands. Whoever has another identity at that
 * issuer is not meant by a name: names are given anew, subjects never.
 */
function findUser(
  directory: Pick<KeyDirectory, 'findUser'>,
  { user: claim }: SubjectConfig,
  { issuer, subject, claims }: Subject,
): KnownUser | undefined {
  const known = directory.findUser?.({ issuer, subject });
  if (known !== undefined || claim === undefined) return known;
  if (claim === 'email' && !isVerified(claims)) return undefined;
  const [name, ...more] = claimValues(claims, claim);
  if (name === undefined || name === '' || more.length > 0) return undefined;
  const named = directory.findUser?.({ name });
  return named?.identities.some((each) => each.issuer === issuer) ? undefined : named;
}

function labelsOf(claims: JsonObject, { labels }: SubjectConfig): { readonly [label: string]: string } {
  const found: { [label: string]: string } = {};
  for (const [label, claim] of Object.entries(labels)) {
    const [value] = claimValues(claims, claim);
    // Whatever could be mistaken on a screen.
    if (value !== undefined) found[label] = value.replace(/[\p{Cc}\p{Cf}]/gu, '').slice(0, MAX_LABEL_CHARS);
  }
  return found;
}

function isSame(a: Found, b: Found): boolean {
  if ('reason' in a || 'reason' in b) return 'reason' in a && 'reason' in b && a.reason === b.reason;
  const [one, two] = [a.caller, b.caller];
  if (one.grant !== two.grant || one.keyName !== two.keyName) return false;
  return sameMembers(one.levels, two.levels) && JSON.stringify(one.labels) === JSON.stringify(two.labels);
}

function sameMembers<T>(a: readonly T[] = [], b: readonly T[] = []): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
