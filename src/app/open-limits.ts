/** Where limits are counted, what they are counted from, and who is told of them: the parts of one data directory, wired together. */

import type { GatewayConfig } from '../contracts/config.ts';
import type { RedisConfig } from '../contracts/config-sections.ts';
import type { LimitStore, SpendStore } from '../contracts/limits.ts';
import type { Log } from '../contracts/log.ts';
import type { WebhookEvent } from '../contracts/webhooks.ts';
import { createMemoryLimitStore } from '../pipeline/limits/memory-limit-store.ts';
import { createOwnLimitStore } from '../pipeline/limits/own-limit-store.ts';
import { createRecordedSettlement } from '../pipeline/limits/settle-recorded.ts';
import { createPostgresLimitStore } from '../platform/stores/postgres/limit-store.ts';
import type { Database } from '../platform/stores/postgres/open-database.ts';
import { createRedisLimitStore } from '../platform/stores/redis/limit-store.ts';
import { openRedis } from '../platform/stores/redis/open-redis.ts';
import type { HttpClient } from '../upstreams/http/client.ts';
import { createWebhooks } from '../upstreams/webhooks/webhooks.ts';
import type { Stores } from './open-stores.ts';

export interface Limits extends AsyncDisposable {
  readonly limitStore: LimitStore;
  /** Counts for this process alone while the other one is lost. */
  readonly ownLimitStore: LimitStore;
  tell(event: WebhookEvent): Promise<void>;
}

interface Counting {
  readonly spend: SpendStore;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly log: Log;
}

/** The journals of earlier runs have to be folded before: what they left is spent, too. */
export async function openLimits(
  deps: Omit<Counting, 'spend'> & {
    readonly stores: Pick<Stores, 'spend' | 'outbox' | 'database'>;
    readonly http: HttpClient;
    /** The configuration in force. */
    readonly config: () => GatewayConfig;
    readonly random: (() => number) | undefined;
    /** What the trail was told survives this process. Never throws. */
    readonly persist: () => void;
  },
): Promise<Limits> {
  const { stores, http, now, monotonicMs, log } = deps;
  const spend = await stores.spend();
  const outbox = await stores.outbox();
  const counting = { spend, now, monotonicMs, log };
  const store = await openLimitStore(counting, stores.database, deps.config().redis);
  // In memory nothing outlives the process, and nothing waits.
  const limitStore = stores.database === undefined ? store : createRecordedSettlement({ store, persist: deps.persist });
  const ownLimitStore = createOwnLimitStore({ spend, now, monotonicMs });
  const webhooks = createWebhooks({
    ...{ outbox, http, now, random: deps.random ?? Math.random, log },
    hooks: () => deps.config().webhooks ?? [],
  });
  return {
    ...{ limitStore, ownLimitStore, tell: webhooks.tell },
    async [Symbol.asyncDispose]() {
      await webhooks[Symbol.asyncDispose]();
      await limitStore[Symbol.asyncDispose]();
      await ownLimitStore[Symbol.asyncDispose]();
    },
  };
}

/** Whoever shares a ledger counts together: in Redis, or else in the database itself. */
export async function openLimitStore(
  { log, ...counting }: Counting,
  database: Database | undefined,
  redisConfig: RedisConfig | undefined,
): Promise<LimitStore> {
  if (database === undefined) return createMemoryLimitStore(counting);
  const { spend, now } = counting;
  if (redisConfig === undefined) return createPostgresLimitStore({ database, spend, now });
  const { url, timeoutMs, keyPrefix } = redisConfig;
  const redis = await openRedis({ url, timeoutMs, log });
  const store = createRedisLimitStore({ redis, spend, now, keyPrefix, log });
  return {
    ...store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}
