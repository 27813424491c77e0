import { testIdempotencyStore } from '../../../../test/support/idempotency-store-suite.ts';
import { createTempDir } from '../../../../test/support/temp-dir.ts';
import { openIdempotencyStore } from './idempotency.ts';

testIdempotencyStore('SQLite', async (t) => {
  const dataDir = await createTempDir(t);
  return async () => openIdempotencyStore({ dataDir });
});
