import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import type { JsonObject } from '../../contracts/json.ts';
import type { ObjectKind, ObjectStore, StoredObject } from '../../contracts/objects.ts';
import { KeyShape, OrganizationShape, TeamShape, UserShape } from '../../contracts/shapes/directory.ts';
import { createLiveDirectory } from './live-directory.ts';

const SHAPES = { key: KeyShape, team: TeamShape, user: UserShape, organization: OrganizationShape };

/** A store in memory: what was put last of each, with the number of its change. */
function createObjects() {
  const objects = new Map<string, StoredObject & { readonly seq: number }>();
  let seq = 0;
  let reads = 0;
  const store: Pick<ObjectStore, 'changedSince'> = {
    async changedSince(since) {
      reads++;
      return { seq, objects: [...objects.values()].filter((object) => object.seq > since) };
    },
  };
  const put = (kind: ObjectKind, id: string, body: object, isDeleted = false): void => {
    const at = { version: 1, isDeleted, createdAtMs: 0, updatedAtMs: 0, seq: ++seq };
    objects.set(`${kind} ${id}`, { kind, id, name: id, body: body as JsonObject, ...at });
  };
  return {
    store,
    reads: () => reads,
    put: (kind: keyof typeof SHAPES, id: string, body: object): void =>
      put(kind, id, SHAPES[kind].parse({ name: id, ...body })),
    remove: (kind: ObjectKind, id: string): void => put(kind, id, {}, true),
    other: (kind: ObjectKind, id: string): void => put(kind, id, {}),
  };
}

const secret = (text: string, more: object = {}) => ({
  ...{ hash: hash('sha256', text, 'hex'), prefix: text, createdAtMs: 0, ...more },
});
const compact = (text: string): string => Buffer.from(hash('sha256', text, 'hex'), 'hex').toString('latin1');

async function setUp() {
  const objects = createObjects();
  const directory = createLiveDirectory({ store: objects.store });
  const keyOf = (text: string) => [...directory.keys()].find((each) => each.hash === compact(text))?.key;
  return { objects, directory, keyOf };
}

test('a key has what it may, and the levels above it, nearest first', async () => {
  const { objects, directory, keyOf } = await setUp();
  objects.put('organization', 'org', { labels: { customer: 'acme', site: 'b' } });
  objects.put('team', 'research', {
    organization: 'org',
    labels: { site: 'a' },
    bounds: { deny: ['github/delete_*'] },
    limits: { budgets: [{ maxUsd: 5, per: 'day' }] },
  });
  objects.put('user', 'ada', { limits: { requests: [{ max: 9, per: 'second' }] } });
  objects.put('key', 'k', {
    ...{ user: 'ada', team: 'research', grant: { allow: ['*'] }, secrets: [secret('s')] },
    labels: { app: 'x' },
  });
  assert.equal(await directory.refresh(), true);
  const key = keyOf('s');
  assert.deepEqual([key?.keyId, key?.keyName, key?.grant.allow], ['k', 'k', ['*']]);
  assert.deepEqual(
    key?.levels?.map(({ type, id, grant, limits }) => [type, id, grant?.allow, grant?.deny, limits?.budgets[0]]),
    [
      ['user', 'ada', undefined, undefined, undefined],
      ['team', 'research', ['*'], ['github/delete_*'], { maxMicroUsd: 5_000_000, per: 'day', timeZone: 'UTC' }],
      ['organization', 'org', undefined, undefined, undefined],
    ],
  );
  assert.deepEqual(key?.labels, { customer: 'acme', site: 'a', app: 'x' });
});

test('a key that was revoked, and one whose user, team or organisation is gone or switched off, is in no directory', async () => {
  const { objects, directory, keyOf } = await setUp();
  objects.put('organization', 'org', {});
  objects.put('team', 'team', { organization: 'org' });
  objects.put('user', 'ada', {});
  for (const [id, body] of Object.entries({
    a: { user: 'ada' },
    b: { team: 'team' },
    c: {},
    d: { organization: 'org' },
  }))
    objects.put('key', id, { ...body, grant: {}, secrets: [secret(id)] });
  await directory.refresh();
  assert.equal(directory.countKeys(), 4);
  const present = (): string => ['a', 'b', 'c', 'd'].filter((id) => keyOf(id) !== undefined).join('');
  assert.equal(present(), 'abcd');
  objects.put('user', 'ada', { isActive: false });
  await directory.refresh();
  assert.equal(present(), 'bcd');
  objects.put('user', 'ada', {});
  objects.remove('organization', 'org');
  await directory.refresh();
  assert.equal(present(), 'ac');
  objects.put('key', 'c', { grant: {}, secrets: [secret('c')], revokedAtMs: 1 });
  objects.remove('key', 'a');
  await directory.refresh();
  assert.equal(present(), '');
  assert.equal(directory.countKeys(), 0);
});

test('both secrets of a key are good while one takes the place of the other, the old one until its end', async () => {
  const { objects, directory, keyOf } = await setUp();
  const secrets = [secret('old', { expiresAtMs: 50 }), secret('new')];
  objects.put('key', 'k', { grant: { allow: ['*'] }, secrets, expiresAtMs: 80 });
  objects.put('key', 'short', { grant: {}, secrets: [secret('other', { expiresAtMs: 90 })], expiresAtMs: 70 });
  await directory.refresh();
  assert.deepEqual([keyOf('old')?.expiresAtMs, keyOf('new')?.expiresAtMs, keyOf('other')?.expiresAtMs], [50, 80, 70]);
  assert.equal(keyOf('old')?.keyId, 'k');
});

test('what is equal is one object, and stays the same one when something else changes', async () => {
  const { objects, directory, keyOf } = await setUp();
  objects.put('team', 't', {});
  const like = (id: string, more: object = {}): void =>
    objects.put('key', id, {
      ...{ team: 't', grant: { allow: ['a', 'b'] }, limits: { requests: [{ max: 1, per: 'day' }] } },
      ...{ secrets: [secret(id)], ...more },
    });
  like('a');
  like('b');
  await directory.refresh();
  const [a, b] = [keyOf('a'), keyOf('b')];
  assert.ok(a?.grant === b?.grant && a?.limits === b?.limits && a?.levels === b?.levels && a?.limits !== undefined);
  like('b', { labels: { x: 'y' } });
  await directory.refresh();
  assert.ok(keyOf('a')?.levels === a?.levels && keyOf('b')?.limits === a?.limits);
  objects.put('team', 't', { bounds: { deny: ['b'] } });
  await directory.refresh();
  assert.notEqual(keyOf('a')?.levels, a?.levels);
});

test('only news of keys and people changes the version, and nothing is read twice', async () => {
  const { objects, directory } = await setUp();
  objects.put('key', 'k', { grant: {}, secrets: [] });
  const before = directory.version();
  assert.deepEqual(await Promise.all([directory.refresh(), directory.refresh()]), [true, false]);
  assert.notEqual(directory.version(), before);
  const version = directory.version();
  objects.other('server', 's');
  assert.equal(await directory.refresh(), false);
  assert.equal(directory.version(), version);
});

test('a key of the file stands below its user and whom they belong to, as long as they may use keys', async () => {
  const { objects, directory } = await setUp();
  const team = {
    type: 'team',
    id: 'config:team:t',
    name: 't',
    grant: undefined,
    limits: undefined,
    labels: { a: 'team' },
  } as const;
  assert.equal(directory.aboveUser?.('ada', [], {}), undefined);
  objects.put('organization', 'org', { labels: { a: 'org', b: 'org', c: 'org' } });
  objects.put('user', 'user_1', { name: 'Ada', organization: 'org', labels: { b: 'user' } });
  await directory.refresh();
  assert.deepEqual(
    [directory.userId(' ADA'), directory.userId('user_1'), directory.userId('x')],
    ['user_1', 'user_1', undefined],
  );
  const above = directory.aboveUser?.('ADA', [team], { c: 'own' });
  assert.deepEqual(
    above?.levels?.map(({ type, id }) => `${type} ${id}`),
    ['user user_1', 'team config:team:t', 'organization org'],
  );
  assert.deepEqual(above?.labels, { a: 'team', b: 'user', c: 'own' });
  assert.equal(
    directory.aboveUser?.('user_1', [team], {})?.levels,
    above?.levels,
    'the same list, so that views are shared',
  );
  const ofFile = { ...team, type: 'organization', id: 'config:organization:o' } as const;
  assert.deepEqual(
    directory.aboveUser?.('ada', [team, ofFile], {})?.levels?.map(({ id }) => id),
    ['user_1', team.id, ofFile.id],
  );
  objects.put('user', 'user_1', { name: 'Ada', organization: 'gone' });
  await directory.refresh();
  assert.equal(directory.aboveUser?.('ada', [team], {}), undefined);
  objects.put('user', 'user_1', { name: 'Ada', isActive: false });
  await directory.refresh();
  assert.equal(directory.aboveUser?.('ada', [team], {}), undefined);
  objects.put('user', 'user_1', { name: 'Grace' });
  await directory.refresh();
  assert.equal(directory.aboveUser?.('ada', [team], {}), undefined);
  assert.equal(directory.aboveUser?.('grace', [team], {})?.levels?.length, 2);
});
