import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthorizationConfig, SubjectConfig } from '../../contracts/authorization-config.ts';
import type { KeyDirectory, KnownUser, LabelledLevel } from '../../contracts/caller.ts';
import { createSubjects, subjectKeyId } from './subjects.ts';

const ISSUER = 'https://id.example';
const TEAM: LabelledLevel = { type: 'team', id: 't', name: 'all', grant: undefined, limits: undefined, labels: {} };

function createBench(claims: Partial<SubjectConfig> = {}) {
  const users = new Map<string, KnownUser>();
  const bench = {
    version: 1,
    /** Ids of those who are switched off. */
    off: new Set<string>(),
    unknown: [] as string[],
    users,
    config: undefined as AuthorizationConfig | undefined,
    addUser(id: string, more: Partial<KnownUser> = {}) {
      users.set(id, { id, name: id, identities: [], teams: [], ...more });
      bench.version++;
    },
    callerOf: (each: object, subject = 'sub') => subjects.callerOf({ issuer: ISSUER, subject, claims: { ...each } }),
  };
  bench.config = {
    access: { allow: ['*'], deny: [] },
    issuers: [
      {
        ...{ issuer: ISSUER, audience: [], jwksUrl: undefined, algorithms: [], scopes: [] },
        claims: { user: undefined, labels: {}, rules: [], ...claims },
      },
    ],
  };
  const levels = new Map<string, LabelledLevel>();
  const directory: Pick<KeyDirectory, 'version' | 'aboveUser' | 'findUser' | 'findTeam'> = {
    version: () => bench.version,
    findTeam: (name) => (name === 'all' || name === 't' ? [TEAM] : undefined),
    findUser: (by) =>
      [...users.values()].find((user) =>
        'id' in by
          ? user.id === by.id
          : 'name' in by
            ? user.name === by.name
            : user.identities.some((each) => each.issuer === by.issuer && each.subject === by.subject),
      ),
    aboveUser(id, above, own) {
      if (bench.off.has(id)) return undefined;
      const level = levels.get(id) ?? { ...TEAM, type: 'user' as const, id, name: id };
      levels.set(id, level);
      return { levels: [level, ...above], ...(Object.keys(own).length > 0 && { labels: own }) };
    },
  };
  const subjects = createSubjects({
    ...{ directory, config: () => bench.config },
    onUnknown: (_, keyId) => void bench.unknown.push(keyId),
  });
  return { bench, subjects };
}

const RULE = { claim: 'groups', value: 'all', team: 'all', access: undefined };

test('a subject is the same object through renewed tokens and changes of others, and another once it is bounded otherwise', () => {
  const { bench, subjects } = createBench();
  bench.addUser('ada', { identities: [{ issuer: ISSUER, subject: 'sub' }] });
  const caller = bench.callerOf({ jti: '1', iat: 1 });
  assert.equal(bench.callerOf({ jti: '2', iat: 2 }), caller);
  bench.addUser('bob');
  assert.equal(bench.callerOf({ jti: '3' }), caller);
  assert.equal(subjects.refreshed(caller), caller);
  bench.addUser('ada', { identities: [{ issuer: ISSUER, subject: 'sub' }], teams: ['t'] });
  const changed = subjects.refreshed(caller);
  assert.notEqual(changed, caller);
  assert.deepEqual(
    changed?.levels?.map(({ type }) => type),
    ['user', 'team'],
  );
  assert.equal(bench.callerOf({ jti: '4' }), changed);
  assert.ok([caller, changed].every((each) => each?.keyId === subjectKeyId(ISSUER, 'sub')));
});

test('who is switched off, or loses the claim’s team or the whole section, is nobody, and somebody again after', () => {
  const { bench, subjects } = createBench({ rules: [RULE] });
  bench.addUser('ada', { identities: [{ issuer: ISSUER, subject: 'sub' }] });
  const [ada, other] = [bench.callerOf({}), bench.callerOf({ groups: ['all'] }, 'other')];
  bench.off.add('ada');
  bench.version++;
  assert.equal(subjects.refreshed(ada), undefined);
  assert.throws(() => bench.callerOf({}), { code: 'unknown_subject' });
  bench.off.clear();
  bench.version++;
  assert.equal(subjects.refreshed(ada)?.keyId, ada.keyId);
  const before = bench.config;
  bench.config = before && { ...before, issuers: [] };
  assert.deepEqual([subjects.refreshed(ada), subjects.refreshed(other)], [undefined, undefined]);
  bench.config = undefined;
  assert.equal(subjects.refreshed(other), undefined);
  bench.config = before;
  assert.equal(subjects.refreshed(other)?.keyId, other.keyId);
});

test('who is nobody is told of once, and again only when something changed', () => {
  const { bench } = createBench();
  for (let i = 0; i < 3; i++) assert.throws(() => bench.callerOf({ jti: String(i) }), { code: 'unknown_subject' });
  assert.deepEqual(bench.unknown, [subjectKeyId(ISSUER, 'sub')]);
});

test('no name that an issuer gives is that of a user', () => {
  const { bench } = createBench({ rules: [RULE] });
  bench.addUser('ada', { identities: [{ issuer: ISSUER, subject: 'sub' }] });
  assert.equal(bench.callerOf({}).keyName, 'oauth:user:ada');
  const names = ['user:ada', 'ada', 'a\u200bda\n'].map((sub) => bench.callerOf({ groups: 'all' }, sub).keyName);
  assert.deepEqual(names, ['oauth:sub:user:ada', 'oauth:sub:ada', 'oauth:sub:a?da?']);
});

test('claims of one token are never taken for those of another that looks like it', () => {
  const { bench } = createBench({ user: 'email' });
  bench.addUser('ada@example.com');
  const email = 'ada@example.com';
  assert.equal(bench.callerOf({ email, email_verified: true }).keyName, 'oauth:user:ada@example.com');
  for (const email_verified of ['true', 1, [true], undefined])
    assert.throws(() => bench.callerOf({ email, email_verified }), { code: 'unknown_subject' });
});
