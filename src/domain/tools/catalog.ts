/** The catalog: what all servers offer together, under the names clients see. Built anew when a server's offer changes. */

import type { ToolsetConfig } from '../../contracts/config.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { Offer, OfferedTool } from '../../contracts/upstream.ts';
import { withMembers } from '../../lib/json-text.ts';
import { exposedName } from './exposed-name.ts';
import { exposedUri, isWorldWide, uriSlug } from './exposed-uri.ts';
import { showPointers, showUriMember } from './show-uris.ts';
import { compileTemplate } from './uri-template.ts';

export type ListKind = 'tools' | 'prompts' | 'resources' | 'templates';

/** One tool, prompt, resource or template of one server. */
export interface CatalogItem {
  readonly serverId: string;
  /** Own name or URI (template). */
  readonly name: string;
  /** Name, URI or URI template on `/mcp`. */
  readonly exposed: string;
  /** Definition as the server wrote it. */
  readonly ownText: JsonText;
  /** The same under the exposed name; made when first asked for. */
  exposedText(): JsonText;
  readonly tool: OfferedTool | undefined;
  /** Templates: whether a URI is one of it. */
  readonly matches: ((uri: string) => boolean) | undefined;
}

export interface CatalogServer {
  readonly serverId: string;
  readonly offer: Offer | undefined;
  readonly items: { readonly [kind in ListKind]: readonly CatalogItem[] };
  readonly byName: { readonly [kind in ListKind]: ReadonlyMap<string, CatalogItem> };
}

/** What a toolset shows of the servers. */
export interface ToolsetView {
  readonly config: ToolsetConfig;
  /** Servers its entries speak of, as far as they run, in the order of the configuration. */
  readonly serverIds: ReadonlySet<string>;
  /** In the order written; what one pattern matches, sorted by exposed name. */
  readonly items: { readonly [kind in ListKind]: readonly CatalogItem[] };
  readonly byName: { readonly [kind in 'tools' | 'prompts']: ReadonlyMap<string, CatalogItem> };
  /** Whether a resource may be read here: it fits an entry, a template it holds, or one of its tools points at it. */
  holdsResource(serverId: string, uri: string): boolean;
  /** One of its tools points at a resource that renders its results. */
  readonly pointsAtResources: boolean;
  /** Entries without a wildcard that name nothing although their server has been listed; as written. */
  readonly missing: readonly string[];
}

export interface ToolsetViews {
  get(name: string): ToolsetView | undefined;
}

export interface Catalog {
  /** In the order of the configuration. */
  readonly servers: ReadonlyMap<string, CatalogServer>;
  /** By name; each laid out when first asked for. */
  readonly toolsets: ToolsetViews;
  /** By the lower-case slug that stands in exposed URIs. */
  readonly bySlug: ReadonlyMap<string, CatalogServer>;
  /** All items sorted by exposed name (code units), hence stable whatever the order of arrival. */
  readonly sorted: { readonly [kind in ListKind]: readonly CatalogItem[] };
  /** By exposed name, which is unique. */
  readonly byExposed: { readonly [kind in ListKind]: ReadonlyMap<string, CatalogItem> };
}

function namedItem(serverId: string, name: string, text: JsonText, tool: OfferedTool | undefined): CatalogItem {
  const exposed = exposedName(serverId, name);
  let made: JsonText | undefined;
  return {
    serverId,
    name,
    exposed,
    ownText: text,
    exposedText() {
      if (made !== undefined) return made;
      const named = withMembers(text, { name: JSON.stringify(exposed) });
      made = tool === undefined ? named : showPointers(named, (uri) => exposedUri(serverId, uri));
      return made;
    },
    tool,
    matches: undefined,
  };
}

function uriItem(serverId: string, uri: string, text: JsonText, matches: CatalogItem['matches']): CatalogItem {
  const exposed = exposedUri(serverId, uri);
  const key = matches === undefined ? 'uri' : 'uriTemplate';
  let made: JsonText | undefined;
  return {
    serverId,
    name: uri,
    exposed,
    ownText: text,
    exposedText: () => (made ??= showUriMember(key, text, () => exposed)),
    tool: undefined,
    matches,
  };
}

/** Whether this server itself lists the URI, or a template it could come from. */
export function listsUri(server: CatalogServer, uri: string): boolean {
  return server.byName.resources.has(uri) || server.items.templates.some((template) => template.matches?.(uri));
}

/** How a URI in a result of this server is shown. What the whole world can reach stays, unless the server offers it itself. */
export function shownUri(server: CatalogServer, uri: string): string {
  return isWorldWide(uri) && !listsUri(server, uri) ? uri : exposedUri(server.serverId, uri);
}

function byOwnName(items: readonly CatalogItem[]): ReadonlyMap<string, CatalogItem> {
  return new Map(items.map((item) => [item.name, item]));
}

/** One server's share. Costs time per item, so keep it as long as the offer is the same object. */
export function catalogServer(serverId: string, offer: Offer | undefined): CatalogServer {
  const items = {
    tools: (offer?.tools ?? []).map((t) => namedItem(serverId, t.name, t.text, t)),
    prompts: (offer?.prompts ?? []).map((p) => namedItem(serverId, p.name, p.text, undefined)),
    resources: (offer?.resources ?? []).map((r) => uriItem(serverId, r.uri, r.text, undefined)),
    templates: (offer?.templates ?? []).map((t) =>
      uriItem(serverId, t.uriTemplate, t.text, compileTemplate(t.uriTemplate)),
    ),
  };
  return {
    serverId,
    offer,
    items,
    byName: {
      tools: byOwnName(items.tools),
      prompts: byOwnName(items.prompts),
      resources: byOwnName(items.resources),
      templates: byOwnName(items.templates),
    },
  };
}

function compareExposed(a: CatalogItem, b: CatalogItem): number {
  return a.exposed < b.exposed ? -1 : a.exposed > b.exposed ? 1 : 0;
}

/** Puts the servers' shares together. */
export function buildCatalog(servers: readonly CatalogServer[], toolsets: ToolsetViews): Catalog {
  const sorted = (kind: ListKind) => servers.flatMap((s) => s.items[kind]).sort(compareExposed);
  const index = (kind: ListKind) => new Map(servers.flatMap((s) => s.items[kind].map((item) => [item.exposed, item])));
  return {
    servers: new Map(servers.map((s) => [s.serverId, s])),
    toolsets,
    bySlug: new Map(servers.map((s) => [uriSlug(s.serverId).toLowerCase(), s])),
    sorted: {
      tools: sorted('tools'),
      prompts: sorted('prompts'),
      resources: sorted('resources'),
      templates: sorted('templates'),
    },
    byExposed: {
      tools: index('tools'),
      prompts: index('prompts'),
      resources: index('resources'),
      templates: index('templates'),
    },
  };
}
