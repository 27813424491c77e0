/** What every store of the authorization server has to keep to, whichever engine carries it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OAuthGrant, OAuthRecord, OAuthStore } from '../../src/contracts/oauth-store.ts';
import type { Cleanup } from './temp-dir.ts';

const grant = (id: string, change: Partial<OAuthGrant> = {}): OAuthGrant => ({
  ...{ id, userId: 'ada', keyId: undefined, clientId: 'c', clientName: 'Editor', redirectUri: 'https://e.example/cb' },
  ...{ resource: 'https://g.example/mcp', scopes: ['mcp', 'models'], createdAtMs: 10, usedAtMs: 10 },
  ...{ expiresAtMs: 1_000 },
  ...change,
});
const record = (hash: string, change: Partial<OAuthRecord> = {}): OAuthRecord => ({
  ...{ kind: 'code', hash, grantId: undefined, sealed: `sealed ${hash}`, expiresAtMs: 1_000, consumedAtMs: undefined },
  ...change,
});

/** `place` gives a function that opens the same store again, as another process would. */
export function testOAuthStore(engine: string, place: (cleanup: Cleanup) => Promise<() => Promise<OAuthStore>>): void {
  const check = (name: string, body: (one: OAuthStore, other: OAuthStore) => Promise<void>): void => {
    test(`${engine}: ${name}`, async (t) => {
      const open = await place(t);
      const [one, other] = [await open(), await open()];
      t.after(() => one[Symbol.asyncDispose]());
      t.after(() => other[Symbol.asyncDispose]());
      await body(one, other);
    });
  };

  check('a record is found by kind and hash as it was put last, also by another process', async (one, other) => {
    assert.equal(await one.find('code', 'a'), undefined);
    assert.equal(await one.put(record('a')), true);
    assert.deepEqual(await other.find('code', 'a'), record('a'));
    assert.equal(await other.find('access', 'a'), undefined);
    await other.put(record('a', { sealed: 'anew', expiresAtMs: 2_000, consumedAtMs: 5 }));
    assert.deepEqual(await one.find('code', 'a'), record('a', { sealed: 'anew', expiresAtMs: 2_000, consumedAtMs: 5 }));
    assert.deepEqual([await one.remove('code', 'a'), await other.remove('code', 'a')], [true, false]);
    assert.equal(await one.find('code', 'a'), undefined);
  });

  check('what was found at one version is what is found now, whoever wrote meanwhile', async (one, other) => {
    await one.addGrant(grant('g'));
    await one.put(record('a', { kind: 'access', grantId: 'g' }));
    const changes: { [name: string]: () => Promise<unknown> } = {
      'put here': () => one.put(record('b')),
      'put elsewhere': () => other.put(record('b', { sealed: 'anew' })),
      'consumed here': () => one.consume('code', 'b', 1),
      'removed elsewhere': () => other.remove('code', 'b'),
      'touched here': () => one.touchGrant('g', 11),
      'ended elsewhere': () => other.endGrant('g'),
      'added here': () => one.addGrant(grant('h')),
      'ended here': () => one.endGrant('h'),
      'swept elsewhere': async () => {
        await other.put(record('c', { expiresAtMs: 5 }));
        const before = one.version();
        assert.equal(await other.sweep(6, 0, 10), 1);
        assert.ok(one.version() === undefined || one.version() !== before);
      },
    };
    for (const [name, change] of Object.entries(changes)) {
      const before = one.version();
      await one.find('access', 'a');
      if (one.version() !== undefined) assert.equal(one.version(), before, `${name}: looking changes nothing`);
      await change();
      // Without a version everything is asked for each time.
      assert.ok(one.version() === undefined || one.version() !== before, name);
    }
  });

  check('of several who use a code at once, one may', async (one, other) => {
    await one.put(record('a'));
    const used = await Promise.all([one, other, one, other].map((store) => store.consume('code', 'a', 7)));
    assert.deepEqual(used.filter((mine) => mine).length, 1);
    assert.equal((await other.find('code', 'a'))?.consumedAtMs, 7);
    assert.equal(await one.consume('code', 'nothing', 7), false);
  });

  check('a grant that ends takes with it all that belongs to it, and nothing is added any more', async (one, other) => {
    await one.addGrant(grant('g', { keyId: 'key_1' }));
    await one.addGrant(grant('h'));
    for (const hash of ['a', 'b']) await one.put(record(hash, { kind: 'access', grantId: 'g' }));
    await one.put(record('c', { kind: 'refresh', grantId: 'h' }));
    assert.deepEqual(await other.findGrant('g'), grant('g', { keyId: 'key_1' }));
    assert.deepEqual([await other.endGrant('g'), await one.endGrant('g')], [true, false]);
    assert.deepEqual([await one.find('access', 'a'), await one.find('access', 'b')], [undefined, undefined]);
    assert.notEqual(await one.find('refresh', 'c'), undefined);
    assert.equal(await one.put(record('d', { kind: 'access', grantId: 'g' })), false);
    assert.equal(await one.find('access', 'd'), undefined);
  });

  check('tokens written while their grant ends do not outlive it', async (one, other) => {
    await one.addGrant(grant('g'));
    const writes = Array.from({ length: 20 }, (_, i) =>
      (i % 2 === 0 ? one : other).put(record(`t${i}`, { kind: 'access', grantId: 'g' })),
    );
    await Promise.all([...writes.slice(0, 10), one.endGrant('g'), ...writes.slice(10)]);
    for (let i = 0; i < 20; i++) assert.equal(await other.find('access', `t${i}`), undefined);
  });

  check('grants are listed of one person or of all, the newest first, page by page', async (one) => {
    await one.addGrant(grant('a', { createdAtMs: 1 }));
    await one.addGrant(grant('b', { createdAtMs: 3, userId: 'grace' }));
    await one.addGrant(grant('c', { createdAtMs: 3 }));
    const ids = async (filter: Parameters<OAuthStore['listGrants']>[0]) =>
      (await one.listGrants(filter)).map(({ id }) => id);
    assert.deepEqual(await ids({ limit: 10 }), ['c', 'b', 'a']);
    assert.deepEqual(await ids({ limit: 2 }), ['c', 'b']);
    assert.deepEqual(await ids({ limit: 2, beforeId: 'b' }), ['a']);
    assert.deepEqual(await ids({ limit: 10, userId: 'ada' }), ['c', 'a']);
    await one.touchGrant('a', 99);
    assert.equal((await one.findGrant('a'))?.usedAtMs, 99);
  });

  check('no more clients register than may, however many come at once', async (one, other) => {
    const come = Array.from({ length: 12 }, (_, i) =>
      (i % 2 === 0 ? one : other).addClient({ id: `c${i}`, sealed: 's', createdAtMs: i }, 5),
    );
    assert.equal((await Promise.all(come)).filter((isIn) => isIn).length, 5);
    const known = await Promise.all(Array.from({ length: 12 }, (_, i) => one.findClient(`c${i}`)));
    assert.equal(known.filter((client) => client !== undefined).length, 5);
  });

  check('what expired is swept, and clients that nobody let in; the rest stays', async (one, other) => {
    await one.addGrant(grant('old', { expiresAtMs: 100, clientId: 'used' }));
    await one.addGrant(grant('new', { expiresAtMs: 900, clientId: 'kept' }));
    await one.put(record('of-old', { kind: 'refresh', grantId: 'old' }));
    await one.put(record('of-new', { kind: 'refresh', grantId: 'new', expiresAtMs: 900 }));
    await one.put(record('late', { expiresAtMs: 100 }));
    for (const id of ['used', 'kept', 'unused']) await one.addClient({ id, sealed: 's', createdAtMs: 1 }, 9);
    await one.addClient({ id: 'fresh', sealed: 's', createdAtMs: 400 }, 9);
    // The grant, its refresh token is gone with it, one code, and the two clients that nobody lets in any more.
    assert.equal(await other.sweep(500, 300, 10), 4);
    assert.deepEqual([await one.findGrant('old'), await one.find('refresh', 'of-old')], [undefined, undefined]);
    assert.equal(await one.find('code', 'late'), undefined);
    assert.ok((await one.findGrant('new')) && (await one.find('refresh', 'of-new')));
    const clients = ['used', 'kept', 'unused', 'fresh'].map(async (id) => (await one.findClient(id)) !== undefined);
    assert.deepEqual(await Promise.all(clients), [false, true, false, true]);
    assert.equal(await one.sweep(500, 300, 10), 0);
  });
}
