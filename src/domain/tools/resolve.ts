/** From the name a client wrote to the item behind it, seeing only what the caller may see: hidden and missing are one. */

import type { Endpoint } from '../../contracts/call.ts';
import type { Catalog, CatalogItem, ListKind } from './catalog.ts';

export type MaySee = (kind: 'tool' | 'prompt' | 'resource', serverId: string, name: string) => boolean;

const ACCESS_KIND = { tools: 'tool', prompts: 'prompt', resources: 'resource', templates: 'resource' } as const;

/** Whether the caller may see this item. */
export function isVisible(kind: ListKind, item: CatalogItem, maySee: MaySee): boolean {
  return maySee(ACCESS_KIND[kind], item.serverId, item.name);
}

/** A tool or prompt by the name this endpoint shows. */
export function resolveNamed(
  catalog: Catalog,
  endpoint: Endpoint,
  kind: 'tools' | 'prompts',
  name: string,
  maySee: MaySee,
): CatalogItem | undefined {
  const item =
    endpoint.type === 'server'
      ? catalog.servers.get(endpoint.serverId)?.byName[kind].get(name)
      : catalog.byExposed[kind].get(name)?.[0];
  return item !== undefined && isVisible(kind, item, maySee) ? item : undefined;
}

/**
 * The server a URI goes to. A per-server endpoint sends everything its caller may see to its server, listed or not. On
 * `/mcp` a listed resource comes first, then a template that fits; of several servers the first in configuration order.
 */
export function resolveUri(catalog: Catalog, endpoint: Endpoint, uri: string, maySee: MaySee): string | undefined {
  if (endpoint.type === 'server') {
    const server = catalog.servers.get(endpoint.serverId);
    const hasResources = server?.offer?.capabilities.resources !== undefined;
    return hasResources && maySee('resource', endpoint.serverId, uri) ? endpoint.serverId : undefined;
  }
  for (const item of catalog.byExposed.resources.get(uri) ?? [])
    if (maySee('resource', item.serverId, uri)) return item.serverId;
  for (const server of catalog.servers.values()) {
    if (!server.items.templates.some((t) => t.matches?.(uri))) continue;
    if (maySee('resource', server.serverId, uri)) return server.serverId;
  }
  return undefined;
}

/** The items of one list as this endpoint and caller see them: own order on a per-server endpoint, sorted on `/mcp`. */
export function visibleItems(
  catalog: Catalog,
  endpoint: Endpoint,
  kind: ListKind,
  maySee: MaySee,
): readonly CatalogItem[] {
  if (endpoint.type === 'server') {
    return (catalog.servers.get(endpoint.serverId)?.items[kind] ?? []).filter((item) => isVisible(kind, item, maySee));
  }
  const seen = new Set<string>();
  const visible: CatalogItem[] = [];
  for (const item of catalog.sorted[kind]) {
    if (seen.has(item.exposed) || !isVisible(kind, item, maySee)) continue;
    // A URI that several servers list is shown once, for the server that would also be read.
    if (kind === 'resources' && resolveUri(catalog, endpoint, item.exposed, maySee) !== item.serverId) continue;
    seen.add(item.exposed);
    visible.push(item);
  }
  return visible;
}
