import { test } from 'node:test';
import { testLimitStore } from '../../../../test/support/limit-store-suite.ts';
import { hasRedis, startRedis } from '../../../../test/support/redis.ts';
import { Secret } from '../../../contracts/secret.ts';
import { createRedisLimitStore } from './limit-store.ts';
import { openRedis } from './open-redis.ts';

if (!hasRedis()) test('limits on Redis', { skip: 'there is no redis-server here' }, () => undefined);
else
  testLimitStore(
    'Redis',
    async (t) => {
      const { url } = await startRedis(t);
      return async ({ now, monotonicMs, spend }) => {
        const redis = await openRedis({ url: new Secret(url), timeoutMs: 5_000 });
        const store = createRedisLimitStore({ redis, spend, now, rateMs: monotonicMs, keyPrefix: 'test:' });
        t.after(async () => {
          await store[Symbol.asyncDispose]();
          await redis[Symbol.asyncDispose]();
        });
        return store;
      };
    },
    { isShared: true, numRuns: 20 },
  );
