/** Watches: tells sessions and listen streams what changed, and only what changed in their own filtered view. */

import { createHash } from 'node:crypto';
import type { Watch, WatchRequest } from '../contracts/call.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { UpstreamServer } from '../contracts/upstream.ts';
import type { Catalog } from '../domain/tools/catalog.ts';
import { exposedUri } from '../domain/tools/exposed-uri.ts';
import { endpointKey, visibleItems } from '../domain/tools/resolve.ts';
import { showUriMember } from '../domain/tools/show-uris.ts';
import type { GrantOf } from './grants.ts';
import type { LiveCatalog } from './live-catalog.ts';

const MAX_URIS_PER_WATCH = 256;
const LISTS = ['tools', 'prompts', 'resources'] as const;
const keyOf = (serverId: string, uri: string): string => `${serverId}\0${uri}`;
type Views = { readonly [list in (typeof LISTS)[number]]: string };

interface Held {
  /** Undefined while the upstream has not agreed yet. */
  end: (() => void) | undefined;
  released: boolean;
}

export function createWatches(deps: {
  catalog: LiveCatalog;
  grantOf: GrantOf;
  servers: () => ReadonlyMap<string, UpstreamServer>;
  /** The request a watch was opened with, as the configuration now stands (a key's grant may have changed). */
  refreshed: (request: WatchRequest) => WatchRequest;
}): { open(request: WatchRequest): Watch; changed(): void } {
  const open = new Map<symbol, { request: WatchRequest; views: Views }>();
  let viewsOf: Catalog | undefined;
  const viewCache = new Map<string, Views>();

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
    viewCache.set(key, made);
    return made;
  };

  const changed = (): void => {
    for (const watch of open.values()) {
      const before = watch.views;
      const after = views(watch.request);
      if (after === before) continue;
      watch.views = after;
      for (const list of LISTS) if (after[list] !== before[list]) watch.request.onEvent({ type: 'list-changed', list });
    }
  };
  deps.catalog.onChange(changed);

  const openWatch = (request: WatchRequest): Watch => {
    const id = Symbol();
    const held = new Map<string, Held>();
    open.set(id, { request, views: views(request) });

    const release = (key: string): void => {
      const hold = held.get(key);
      if (hold === undefined) return;
      held.delete(key);
      hold.released = true;
      hold.end?.();
    };

    return {
      async hold(serverId, uri, shown) {
        const key = keyOf(serverId, shown);
        if (held.has(key)) return;
        if (!open.has(id)) throw new GatewayError('cancelled', 'the session or stream is over');
        if (held.size >= MAX_URIS_PER_WATCH)
          throw new GatewayError('too_many', `at most ${MAX_URIS_PER_WATCH} subscriptions`);
        const server = deps.servers().get(serverId);
        if (server === undefined) throw new GatewayError('unknown_resource', undefined, { data: { uri: shown } });
        const hold: Held = { end: undefined, released: false };
        held.set(key, hold);
        const onUpdate = (updated: string, params: string): void => {
          if (hold.released) return;
          // A part of what was subscribed to gets the name this endpoint gives it; the thing itself keeps the client's.
          const name =
            updated === uri ? shown : request.endpoint.type === 'server' ? updated : exposedUri(serverId, updated);
          const told = name === updated ? params : showUriMember('uri', params, () => name);
          request.onEvent({ type: 'resource-updated', uri: name, params: told });
        };
        try {
          const end = await server.subscribe(uri, onUpdate);
          if (hold.released) end();
          else hold.end = end;
        } catch (error) {
          held.delete(key);
          throw error;
        }
      },
      release: (serverId, shown) => release(keyOf(serverId, shown)),
      [Symbol.dispose]() {
        open.delete(id);
        for (const key of [...held.keys()]) release(key);
      },
    };
  };

  return { open: openWatch, changed };
}
