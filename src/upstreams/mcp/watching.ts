/** What a server tells beside its answers, of resources and tasks: who may hear it, over the one shared link. */

import type { ServerConfig } from '../../contracts/config.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ResourceUpdate, TaskUpdate } from '../../contracts/upstream.ts';
import type { KeptLink } from './kept-link.ts';
import type { Subscriptions } from './subscriptions.ts';

export interface Watching {
  subscribe(uri: string, listener: ResourceUpdate): Promise<() => void>;
  watchTask(taskId: string, listener: TaskUpdate): Promise<() => void>;
}

/** `ready`: the shared link, waiting for it. Throws GatewayError. */
export function createWatching(deps: {
  readonly config: Pick<ServerConfig, 'id' | 'credentials'>;
  readonly subscriptions: Subscriptions;
  readonly ready: () => Promise<KeptLink>;
}): Watching {
  const { config, subscriptions, ready } = deps;
  const refusePersonal = (): void => {
    if (config.credentials === 'per-user')
      throw new GatewayError(
        'unknown_method',
        `server "${config.id}" tells of no changes here: each user has an account of their own there`,
      );
  };

  return {
    async subscribe(uri, listener) {
      refusePersonal();
      const kept = await ready();
      const { resources } = kept.link.capabilities;
      if ((resources as { subscribe?: unknown } | undefined)?.subscribe !== true)
        throw new GatewayError('unknown_method', `server "${config.id}" has no resource subscriptions`);
      return subscriptions.subscribe(uri, listener);
    },
    async watchTask(taskId, listener) {
      refusePersonal();
      await ready();
      return subscriptions.watchTask(taskId, listener);
    },
  };
}
