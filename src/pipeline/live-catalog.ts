/** The catalog of the servers that run right now, rebuilt lazily: only the shares whose offer changed are made anew. */

import type { ToolsetConfig } from '../contracts/config.ts';
import type { Offer, ServerRegistry } from '../contracts/upstream.ts';
import { buildCatalog, type Catalog, type CatalogServer, catalogServer } from '../domain/tools/catalog.ts';
import { layOutToolsets } from '../domain/tools/toolset.ts';

export interface LiveCatalog {
  /** Same object until something changed: identity is the version. */
  current(): Catalog;
  /** Called after anything changed, with the new catalog already in place. */
  onChange(listener: () => void): void;
  /** The set of servers changed (the registry tells of offers only), or the toolsets laid over them. */
  invalidate(toolsets?: readonly ToolsetConfig[]): void;
}

export function createLiveCatalog(deps: {
  registry: Pick<ServerRegistry, 'current' | 'onEvent'>;
  /** What clients may see of an offer; the same object as long as that is the same. Default: all of it. */
  govern?: (serverId: string, offer: Offer) => Offer;
}): LiveCatalog {
  const { govern = (_, offer) => offer } = deps;
  const shares = new Map<string, { offer: Offer | undefined; share: CatalogServer }>();
  const listeners: (() => void)[] = [];
  let catalog: Catalog | undefined;
  let toolsets: readonly ToolsetConfig[] = [];

  const shareOf = (serverId: string, offer: Offer | undefined): CatalogServer => {
    const known = shares.get(serverId);
    if (known !== undefined && known.offer === offer) return known.share;
    const share = catalogServer(serverId, offer);
    shares.set(serverId, { offer, share });
    return share;
  };

  const build = (): Catalog => {
    const servers = [...deps.registry.current()];
    for (const id of shares.keys()) if (!deps.registry.current().has(id)) shares.delete(id);
    const parts = servers.map(([id, server]) => {
      const offer = server.offer();
      return shareOf(id, offer && govern(id, offer));
    });
    return buildCatalog(parts, layOutToolsets(parts, toolsets));
  };

  const invalidate = (changed = toolsets): void => {
    toolsets = changed;
    catalog = undefined;
    for (const listener of listeners) listener();
  };
  deps.registry.onEvent((event) => {
    if (event.type === 'offer-changed') invalidate();
  });

  return {
    current: () => (catalog ??= build()),
    onChange: (listener) => listeners.push(listener),
    invalidate,
  };
}
