import { after, before, test } from 'node:test';
import { testLimitStore } from '../../../../test/support/limit-store-suite.ts';
import { startPostgres, withoutPostgres } from '../../../../test/support/postgres.ts';
import { createCleanup } from '../../../../test/support/temp-dir.ts';
import { createPostgresLimitStore } from './limit-store.ts';
import type { Database } from './open-database.ts';
import { openForTest } from './testing/open-for-test.ts';

const skip = withoutPostgres();
const cleanup = createCleanup();
let database: Database;
before(async () => {
  if (skip !== false) return;
  const server = await startPostgres(cleanup);
  // One for all tests: each line is a test's own, and a database for every history would use up the connections.
  database = await openForTest(cleanup, await server.newDatabase());
});
after(() => cleanup.run());

if (skip !== false) test('limits on PostgreSQL', { skip }, () => undefined);
else
  testLimitStore(
    'PostgreSQL',
    async (t) =>
      ({ now, monotonicMs, spend }) => {
        const store = createPostgresLimitStore({ database, spend, now, rateMs: monotonicMs, timeoutMs: 20_000 });
        t.after(() => store[Symbol.asyncDispose]());
        return store;
      },
    { isShared: true, numRuns: 20 },
  );
