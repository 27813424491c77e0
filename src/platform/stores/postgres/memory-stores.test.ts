import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { testCredentialStore } from '../../../../test/support/credential-store-suite.ts';
import { testDefinitionStore } from '../../../../test/support/definition-store-suite.ts';
import { usePostgres } from '../../../../test/support/postgres.ts';
import type { Cleanup } from '../../../../test/support/temp-dir.ts';
import { waitFor } from '../../../../test/support/wait-for.ts';
import type { ServerCredentialStore } from '../../../contracts/server-credentials.ts';
import { openDefinitionStore } from './definitions.ts';
import { openServerCredentialStore } from './server-credentials.ts';
import { followForTest, openForTest } from './testing/open-for-test.ts';

const { skip, server } = usePostgres();

const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

async function openCredentials(t: Cleanup, url: string): Promise<ServerCredentialStore> {
  const database = await openForTest(t, url);
  const store = await openServerCredentialStore(database, await followForTest(t, database), QUIET);
  t.after(() => store[Symbol.asyncDispose]());
  return store;
}

if (skip === false) {
  testDefinitionStore('PostgreSQL', async (t) => {
    const url = await server.newDatabase();
    return async () => {
      const database = await openForTest(t, url);
      const store = await openDefinitionStore(database, await followForTest(t, database), QUIET);
      t.after(() => store[Symbol.asyncDispose]());
      return store;
    };
  });
  testCredentialStore('PostgreSQL', async (t) => {
    const url = await server.newDatabase();
    return () => openCredentials(t, url);
  });
}

test('of processes that renew one credential each sees what the one before got', { skip }, async (t: TestContext) => {
  const url = await server.newDatabase();
  const stores = await Promise.all([1, 2, 3].map(() => openCredentials(t, url)));
  let inside = 0;
  await Promise.all(
    [...stores, ...stores].map((store) =>
      store.exclusively('s', '', async () => {
        assert.equal(++inside, 1, 'nobody else is here');
        store.write('s', '', `${Number(store.read('s', '') ?? 0) + 1}`, 1);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
      }),
    ),
  );
  await waitFor('all six', () => stores.every((store) => store.read('s', '') === '6'));
});

test('what is written while PostgreSQL is away arrives when it is back', { skip }, async (t: TestContext) => {
  const url = await server.newDatabase();
  const store = await openCredentials(t, url);
  await server.stop();
  store.write('s', '', 'kept', 1);
  assert.equal(store.read('s', ''), 'kept');
  await assert.rejects(store.exclusively('s', '', async () => undefined));
  await server.start();
  const other = await openCredentials(t, url);
  await waitFor('the credential', () => other.read('s', '') === 'kept');
});
