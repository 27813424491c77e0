import { testOAuthStore } from '../../../../test/support/oauth-store-suite.ts';
import { createTempDir } from '../../../../test/support/temp-dir.ts';
import { openOAuthStore } from './oauth.ts';

testOAuthStore('SQLite', async (t) => {
  const dataDir = await createTempDir(t);
  return async () => openOAuthStore({ dataDir });
});
