/** From the name a client wrote to the item behind it, seeing only what the caller may see: hidden and missing are one. */

import type { Endpoint } from '../../contracts/call.ts';
import { type Catalog, type CatalogItem, type CatalogServer, type ListKind, listsUri } from './catalog.ts';
import { parseExposedUri } from './exposed-uri.ts';

export type MaySee = (kind: 'tool' | 'prompt' | 'resource', serverId: string, name: string) => boolean;

const ACCESS_KIND = { tools: 'tool', prompts: 'prompt', resources: 'resource', templates: 'resource' } as const;

/** Equal for equal endpoints: part of the key under which views are kept. */
export function endpointKey(endpoint: Endpoint): string {
  switch (endpoint.type) {
    case 'all':
      return '';
    case 'server':
      return endpoint.serverId;
    case 'toolset':
      return `t/${endpoint.toolset}`;
  }
}

/** The endpoint of such a key. */
export function endpointOf(key: string): Endpoint {
  if (key === '') return { type: 'all' };
  return key.startsWith('t/') ? { type: 'toolset', toolset: key.slice(2) } : { type: 'server', serverId: key };
}

/** The servers an endpoint speaks for, in the order of the configuration. */
export function endpointServers(catalog: Catalog, endpoint: Endpoint): readonly CatalogServer[] {
  const all = [...catalog.servers.values()];
  if (endpoint.type === 'all') return all;
  if (endpoint.type === 'server') return all.filter((server) => server.serverId === endpoint.serverId);
  const ids = catalog.toolsets.get(endpoint.toolset)?.serverIds;
  return all.filter((server) => ids?.has(server.serverId));
}

/** Whether the caller may see this item. */
export function isVisible(kind: ListKind, item: CatalogItem, maySee: MaySee): boolean {
  return maySee(ACCESS_KIND[kind], item.serverId, item.name);
}

function itemsByName(
  catalog: Catalog,
  endpoint: Endpoint,
  kind: 'tools' | 'prompts',
): ReadonlyMap<string, CatalogItem> | undefined {
  switch (endpoint.type) {
    case 'all':
      return catalog.byExposed[kind];
    case 'server':
      return catalog.servers.get(endpoint.serverId)?.byName[kind];
    case 'toolset':
      return catalog.toolsets.get(endpoint.toolset)?.byName[kind];
  }
}

/** A tool or prompt by the name this endpoint shows. */
export function resolveNamed(
  catalog: Catalog,
  endpoint: Endpoint,
  kind: 'tools' | 'prompts',
  name: string,
  maySee: MaySee,
): CatalogItem | undefined {
  const item = itemsByName(catalog, endpoint, kind)?.get(name);
  return item !== undefined && isVisible(kind, item, maySee) ? item : undefined;
}

/** Whether a resource may be seen at this endpoint, listed or not; `uri` is its server's own. */
export function maySeeResource(
  catalog: Catalog,
  endpoint: Endpoint,
  serverId: string,
  uri: string,
  maySee: MaySee,
): boolean {
  const isHeld =
    endpoint.type !== 'toolset' || catalog.toolsets.get(endpoint.toolset)?.holdsResource(serverId, uri) === true;
  return isHeld && maySee('resource', serverId, uri);
}

/** Where a URI goes: the server, and the URI as that server knows it. */
export interface ResolvedUri {
  readonly serverId: string;
  readonly uri: string;
}

/**
 * Where a URI goes. A per-server endpoint sends everything its caller may see to its server, listed or not, and so does
 * `/mcp` with an exposed URI; a toolset, if it holds it. A server's own URI, as it may stand in some text a model has read, is understood on `/mcp`
 * as long as exactly one visible server offers it; of two nobody could say which was meant.
 */
export function resolveUri(catalog: Catalog, endpoint: Endpoint, uri: string, maySee: MaySee): ResolvedUri | undefined {
  const takes = (server: CatalogServer | undefined, own: string): server is CatalogServer =>
    server?.offer?.capabilities.resources !== undefined &&
    maySeeResource(catalog, endpoint, server.serverId, own, maySee);

  if (endpoint.type === 'server') {
    const server = catalog.servers.get(endpoint.serverId);
    return takes(server, uri) ? { serverId: server.serverId, uri } : undefined;
  }
  const exposed = parseExposedUri(uri);
  if (exposed !== undefined) {
    const server = catalog.bySlug.get(exposed.slug.toLowerCase());
    if (takes(server, exposed.uri)) return { serverId: server.serverId, uri: exposed.uri };
  }
  const visible = [...catalog.servers.values()].filter((server) => takes(server, uri));
  const listing = visible.filter((server) => server.byName.resources.has(uri));
  // What reads like the exposed URI of a server that is hidden, or gone, is nobody else's by a wide template.
  const guessed = exposed === undefined ? visible.filter((server) => listsUri(server, uri)) : [];
  const offering = listing.length > 0 ? listing : guessed;
  const [only, second] = offering;
  return only === undefined || second !== undefined ? undefined : { serverId: only.serverId, uri };
}

/** A template by what this endpoint shows of it; on `/mcp` by its own text too, if only one visible server has it. */
export function resolveTemplate(
  catalog: Catalog,
  endpoint: Endpoint,
  template: string,
  maySee: MaySee,
): CatalogItem | undefined {
  const sees = (item: CatalogItem | undefined): item is CatalogItem =>
    item !== undefined && isVisible('templates', item, maySee);
  if (endpoint.type === 'server') {
    const item = catalog.servers.get(endpoint.serverId)?.byName.templates.get(template);
    return sees(item) ? item : undefined;
  }
  const here =
    endpoint.type === 'toolset'
      ? (catalog.toolsets.get(endpoint.toolset)?.items.templates ?? [])
      : catalog.sorted.templates;
  const shown = here.find((item) => item.exposed === template);
  if (sees(shown)) return shown;
  const same = here.filter((item) => item.name === template && sees(item));
  return same.length === 1 ? same[0] : undefined;
}

/**
 * The items of one list as this endpoint and caller see them: own order on a per-server endpoint, the order written in a
 * toolset, sorted on `/mcp`.
 */
export function visibleItems(
  catalog: Catalog,
  endpoint: Endpoint,
  kind: ListKind,
  maySee: MaySee,
): readonly CatalogItem[] {
  if (endpoint.type === 'server') {
    return (catalog.servers.get(endpoint.serverId)?.items[kind] ?? []).filter((item) => isVisible(kind, item, maySee));
  }
  const items =
    endpoint.type === 'toolset' ? catalog.toolsets.get(endpoint.toolset)?.items[kind] : catalog.sorted[kind];
  return (items ?? []).filter((item) => isVisible(kind, item, maySee));
}
