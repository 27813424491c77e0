/** Where limits are counted, what they are counted from, and who is told of them: the parts of one data directory, wired together. */

import type { GatewayConfig } from '../contracts/config.ts';
import type { LimitStore } from '../contracts/limits.ts';
import type { Log } from '../contracts/log.ts';
import type { WebhookEvent } from '../contracts/webhooks.ts';
import { createMemoryLimitStore } from '../pipeline/limits/memory-limit-store.ts';
import { createOwnLimitStore } from '../pipeline/limits/own-limit-store.ts';
import type { HttpClient } from '../upstreams/http/client.ts';
import { createWebhooks } from '../upstreams/webhooks/webhooks.ts';
import type { Stores } from './open-stores.ts';

export interface Limits extends AsyncDisposable {
  readonly limitStore: LimitStore;
  /** Counts for this process alone while the other one is lost. */
  readonly ownLimitStore: LimitStore;
  tell(event: WebhookEvent): Promise<void>;
}

/** The journals of earlier runs have to be folded before: what they left is spent, too. */
export async function openLimits(deps: {
  readonly stores: Pick<Stores, 'spend' | 'outbox'>;
  readonly http: HttpClient;
  /** The configuration in force. */
  readonly config: () => GatewayConfig;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly random: (() => number) | undefined;
  readonly log: Log;
}): Promise<Limits> {
  const { stores, http, now, monotonicMs, log } = deps;
  const spend = await stores.spend();
  const outbox = await stores.outbox();
  const limitStore = createMemoryLimitStore({ spend, now, monotonicMs });
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
