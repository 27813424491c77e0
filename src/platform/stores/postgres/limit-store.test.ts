import { after, before, test } from 'node:test';
import { testLimitStore } from '../../../../test/support/limit-store-suite.ts';
import { startPostgres, type TestPostgres, withoutPostgres } from '../../../../test/support/postgres.ts';
import { createCleanup } from '../../../../test/support/temp-dir.ts';
import { createPostgresLimitStore } from './limit-store.ts';
import { openForTest } from './testing/open-for-test.ts';

const skip = withoutPostgres();
const cleanup = createCleanup();
let server: TestPostgres;
before(async () => {
  if (skip === false) server = await startPostgres(cleanup);
});
after(() => cleanup.run());

if (skip !== false) test('limits on PostgreSQL', { skip }, () => undefined);
else
  testLimitStore(
    'PostgreSQL',
    async (t) => {
      const database = await openForTest(t, await server.newDatabase());
      return ({ now, monotonicMs, spend }) => {
        const store = createPostgresLimitStore({ database, spend, now, rateMs: monotonicMs, timeoutMs: 20_000 });
        t.after(() => store[Symbol.asyncDispose]());
        return store;
      };
    },
    { isShared: true, numRuns: 10 },
  );
