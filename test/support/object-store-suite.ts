/** What every object store has to keep to, whichever engine carries it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ChangeOrigin,
  type NotedChange,
  type NotedObject,
  ObjectConflict,
  type ObjectStore,
  type ObjectWrite,
  type StoredObject,
} from '../../src/contracts/objects.ts';
import type { Cleanup } from './temp-dir.ts';

const BY: ChangeOrigin = { actor: { type: 'user', id: 'user_1', name: 'ada' }, via: 'api' };

const create = (kind: 'team' | 'key', id: string, body: object = {}, name = id): ObjectWrite => ({
  ...{ action: 'create', kind, id, name, body: { name, ...body } },
});
const update = (id: string, body: object, ifVersion?: number): ObjectWrite => ({
  ...{ action: 'update', kind: 'team', id, name: id, body: { name: id, ...body }, ifVersion },
});
const remove = (id: string, ifVersion?: number): ObjectWrite => ({ action: 'delete', kind: 'team', id, ifVersion });

const refusedFor = (reason: ObjectConflict['reason']) => (error: unknown) =>
  error instanceof ObjectConflict && error.reason === reason;

/**
 * `place` prepares an empty place for objects; its function opens a store on it, as often as wanted, each as another process
 * would. What is opened is closed by the suite.
 */
export function testObjectStore(
  engine: string,
  place: (cleanup: Cleanup) => Promise<() => Promise<ObjectStore>>,
): void {
  const prepare = async (cleanup: Cleanup): Promise<() => Promise<ObjectStore>> => {
    const open = await place(cleanup);
    return async () => {
      const store = await open();
      cleanup.after(() => store[Symbol.asyncDispose]());
      return store;
    };
  };

  test(`${engine}: an object is found and listed as it was written, also by another process`, async (t) => {
    const open = await prepare(t);
    const store = await open();
    const body = { labels: { 'cost-centre': 'ü "4711"' }, nested: [1, { deep: [null, true, 0.1] }], __proto__: null };
    const [written] = await store.write([create('team', 'team_a', body)], BY, 5);
    const expected: StoredObject = {
      ...{ kind: 'team', id: 'team_a', name: 'team_a', version: 1, isDeleted: false, createdAtMs: 5, updatedAtMs: 5 },
      body: JSON.parse(JSON.stringify({ name: 'team_a', ...body })),
    };
    assert.deepEqual(written, expected);
    const other = await open();
    assert.deepEqual(await other.find('team', 'team_a'), expected);
    assert.deepEqual(await other.list('team', { limit: 10 }), [expected]);
    assert.equal(await other.find('key', 'team_a'), undefined);
    assert.equal(await other.find('team', 'team_b'), undefined);
  });

  test(`${engine}: a change raises the version, and only whoever read the newest may make it`, async (t) => {
    const store = await (await prepare(t))();
    await store.write([create('team', 'a', { n: 1 })], BY, 1);
    const [changed] = await store.write([update('a', { n: 2 }, 1)], BY, 2);
    assert.deepEqual([changed?.version, changed?.body.n, changed?.createdAtMs, changed?.updatedAtMs], [2, 2, 1, 2]);
    await assert.rejects(store.write([update('a', { n: 3 }, 1)], BY, 3), refusedFor('version'));
    await assert.rejects(store.write([remove('a', 1)], BY, 3), refusedFor('version'));
    assert.equal((await store.find('team', 'a'))?.body.n, 2);
    const [any] = await store.write([update('a', { n: 4 })], BY, 4);
    assert.equal(any?.version, 3);
  });

  test(`${engine}: of many who change the same version at once exactly one does`, async (t) => {
    const open = await prepare(t);
    const stores = await Promise.all([open(), open(), open()]);
    await stores[0]?.write([create('team', 'a')], BY, 1);
    const tries = Array.from({ length: 24 }, (_, i) => stores[i % 3]?.write([update('a', { by: i }, 1)], BY, 2));
    const results = await Promise.allSettled(tries);
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const result of results)
      if (result.status === 'rejected') assert.ok(refusedFor('version')(result.reason), String(result.reason));
    assert.equal((await stores[1]?.find('team', 'a'))?.version, 2);
  });

  test(`${engine}: names are unique among the living of a kind, but for keys`, async (t) => {
    const store = await (await prepare(t))();
    await store.write([create('team', 'a', {}, 'one'), create('team', 'b', {}, 'two')], BY, 1);
    await assert.rejects(store.write([create('team', 'c', {}, 'one')], BY, 2), refusedFor('exists'));
    await assert.rejects(store.write([create('team', 'a', {}, 'three')], BY, 2), refusedFor('exists'));
    await assert.rejects(
      store.write([{ action: 'update', kind: 'team', id: 'b', name: 'one', body: {}, ifVersion: 1 }], BY, 2),
      refusedFor('exists'),
    );
    await store.write([remove('a')], BY, 3);
    await store.write([create('team', 'c', {}, 'one')], BY, 4);
    await store.write([create('key', 'k1', {}, 'same'), create('key', 'k2', {}, 'same')], BY, 5);
    assert.equal((await store.list('key', { limit: 10 })).length, 2);
  });

  test(`${engine}: several writes happen all or not at all, and the record with them`, async (t) => {
    const store = await (await prepare(t))();
    await store.write([create('team', 'a')], BY, 1);
    const { seq } = await store.changedSince(0);
    await assert.rejects(
      store.write([create('team', 'b'), update('a', { n: 1 }), update('missing', {})], BY, 2),
      refusedFor('missing'),
    );
    assert.equal(await store.find('team', 'b'), undefined);
    assert.equal((await store.find('team', 'a'))?.version, 1);
    assert.equal((await store.changes({ limit: 10 })).length, 1);
    assert.deepEqual(await store.changedSince(seq), { seq, objects: [] });
  });

  test(`${engine}: whoever asks what changed gets each object once, as it is now, and the deleted too`, async (t) => {
    const open = await prepare(t);
    const [store, other] = [await open(), await open()];
    await store.write([create('team', 'a'), create('team', 'b'), create('key', 'k')], BY, 1);
    const first = await other.changedSince(0);
    assert.deepEqual(
      first.objects.map(({ id }) => id),
      ['a', 'b', 'k'],
    );
    await store.write([update('a', { n: 1 })], BY, 2);
    await store.write([update('a', { n: 2 }), remove('b')], BY, 3);
    const second = await other.changedSince(first.seq);
    assert.deepEqual(
      second.objects.map(({ id, body, isDeleted, version }) => [id, body.n, isDeleted, version]),
      [
        ['a', 2, false, 3],
        ['b', undefined, true, 2],
      ],
    );
    assert.deepEqual(await other.changedSince(second.seq), { seq: second.seq, objects: [] });
  });

  test(`${engine}: one that was deleted and made again goes on with its version`, async (t) => {
    const store = await (await prepare(t))();
    await store.write([create('team', 'a', { n: 1 })], BY, 1);
    await store.write([remove('a', 1)], BY, 2);
    assert.equal(await store.find('team', 'a'), undefined);
    await assert.rejects(store.write([update('a', {})], BY, 3), refusedFor('missing'));
    await assert.rejects(store.write([remove('a')], BY, 3), refusedFor('missing'));
    const [again] = await store.write([create('team', 'a', { n: 2 })], BY, 4);
    assert.deepEqual([again?.version, again?.isDeleted, again?.createdAtMs], [3, false, 4]);
  });

  test(`${engine}: lists are read in pages, by name and by members of the body`, async (t) => {
    const store = await (await prepare(t))();
    const writes = Array.from({ length: 25 }, (_, i) =>
      create('team', `team_${24 - i}`, { organization: i % 2 === 0 ? 'org_1' : "o'2", isActive: i < 3 }, `t%_${i}`),
    );
    for (const write of writes) await store.write([write], BY, 1);
    const seen: string[] = [];
    for (;;) {
      const page = await store.list('team', { limit: 10, afterId: seen.at(-1) });
      seen.push(...page.map(({ id }) => id));
      if (page.length < 10) break;
    }
    assert.deepEqual(
      seen,
      writes.map(({ id }) => id),
    );
    const names = async (page: object) => (await store.list('team', { limit: 99, ...page })).map(({ name }) => name);
    assert.deepEqual(await names({ namePrefix: 't%_2' }), ['t%_2', 't%_20', 't%_21', 't%_22', 't%_23', 't%_24']);
    assert.deepEqual(await names({ namePrefix: 'tx' }), []);
    assert.equal((await names({ where: { organization: "o'2" } })).length, 12);
    assert.deepEqual(await names({ where: { organization: 'org_1', isActive: true } }), ['t%_0', 't%_2']);
    await assert.rejects(names({ where: { "x') OR 1=1 --": 'y' } }), RangeError);
  });

  test(`${engine}: the record says who changed what, from what to what, without hashes and what is sealed`, async (t) => {
    const store = await (await prepare(t))();
    const secret = { hash: 'ab'.repeat(32), prefix: 'pck_abcd', createdAtMs: 1 };
    await store.write([create('key', 'k', { secrets: [secret], auth: { token: { sealed: 'xyz' } } })], BY, 7);
    const cli: ChangeOrigin = { actor: { type: 'operator', id: 'root', name: 'root' }, via: 'cli' };
    await store.write([{ action: 'delete', kind: 'key', id: 'k', ifVersion: undefined }], cli, 8);
    const changes = await store.changes({ limit: 10 });
    const shown = { name: 'k', secrets: [{ prefix: 'pck_abcd', createdAtMs: 1 }], auth: { token: {} } };
    assert.deepEqual(
      changes.map(({ seq, ...change }) => change),
      [
        { ...cli, atMs: 8, action: 'delete', kind: 'key', id: 'k', name: 'k', before: shown, after: undefined },
        { ...BY, atMs: 7, action: 'create', kind: 'key', id: 'k', name: 'k', before: undefined, after: shown },
      ],
    );
    const [newest, oldest] = changes;
    assert.ok(newest !== undefined && oldest !== undefined && newest.seq > oldest.seq);
    assert.deepEqual(await store.changes({ limit: 10, beforeSeq: newest.seq }), [oldest]);
    assert.deepEqual(await store.changes({ limit: 10, kind: 'team' }), []);
    assert.deepEqual(await store.changes({ limit: 1, kind: 'key', id: 'k' }), [newest]);
  });

  test(`${engine}: two who each take one of two owners away, having seen the other, leave one`, async (t) => {
    const open = await prepare(t);
    const [one, other] = [await open(), await open()];
    const owner = (id: string, role: string): ObjectWrite => ({
      ...{ action: 'update', kind: 'user', id, name: id, body: { name: id, role }, ifVersion: undefined },
    });
    for (const id of ['ada', 'bob']) {
      const body = { name: id, role: 'owner' };
      await one.write([{ action: 'create', kind: 'user', id, name: id, body }], BY, 1);
    }
    const demote = async (store: ObjectStore, id: string): Promise<void> => {
      const { seq } = await store.changedSince(Number.MAX_SAFE_INTEGER);
      const owners = await store.list('user', { limit: 10, where: { role: 'owner' } });
      await looked(id);
      if (owners.length < 2) throw new Error('the last owner');
      await store.write([owner(id, 'member')], BY, 2, { kinds: ['user', 'admin-token'], seq });
    };
    const both = Promise.withResolvers<void>();
    const ids = new Set<string>();
    // Both have looked before either writes.
    const looked = (id: string): Promise<void> => {
      if (ids.add(id).size === 2) both.resolve();
      return both.promise;
    };
    const results = await Promise.allSettled([demote(one, 'ada'), demote(other, 'bob')]);
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    assert.equal(refused.length, 1);
    assert.ok(refusedFor('others')(refused[0]), String(refused[0]));
    assert.equal((await one.list('user', { limit: 10, where: { role: 'owner' } })).length, 1);
    // What nobody looked at may change.
    const { seq } = await one.changedSince(Number.MAX_SAFE_INTEGER);
    await other.write([create('team', 'a')], BY, 3);
    await one.write([owner('ada', 'auditor')], BY, 4, { kinds: ['user'], seq });
    assert.equal((await other.find('user', 'ada'))?.body.role, 'auditor');
  });

  test(`${engine}: a line that is no write stands in the record, and changes no object`, async (t) => {
    const open = await prepare(t);
    const [store, other] = [await open(), await open()];
    await store.write([create('team', 'a')], BY, 1);
    const { seq } = await store.changedSince(0);
    const line: NotedChange = {
      ...{ action: 'invite', kind: 'user', id: 'u', name: 'ada', before: undefined },
      after: { name: 'ada', hash: 'secret', deep: [{ sealed: 'secret', n: 1 }] },
    };
    assert.equal(await store.note([line, { ...line, action: 'unlock' }], BY, 5), true);
    const [newest, second] = await other.changes({ limit: 2 });
    assert.deepEqual([newest?.action, second?.action], ['unlock', 'invite']);
    const { seq: place, ...shown } = second ?? { seq: 0 };
    assert.deepEqual(shown, { ...line, ...BY, atMs: 5, after: { name: 'ada', deep: [{ n: 1 }] } });
    assert.ok(place > seq && (newest?.seq ?? 0) > place);
    const after = await other.changedSince(seq);
    assert.deepEqual(after.objects, []);
    assert.ok(after.seq >= (newest?.seq ?? 0), 'what is written later comes after it');
    await other.write([create('team', 'b')], BY, 6);
    assert.equal((await store.changes({ limit: 1 }))[0]?.id, 'b');
  });

  test(`${engine}: of several who note the same file one does, and the next one starts from what it left`, async (t) => {
    const open = await prepare(t);
    const stores = await Promise.all([open(), open(), open()]);
    assert.deepEqual(await stores[0]?.notedFile(), { seq: 0, objects: [] });
    const object: NotedObject = { kind: 'server', id: 'github', name: 'github', body: { url: 'ü\0"' }, sealed: 's' };
    const line: NotedChange = { ...object, action: 'create', before: undefined, after: object.body };
    const done = await Promise.all(
      stores.map((store) => store.note([line], BY, 5, { afterSeq: 0, objects: [object] })),
    );
    assert.deepEqual(done.toSorted(), [false, false, true]);
    assert.equal((await stores[2]?.changes({ limit: 10 }))?.length, 1);
    const noted = await stores[1]?.notedFile();
    assert.deepEqual(noted?.objects, [object]);
    assert.ok(noted !== undefined && noted.seq > 0);
    assert.equal(await stores[0]?.note([], BY, 6, { afterSeq: noted.seq, objects: [] }), true);
    assert.equal(await stores[2]?.note([], BY, 6, { afterSeq: noted.seq, objects: [object] }), false);
    assert.deepEqual((await stores[1]?.notedFile())?.objects, []);
  });

  test(`${engine}: a listener hears of changes, its own process's and others', until it stops`, async (t) => {
    const open = await prepare(t);
    const [mine, other] = [await open(), await open()];
    // A store that looks for changes keeps no process alive by it.
    const holding = setInterval(() => undefined, 1_000);
    t.after(() => clearInterval(holding));
    let heard = Promise.withResolvers<void>();
    const stop = mine.onChange(() => heard.resolve());
    await mine.write([create('team', 'a')], BY, 1);
    await heard.promise;
    heard = Promise.withResolvers();
    await other.write([create('team', 'b')], BY, 2);
    await heard.promise;
    stop();
    heard = Promise.withResolvers();
    heard.promise.then(() => assert.fail('it was told after it had stopped'));
    await mine.write([create('team', 'c')], BY, 3);
    await new Promise((resolve) => setImmediate(resolve));
  });
}
