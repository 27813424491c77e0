/** The place of one server id: shows one instance, lets a changed one grow up beside it, and swaps them. */

import type { ServerConfig } from '../../contracts/config.ts';
import type { ServerCredentials } from '../../contracts/server-credentials.ts';
import type { ServerEvent, UpstreamServer } from '../../contracts/upstream.ts';
import { createCarryOver } from './carry-over.ts';
import type { LinkDeps } from './kept-link.ts';
import type { OfferList } from './list-offer.ts';
import { compareOffers } from './list-offer.ts';
import type { ParkedCalls } from './parked-calls.ts';
import { createServer, type Server } from './server.ts';
import { DRAIN_MS } from './shared-link.ts';

/** A changed server is shown after this long even if it is not healthy. */
const PROMOTE_MS = 10_000;

export interface ServerSlot {
  /** Stays the same object as instances come and go, so that nobody can hold on to one that is gone. */
  readonly server: UpstreamServer;
  start(): void;
  /** Brings the slot to this configuration; nothing happens if it is there, or on its way, already. */
  configure(config: ServerConfig): void;
  /** The server was removed: lets its calls finish, then closes it. */
  retire(): Promise<void>;
  close(): Promise<void>;
}

export interface ServerSlotDeps extends Omit<LinkDeps, 'config'> {
  readonly maxToolsPerServer: number;
  readonly questionTimeoutMs: number;
  readonly parked: ParkedCalls;
  readonly emit: (event: ServerEvent) => void;
  readonly credentials?: Pick<ServerCredentials, 'connectionOf'> | undefined;
}

export function createServerSlot(deps: ServerSlotDeps, first: ServerConfig): ServerSlot {
  const serverId = first.id;
  const carryOver = createCarryOver({ serverId, log: deps.log });
  const ending = new Map<Server, Promise<void>>();
  let next: Server | undefined;
  let cancelPromotion: (() => void) | undefined;

  const create = (config: ServerConfig): Server => {
    const instance: Server = createServer({
      ...deps,
      config,
      carryOver,
      onState() {
        if (instance === shown) tellState();
        else if (instance === next && instance.status().state === 'healthy') promote();
      },
      onLog(params) {
        if (instance === shown) deps.emit({ type: 'log-message', serverId, params });
      },
      onOffer(lists) {
        if (instance === shown) deps.emit({ type: 'offer-changed', serverId, lists });
      },
    });
    return instance;
  };
  const tellState = (): void => deps.emit({ type: 'state-changed', serverId, status: shown.status() });
  const end = (instance: Server, drainMs: number): void => {
    const done = instance.close(drainMs).then(() => void ending.delete(instance));
    ending.set(instance, done);
  };
  const abandonNext = (): void => {
    cancelPromotion?.();
    if (next !== undefined) end(next, 0);
    next = undefined;
  };
  const promote = (): void => {
    if (next === undefined) return;
    cancelPromotion?.();
    const old = shown;
    shown = next;
    next = undefined;
    shown.promote();
    tellState();
    const lists = diffLists(old, shown);
    if (lists.length > 0) deps.emit({ type: 'offer-changed', serverId, lists });
    end(old, DRAIN_MS);
  };

  let shown = create(first);
  shown.promote();

  return {
    server: {
      id: serverId,
      get config() {
        return shown.config;
      },
      offer: () => shown.offer(),
      status: () => shown.status(),
      request: (request) => shown.request(request),
      subscribe: (uri, listener) => shown.subscribe(uri, listener),
      watchTask: (taskId, listener) => shown.watchTask(taskId, listener),
      refresh: () => shown.refresh(),
      setLogLevel(level) {
        if (carryOver.logLevel === level) return;
        carryOver.logLevel = level;
        shown.sendLogLevel();
        next?.sendLogLevel();
      },
    },
    start() {
      tellState();
      shown.start();
    },
    configure(config) {
      if (next?.config.fingerprint === config.fingerprint) return;
      abandonNext();
      if (shown.config.fingerprint === config.fingerprint) return;
      next = create(config);
      // Nothing is lost by showing at once what has no predecessor worth keeping, or is to stop.
      if (!config.enabled || !shown.config.enabled || shown.offer() === undefined) {
        const started = next;
        promote();
        started.start();
        return;
      }
      cancelPromotion = deps.clock.schedule(PROMOTE_MS, promote);
      next.start();
    },
    async retire() {
      abandonNext();
      end(shown, DRAIN_MS);
      const lists = diffLists(shown, undefined);
      if (lists.length > 0) deps.emit({ type: 'offer-changed', serverId, lists });
      await Promise.all(ending.values());
    },
    async close() {
      abandonNext();
      for (const instance of new Set([shown, ...ending.keys()])) end(instance, 0);
      await Promise.all(ending.values());
    },
  };
}

/** Which lists a client would see change if the one takes the place of the other. */
function diffLists(old: Server, fresh: Server | undefined): readonly OfferList[] {
  const before = old.offer();
  const nothing = { tools: [], prompts: [], resources: [], templates: [] };
  const after = fresh?.offer();
  if (before === undefined && after === undefined) return [];
  const shape = before ?? after;
  return shape === undefined ? [] : (compareOffers(before, after ?? { ...shape, ...nothing }) ?? []);
}
