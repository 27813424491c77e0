import { testDefinitionStore } from '../../../../test/support/definition-store-suite.ts';
import { createTempDir } from '../../../../test/support/temp-dir.ts';
import { openDefinitionStore } from './definitions.ts';

testDefinitionStore('SQLite', async (t) => {
  const dataDir = await createTempDir(t);
  return async () => {
    const store = openDefinitionStore({ dataDir });
    t.after(() => store[Symbol.dispose]());
    return store;
  };
});
