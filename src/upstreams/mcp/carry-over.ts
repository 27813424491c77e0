/** What of a server outlives its instances: when its configuration changes, clients keep their subscriptions and log level. */

import type { Log } from '../../contracts/log.ts';
import type { LogLevel } from '../../contracts/peer.ts';
import { createSubscriptions, type Subscriptions } from './subscriptions.ts';

export interface CarryOver {
  readonly subscriptions: Subscriptions;
  /** Quietest level any session asked for; undefined: none asked. */
  logLevel: LogLevel | undefined;
  /** Offers are numbered per server, not per instance, so that a number never comes back. */
  nextRevision(): number;
}

export function createCarryOver(deps: { readonly serverId: string; readonly log: Log }): CarryOver {
  let revision = 0;
  return { subscriptions: createSubscriptions(deps), logLevel: undefined, nextRevision: () => ++revision };
}
