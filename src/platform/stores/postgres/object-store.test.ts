import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { testObjectStore } from '../../../../test/support/object-store-suite.ts';
import { usePostgres } from '../../../../test/support/postgres.ts';
import { waitFor, within } from '../../../../test/support/wait-for.ts';
import type { ChangeOrigin, ObjectWrite } from '../../../contracts/objects.ts';
import { createObjectStore } from './object-store.ts';
import { followForTest, openForTest } from './testing/open-for-test.ts';

const { skip, server } = usePostgres();

if (skip === false)
  testObjectStore('PostgreSQL', async (t) => {
    const url = await server.newDatabase();
    return async () => {
      const database = await openForTest(t, url);
      return createObjectStore(database, await followForTest(t, database));
    };
  });

const origin: ChangeOrigin = { actor: { type: 'operator', id: 'root', name: 'root' }, via: 'cli' };
const team = (name: string, body: object = {}): ObjectWrite => ({
  ...{ action: 'create', kind: 'team', id: `team_${name}`, name },
  body: { name, ...body },
});

test('of many writers at once each gets a number of its own, in the order in which their changes are seen', {
  skip,
}, async (t) => {
  const url = await server.newDatabase();
  const stores = [];
  for (let i = 0; i < 3; i++) {
    const database = await openForTest(t, url);
    stores.push(createObjectStore(database, await followForTest(t, database)));
  }
  const [watcher] = stores;
  assert.ok(watcher);
  const seen: string[] = [];
  let seq = 0;
  const look = async (): Promise<void> => {
    const changed = await watcher.changedSince(seq);
    seq = changed.seq;
    seen.push(...changed.objects.map(({ id }) => id));
  };
  const writing = Promise.all(
    stores.map(async (store, at) => {
      for (let i = 0; i < 30; i++) await store.write([team(`${at}-${i}-a`), team(`${at}-${i}-b`)], origin, i);
    }),
  );
  let isDone = false;
  void writing.finally(() => {
    isDone = true;
  });
  while (!isDone) await look();
  await writing;
  await look();
  assert.equal(seen.length, 180);
  assert.equal(new Set(seen).size, 180, 'each once: nothing was committed behind a number already seen');
  assert.equal(seq, 180);
});

test('only one of several who change the same version wins', { skip }, async (t) => {
  const database = await openForTest(t, await server.newDatabase());
  const store = createObjectStore(database, await followForTest(t, database));
  await store.write([team('a')], origin, 1);
  const tries = await Promise.allSettled(
    Array.from({ length: 8 }, (_, i) =>
      store.write(
        [{ action: 'update', kind: 'team', id: 'team_a', name: 'a', body: { name: 'a', i }, ifVersion: 1 }],
        origin,
        2,
      ),
    ),
  );
  assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
  assert.equal((await store.find('team', 'team_a'))?.version, 2);
  assert.equal((await store.changes({ limit: 10 })).length, 2);
});

test('a replica hears of what another one changed, also after its connections were lost', { skip }, async (t) => {
  const url = await server.newDatabase();
  const here = await openForTest(t, url);
  const there = await openForTest(t, url);
  const store = createObjectStore(here, await followForTest(t, here));
  const other = createObjectStore(there, await followForTest(t, there));
  let next = Promise.withResolvers<void>();
  const stop = store.onChange(() => next.resolve());
  await other.write([team('a')], origin, 1);
  await within('a change', next.promise, 2_000);

  await server.stop();
  await assert.rejects(other.write([team('b')], origin, 1));
  await server.start();
  next = Promise.withResolvers<void>();
  await waitFor('writing again', () =>
    other.write([team('c')], origin, 1).then(
      () => true,
      () => false,
    ),
  );
  await within('a change', next.promise, 5_000);
  stop();
  assert.deepEqual(
    (await store.list('team', { limit: 10 })).map(({ name }) => name),
    ['a', 'c'],
  );

  next = Promise.withResolvers<void>();
  await other.write([team('d')], origin, 1);
  assert.equal(await Promise.race([next.promise.then(() => 'heard'), sleep(700, 'nothing')]), 'nothing');
});

test('a text that PostgreSQL has no place for is stored all the same, readable', { skip }, async (t) => {
  const database = await openForTest(t, await server.newDatabase());
  const store = createObjectStore(database, await followForTest(t, database));
  const [written] = await store.write([team('a', { labels: { x: 'a\0b', y: '\\u0000' } })], origin, 1);
  assert.deepEqual(written?.body.labels, { x: 'a\ufffdb', y: '\\u0000' });
  assert.equal((await store.list('team', { limit: 1, where: { name: 'a' } })).length, 1);
});
