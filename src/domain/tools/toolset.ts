/** A toolset laid over the catalog: what `/mcp/t/{toolset}` holds, under which names, in which order. */

import type { ToolsetConfig, ToolsetEntry } from '../../contracts/config.ts';
import type { JsonText } from '../../contracts/json.ts';
import { withMembers } from '../../lib/json-text.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';
import type { CatalogItem, CatalogServer, ListKind, ToolsetView, ToolsetViews } from './catalog.ts';
import { pointedUris } from './show-uris.ts';

const hasWildcard = (entry: ToolsetEntry): boolean => entry.server.includes('*') || entry.name.includes('*');

function fits(entry: ToolsetEntry, serverId: string, name: string): boolean {
  return matchesWildcard(entry.server, serverId) && matchesWildcard(entry.name, name);
}

/** The item as the toolset calls it. */
function renamed(item: CatalogItem, kind: ListKind, { own }: ToolsetEntry): CatalogItem {
  const { name, title, description } = own;
  if (name === undefined && title === undefined && description === undefined) return item;
  let made: JsonText | undefined;
  // Resources are called by their URI; their name is for people.
  const isCalledByName = kind === 'tools' || kind === 'prompts';
  return {
    ...item,
    exposed: name !== undefined && isCalledByName ? name : item.exposed,
    exposedText() {
      const changes: { [member: string]: JsonText } = {};
      if (name !== undefined) changes.name = JSON.stringify(name);
      if (title !== undefined) changes.title = JSON.stringify(title);
      if (description !== undefined) changes.description = JSON.stringify(description);
      made ??= withMembers(item.exposedText(), changes);
      return made;
    },
  };
}

/** Every item once: an entry that names it wins over one whose pattern merely fits, wherever they stand. */
function collect(
  servers: readonly CatalogServer[],
  kind: ListKind,
  entries: readonly ToolsetEntry[],
): { readonly items: readonly CatalogItem[]; readonly missing: readonly ToolsetEntry[] } {
  const find = (entry: ToolsetEntry): CatalogItem | undefined =>
    servers.find((server) => server.serverId === entry.server)?.byName[kind].get(entry.name);
  const exact = new Map(entries.filter((entry) => !hasWildcard(entry)).map((entry) => [entry, find(entry)]));
  const taken = new Set<CatalogItem | undefined>(exact.values());
  const items: CatalogItem[] = [];
  const missing: ToolsetEntry[] = [];
  for (const entry of entries) {
    if (exact.has(entry)) {
      const item = exact.get(entry);
      if (item !== undefined) items.push(renamed(item, kind, entry));
      else if (servers.some(({ serverId, offer }) => serverId === entry.server && offer !== undefined))
        missing.push(entry);
      continue;
    }
    const fitting = servers
      .flatMap((server) => server.items[kind])
      .filter((item) => !taken.has(item) && fits(entry, item.serverId, item.name))
      .sort((a, b) => (a.exposed < b.exposed ? -1 : 1));
    for (const item of fitting) taken.add(item);
    items.push(...fitting);
  }
  return { items, missing };
}

const byExposed = (items: readonly CatalogItem[]): ReadonlyMap<string, CatalogItem> =>
  new Map(items.map((item) => [item.exposed, item]));

function layOutToolset(servers: readonly CatalogServer[], config: ToolsetConfig): ToolsetView {
  const entries = [...config.tools, ...config.prompts, ...config.resources];
  const tools = collect(servers, 'tools', config.tools);
  const prompts = collect(servers, 'prompts', config.prompts);
  const resources = collect(servers, 'resources', config.resources);
  const templates = collect(servers, 'templates', config.resources);
  const pointed = new Set(
    tools.items.flatMap((item) => pointedUris(item.ownText).map((uri) => `${item.serverId}\0${uri}`)),
  );
  // An entry for a resource is one for a template too: it is missing only if it is neither.
  const missing = [
    ...tools.missing,
    ...prompts.missing,
    ...resources.missing.filter((entry) => templates.missing.includes(entry)),
  ];
  return {
    config,
    serverIds: new Set(
      servers.map((s) => s.serverId).filter((id) => entries.some((entry) => matchesWildcard(entry.server, id))),
    ),
    items: {
      tools: tools.items,
      prompts: prompts.items,
      resources: resources.items,
      templates: templates.items,
    },
    byName: { tools: byExposed(tools.items), prompts: byExposed(prompts.items) },
    holdsResource: (serverId, uri) =>
      config.resources.some((entry) => fits(entry, serverId, uri)) ||
      pointed.has(`${serverId}\0${uri}`) ||
      templates.items.some((item) => item.serverId === serverId && item.matches?.(uri)),
    pointsAtResources: pointed.size > 0,
    missing: missing.map((entry) => entry.source),
  };
}

/** Each toolset is laid out when first asked for: that costs time per item of the servers. */
export function layOutToolsets(servers: readonly CatalogServer[], toolsets: readonly ToolsetConfig[]): ToolsetViews {
  const configs = new Map(toolsets.map((toolset) => [toolset.name, toolset]));
  const made = new Map<string, ToolsetView>();
  return {
    get(name) {
      const known = made.get(name);
      const config = configs.get(name);
      if (known !== undefined || config === undefined) return known;
      const view = layOutToolset(servers, config);
      made.set(name, view);
      return view;
    },
  };
}
