/** What every store of credentials at servers has to keep to, whichever engine carries it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerCredentialStore } from '../../src/contracts/server-credentials.ts';
import type { Cleanup } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

/** As in the suite of object stores; what one store wrote, another may see a moment later. */
export function testCredentialStore(
  engine: string,
  place: (cleanup: Cleanup) => Promise<() => Promise<ServerCredentialStore>>,
): void {
  test(`${engine}: a credential shows at once where it was written, and soon everywhere`, async (t) => {
    const open = await place(t);
    const [one, other] = [await open(), await open()];
    assert.equal(one.read('s', ''), undefined);
    one.write('s', '', 'first', 1);
    one.write('s', '', 'second', 2);
    one.write('s', 'ada', 'hers', 2);
    assert.equal(one.read('s', ''), 'second');
    await waitFor('the credential', () => other.read('s', '') === 'second' && other.read('s', 'ada') === 'hers');
    assert.equal((await open()).read('s', ''), 'second');
  });

  test(`${engine}: what was removed is gone at once where that was done, and soon everywhere, and nobody else's goes`, async (t) => {
    const open = await place(t);
    const [one, other] = [await open(), await open()];
    for (const owner of ['', 'ada', 'grace']) one.write('s', owner, `of ${owner}`, 1);
    await waitFor('the credentials', () => other.read('s', 'grace') !== undefined);
    one.remove('s', 'ada');
    assert.equal(one.read('s', 'ada'), undefined);
    await waitFor('the removal', () => other.read('s', 'ada') === undefined);
    assert.deepEqual(
      (await open())
        .list()
        .map(({ owner }) => owner)
        .sort(),
      ['', 'grace'],
    );
    one.write('s', 'ada', 'again', 2);
    await waitFor('the new one', () => other.read('s', 'ada') === 'again');
  });

  test(`${engine}: a sign-in is good once, whoever takes it, and not after its time`, async (t) => {
    const open = await place(t);
    const [one, other] = [await open(), await open()];
    const signIn = { serverId: 's', owner: '', sealed: 'x', expiresAtMs: 100 };
    await one.addSignIn('a', signIn, 1);
    await one.addSignIn('b', signIn, 1);
    const taken = await Promise.all([one, other, one, other].map((store) => store.takeSignIn('a', 50)));
    assert.deepEqual(
      taken.filter((each) => each !== undefined),
      [signIn],
    );
    assert.equal(await other.takeSignIn('b', 100), undefined);
    assert.equal(await other.takeSignIn('c', 1), undefined);
  });
}
