import { testCredentialStore } from '../../../../test/support/credential-store-suite.ts';
import { createTempDir } from '../../../../test/support/temp-dir.ts';
import { openServerCredentialStore } from './server-credentials.ts';

testCredentialStore('SQLite', async (t) => {
  const dataDir = await createTempDir(t);
  return async () => {
    const store = openServerCredentialStore({ dataDir });
    t.after(() => store[Symbol.dispose]());
    return store;
  };
});
