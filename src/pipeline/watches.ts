/** Watches: tells sessions and listen streams what changed, and only what changed in their own filtered view. */

import { createHash } from 'node:crypto';
import type { Watch, WatchRequest } from '../contracts/call.ts';
import type { ConnectionGate } from '../contracts/connections.ts';
import { GatewayError } from '../contracts/errors.ts';
import { LOG_LEVELS, type LogLevel } from '../contracts/peer.ts';
import type { ServerRegistry, UpstreamServer } from '../contracts/upstream.ts';
import { type Catalog, shownUri } from '../domain/tools/catalog.ts';
import { exposedUri } from '../domain/tools/exposed-uri.ts';
import { endpointKey, visibleItems } from '../domain/tools/resolve.ts';
import { showTask } from '../domain/tools/show-task.ts';
import { type ShowUri, showUriMember } from '../domain/tools/show-uris.ts';
import { findTaskTool } from '../domain/tools/tasks.ts';
import { createLru } from '../lib/lru.ts';
import { type GrantOf, userOf } from './grants.ts';
import type { LiveCatalog } from './live-catalog.ts';

const MAX_URIS_PER_WATCH = 256;
/** Distinct views whose fingerprints are remembered. */
const MAX_VIEWS = 4_096;
const LISTS = ['tools', 'prompts', 'resources'] as const;
const keyOf = (serverId: string, uri: string): string => `${serverId}\0${uri}`;
type Views = { readonly [list in (typeof LISTS)[number]]: string };

interface Held {
  /** Undefined while the upstream has not agreed yet. */
  end: (() => void) | undefined;
  released: boolean;
}

interface WatchesDeps {
  readonly catalog: LiveCatalog;
  readonly grantOf: GrantOf;
  readonly servers: () => ReadonlyMap<string, UpstreamServer>;
  readonly onServerEvent: ServerRegistry['onEvent'];
  /** A user has connected an account at a server, or none any more. Undefined: users have none. */
  readonly onConnection: ConnectionGate['onChange'] | undefined;
  /** The request a watch was opened with, as the configuration now stands (a key's grant may have changed). */
  readonly refreshed: (request: WatchRequest) => WatchRequest;
}

export function createWatches(deps: WatchesDeps): { open(request: WatchRequest): Watch; changed(): void } {
  const open = new Set<OpenWatch>();
  let isLevelSet = false;
  let levelsPending = false;
  let viewsOf: Catalog | undefined;
  // Bounded, since narrowing headers come from outside.
  const viewCache = createLru<Views>(MAX_VIEWS);

  /** Fingerprints of the lists a watch may see, worked out once per distinct view. */
  const views = (request: WatchRequest): Views => {
    const catalog = deps.catalog.current();
    if (catalog !== viewsOf) {
      viewsOf = catalog;
      viewCache.clear();
    }
    const { caller, endpoint, narrowing } = deps.refreshed(request);
    const grant = deps.grantOf(caller, narrowing, endpoint);
    const key = `${endpointKey(endpoint)}\0${grant.signature}`;
    const known = viewCache.get(key);
    if (known !== undefined) return known;
    const fingerprint = (...lists: ('tools' | 'prompts' | 'resources' | 'templates')[]): string => {
      const digest = createHash('sha1');
      for (const list of lists) {
        for (const item of visibleItems(catalog, endpoint, list, grant.allows))
          digest.update(`${item.serverId}\0${endpoint.type === 'toolset' ? item.exposedText() : item.ownText}\0`);
      }
      return digest.digest('base64');
    };
    const made: Views = {
      tools: fingerprint('tools'),
      prompts: fingerprint('prompts'),
      resources: fingerprint('resources', 'templates'),
    };
    viewCache.set(key, made, 1);
    return made;
  };

  const changed = (): void => {
    applyLevels();
    for (const watch of open) {
      const before = watch.views;
      const after = views(watch.request);
      if (after === before) continue;
      watch.views = after;
      for (const list of LISTS) if (after[list] !== before[list]) watch.request.onEvent({ type: 'list-changed', list });
    }
  };
  const reaches = (request: WatchRequest, serverId: string): boolean => {
    const { caller, endpoint, narrowing } = deps.refreshed(request);
    if (endpoint.type === 'server' && endpoint.serverId !== serverId) return false;
    return deps.grantOf(caller, narrowing, endpoint).reaches(serverId);
  };
  /** Once per turn, and not at all before anybody asked for a level. Who did not ask is content with `info`. */
  const applyLevels = (): void => {
    if (!isLevelSet || levelsPending) return;
    levelsPending = true;
    setImmediate(() => {
      levelsPending = false;
      for (const [serverId, server] of deps.servers()) {
        let lowest: number = LOG_LEVELS.length;
        for (const { request, level } of open)
          if (reaches(request, serverId)) lowest = Math.min(lowest, LOG_LEVELS.indexOf(level ?? 'info'));
        const level = LOG_LEVELS[lowest];
        if (level !== undefined) server.setLogLevel(level);
      }
    });
  };
  deps.onServerEvent((event) => {
    if (event.type !== 'log-message') return;
    for (const { request } of open)
      if (reaches(request, event.serverId)) request.onEvent({ type: 'log-message', params: event.params });
  });
  deps.catalog.onChange(changed);
  // The tools stay the same; what is marked in their list does not.
  deps.onConnection?.((serverId, userId) => {
    for (const { request } of open)
      if (userOf(deps.refreshed(request).caller) === userId && reaches(request, serverId))
        request.onEvent({ type: 'list-changed', list: 'tools' });
  });

  const shared = {
    servers: deps.servers,
    open,
    onLevel(isNew: boolean) {
      isLevelSet ||= isNew;
      applyLevels();
    },
    mayUse(request: WatchRequest, serverId: string, tool: string) {
      const { caller, endpoint, narrowing } = deps.refreshed(request);
      const grant = deps.grantOf(caller, narrowing, endpoint);
      return findTaskTool(deps.catalog.current(), endpoint, { serverId, tool }, grant.allows) !== undefined;
    },
    shownBy(serverId: string): ShowUri | undefined {
      const server = deps.catalog.current().servers.get(serverId);
      return server && ((uri) => shownUri(server, uri));
    },
  };
  return {
    open(request) {
      const watch = new OpenWatch(shared, request, views(request));
      open.add(watch);
      return watch;
    },
    changed,
  };
}

type TaskOfTool = Parameters<Watch['holdTask']>[0];

interface Shared {
  readonly servers: WatchesDeps['servers'];
  readonly open: Set<OpenWatch>;
  /** A watch has a new level, or is gone. */
  readonly onLevel: (isNew: boolean) => void;
  /** As things stand now. */
  readonly mayUse: (request: WatchRequest, serverId: string, tool: string) => boolean;
  /** How URIs of this server are shown on endpoints of several. */
  readonly shownBy: (serverId: string) => ShowUri | undefined;
}

/** A class, since there are thousands: most hold nothing, so what holding needs is made when it comes to that. */
class OpenWatch implements Watch {
  readonly request: WatchRequest;
  views: Views;
  level: LogLevel | undefined = undefined;
  readonly #shared: Shared;
  #held: Map<string, Held> | undefined = undefined;

  constructor(shared: Shared, request: WatchRequest, views: Views) {
    this.#shared = shared;
    this.request = request;
    this.views = views;
  }

  hold(serverId: string, uri: string, shown: string): Promise<void> {
    const gone = new GatewayError('unknown_resource', undefined, { data: { uri: shown } });
    return this.#hold(keyOf(serverId, shown), serverId, gone, (server, isHeld) =>
      server.subscribe(uri, (updated, params) => {
        if (!isHeld()) return;
        const { endpoint, onEvent } = this.request;
        // A part of what was subscribed to gets the name this endpoint gives it; the thing itself keeps the client's.
        const name = updated === uri ? shown : endpoint.type === 'server' ? updated : exposedUri(serverId, updated);
        const told = name === updated ? params : showUriMember('uri', params, () => name);
        onEvent({ type: 'resource-updated', uri: name, params: told });
      }),
    );
  }

  holdTask({ serverId, tool, ownId }: TaskOfTool, shown: string): Promise<void> {
    const gone = new GatewayError('unknown_task');
    return this.#hold(`task\0${keyOf(serverId, shown)}`, serverId, gone, (server, isHeld) =>
      server.watchTask(ownId, (params) => {
        // It may hold the result, which is not for a key that has lost the tool.
        if (!isHeld() || !this.#shared.mayUse(this.request, serverId, tool)) return;
        const { endpoint, onEvent } = this.request;
        const show = endpoint.type === 'server' ? undefined : this.#shared.shownBy(serverId);
        onEvent({ type: 'task-changed', taskId: shown, params: showTask(params, shown, show) });
      }),
    );
  }

  async #hold(
    key: string,
    serverId: string,
    gone: GatewayError,
    attach: (server: UpstreamServer, isHeld: () => boolean) => Promise<() => void>,
  ): Promise<void> {
    this.#held ??= new Map();
    const held = this.#held;
    if (held.has(key)) return;
    if (!this.#shared.open.has(this)) throw new GatewayError('cancelled', 'the session or stream is over');
    if (held.size >= MAX_URIS_PER_WATCH)
      throw new GatewayError('too_many', `at most ${MAX_URIS_PER_WATCH} subscriptions`);
    const server = this.#shared.servers().get(serverId);
    if (server === undefined) throw gone;
    const hold: Held = { end: undefined, released: false };
    held.set(key, hold);
    try {
      const end = await attach(server, () => !hold.released);
      if (hold.released) end();
      else hold.end = end;
    } catch (error) {
      held.delete(key);
      throw error;
    }
  }

  release(serverId: string, shown: string): void {
    this.#release(keyOf(serverId, shown));
  }

  setLogLevel(level: LogLevel): void {
    this.level = level;
    this.#shared.onLevel(true);
  }

  [Symbol.dispose](): void {
    this.#shared.open.delete(this);
    this.#shared.onLevel(false);
    for (const key of [...(this.#held?.keys() ?? [])]) this.#release(key);
  }

  #release(key: string): void {
    const hold = this.#held?.get(key);
    if (hold === undefined) return;
    this.#held?.delete(key);
    hold.released = true;
    hold.end?.();
  }
}
