/** Which servers may have tasks, and whether a caller may still use the tool that a task came from. */

import type { Endpoint } from '../../contracts/call.ts';
import { TASKS_EXTENSION } from '../../contracts/extensions.ts';
import { isObject } from '../../lib/is-object.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';
import type { Catalog, CatalogItem, CatalogServer } from './catalog.ts';
import { exposedName } from './exposed-name.ts';
import type { MaySee } from './resolve.ts';

/** A server that has not been listed yet may. */
export function mayHaveTasks({ offer }: CatalogServer): boolean {
  if (offer === undefined) return true;
  const { extensions } = offer.capabilities;
  return offer.era === 'modern' && isObject(extensions) && isObject(extensions[TASKS_EXTENSION]);
}

export interface TaskTool {
  /** Undefined while its server has not been listed, or has the tool no more: its tasks go on. */
  readonly item: CatalogItem | undefined;
  /** What this endpoint calls it. */
  readonly shown: string;
}

/** Undefined: this caller has no such tool at this endpoint. */
export function findTaskTool(
  catalog: Catalog,
  endpoint: Endpoint,
  { serverId, tool }: { readonly serverId: string; readonly tool: string },
  maySee: MaySee,
): TaskTool | undefined {
  const server = catalog.servers.get(serverId);
  if (server === undefined || !mayHaveTasks(server) || !maySee('tool', serverId, tool)) return undefined;
  const item = server.byName.tools.get(tool);
  switch (endpoint.type) {
    case 'all':
      return { item, shown: exposedName(serverId, tool) };
    case 'server':
      return endpoint.serverId === serverId ? { item, shown: tool } : undefined;
    case 'toolset': {
      const view = catalog.toolsets.get(endpoint.toolset);
      const isHeld = view?.config.tools.some(
        (entry) => matchesWildcard(entry.server, serverId) && matchesWildcard(entry.name, tool),
      );
      const here = view?.items.tools.find((held) => held.serverId === serverId && held.name === tool);
      return isHeld === true ? { item, shown: here?.exposed ?? tool } : undefined;
    }
  }
}
