/** What somebody means who asks about a tool, prompt or resource at an endpoint, and whether it is there to be named. */

import type { Endpoint } from '../contracts/call.ts';
import type { GatewayConfig, ToolsetConfig } from '../contracts/config.ts';
import { parsePattern, type TargetKind } from '../domain/access/compile-grant.ts';
import type { Catalog, CatalogItem } from '../domain/tools/catalog.ts';
import {
  isVisible,
  type MaySee,
  maySeeResource,
  type ResolvedUri,
  resolveNamed,
  resolveUri,
} from '../domain/tools/resolve.ts';
import { matchesWildcard } from '../lib/wildcard.ts';

export interface ExplainedTarget {
  readonly kind: TargetKind;
  readonly serverId: string;
  /** The server's own name or URI. */
  readonly name: string;
  /** Definition of a tool as its server wrote it, which rules on annotations read. Undefined: not known, or no tool. */
  readonly definition: string | undefined;
  /** Whether a call would find it for those who may see `sees`. */
  isFoundBy(sees: MaySee): boolean;
}

const SEES_ALL: MaySee = () => true;

/**
 * Among what servers offer to clients now. Undefined: nothing of that name is offered there, whoever asks. `views`: those who see
 * least come first, since a URI of several servers means the one that its caller sees.
 */
export function findTarget(
  catalog: Catalog,
  endpoint: Endpoint,
  kind: TargetKind,
  name: string,
  views: readonly MaySee[],
): ExplainedTarget | undefined {
  if (kind === 'resource') return findResource(catalog, endpoint, name, [...views, SEES_ALL]);
  const list = kind === 'tool' ? 'tools' : 'prompts';
  const item = resolveNamed(catalog, endpoint, list, name, SEES_ALL) ?? findOwn(catalog, endpoint, list, name);
  return (
    item && {
      ...{ kind, serverId: item.serverId, name: item.name, definition: item.tool?.text },
      isFoundBy: (sees) => isVisible(list, item, sees),
    }
  );
}

/** What `__` joins is shown at `/mcp` alone; elsewhere it is a name like others. */
function splitAtSlash(written: string): { readonly server: string; readonly name: string | undefined } {
  const slash = written.indexOf('/');
  if (slash === -1) return { server: written, name: undefined };
  return { server: written.slice(0, slash), name: written.slice(slash + 1) };
}

/** By `server/name`, which says the same at every endpoint that holds it. */
function findOwn(
  catalog: Catalog,
  endpoint: Endpoint,
  list: 'tools' | 'prompts',
  written: string,
): CatalogItem | undefined {
  const { server, name } = splitAtSlash(written);
  if (name === undefined || (endpoint.type === 'server' && endpoint.serverId !== server)) return undefined;
  if (endpoint.type !== 'toolset') return catalog.servers.get(server)?.byName[list].get(name);
  const items = catalog.toolsets.get(endpoint.toolset)?.items[list];
  return items?.find((item) => item.serverId === server && item.name === name);
}

function findResource(
  catalog: Catalog,
  endpoint: Endpoint,
  written: string,
  views: readonly MaySee[],
): ExplainedTarget | undefined {
  const parsed = splitAtSlash(written);
  const server = catalog.servers.get(parsed.server);
  const isNotation = endpoint.type !== 'server' || endpoint.serverId === parsed.server;
  if (server !== undefined && parsed.name !== undefined && isNotation) {
    const { serverId } = server;
    const uri = parsed.name;
    const isFoundBy = (sees: MaySee): boolean =>
      server.offer?.capabilities.resources !== undefined && maySeeResource(catalog, endpoint, serverId, uri, sees);
    return isFoundBy(SEES_ALL)
      ? { kind: 'resource', serverId, name: uri, definition: undefined, isFoundBy }
      : undefined;
  }
  let found: ResolvedUri | undefined;
  for (const sees of views) found ??= resolveUri(catalog, endpoint, written, sees);
  if (found === undefined) return undefined;
  const { serverId, uri: name } = found;
  const isFoundBy = (sees: MaySee): boolean => resolveUri(catalog, endpoint, written, sees)?.serverId === serverId;
  return { kind: 'resource', serverId, name, definition: undefined, isFoundBy };
}

/** Where nobody knows what servers offer: names are believed, and a toolset holds what its entries speak of. */
export function assumeTarget(
  config: Pick<GatewayConfig, 'toolsets'>,
  endpoint: Endpoint,
  kind: TargetKind,
  written: string,
): ExplainedTarget | undefined {
  const assumed = (serverId: string, name: string): ExplainedTarget => ({
    ...{ kind, serverId, name, definition: undefined },
    isFoundBy: (sees) => sees(kind, serverId, name),
  });
  const { server, name } = endpoint.type === 'all' ? parsePattern(written) : splitAtSlash(written);
  switch (endpoint.type) {
    case 'all':
      return assumed(server, name ?? '');
    case 'server':
      return server === endpoint.serverId && name !== undefined
        ? assumed(server, name)
        : assumed(endpoint.serverId, written);
    case 'toolset': {
      const entries = config.toolsets?.find((each) => each.name === endpoint.toolset)?.[LIST[kind]] ?? [];
      const renamed = kind === 'resource' ? undefined : entries.find(({ own }) => own.name === written);
      if (renamed !== undefined) return assumed(renamed.server, renamed.name);
      if (name === undefined) return undefined;
      const isHeld = entries.some(
        (entry) => matchesWildcard(entry.server, server) && matchesWildcard(entry.name, name),
      );
      return isHeld ? assumed(server, name) : undefined;
    }
  }
}

const LIST = { tool: 'tools', prompt: 'prompts', resource: 'resources' } as const satisfies {
  readonly [kind in TargetKind]: keyof ToolsetConfig;
};
