/** What an endpoint declares to one caller when it connects: capabilities and instructions of the servers it reaches. */

import type { Endpoint } from '../../contracts/call.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { Catalog, CatalogServer } from './catalog.ts';

const MAX_INSTRUCTIONS_CHARS = 8_192;

function reachedServers(catalog: Catalog, endpoint: Endpoint, reaches: (serverId: string) => boolean): CatalogServer[] {
  return [...catalog.servers.values()].filter(
    (s) => reaches(s.serverId) && (endpoint.type === 'all' || endpoint.serverId === s.serverId),
  );
}

/** `{ capabilities, instructions? }`. A server that is still starting counts as offering what it may yet offer. */
export function describeEndpoint(
  catalog: Catalog,
  endpoint: Endpoint,
  reaches: (serverId: string) => boolean,
): JsonText {
  const servers = reachedServers(catalog, endpoint, reaches);
  const pending = servers.some((s) => s.offer === undefined);
  const some = (capability: string) => servers.some((s) => s.offer?.capabilities[capability] !== undefined);
  const subscribes = servers.some(
    (s) => (s.offer?.capabilities.resources as { subscribe?: unknown } | undefined)?.subscribe === true,
  );
  const capabilities: { [name: string]: unknown } = {};
  // Tools are declared even while there are none, so that the list_changed of a later server has somebody to reach.
  if (endpoint.type === 'all' || pending || some('tools')) capabilities.tools = { listChanged: true };
  if (pending || some('prompts')) capabilities.prompts = { listChanged: true };
  if (pending || some('resources'))
    capabilities.resources = { listChanged: true, ...(subscribes || pending ? { subscribe: true } : {}) };
  if (some('completions')) capabilities.completions = {};
  if (some('logging')) capabilities.logging = {};

  const texts = servers.flatMap((s) => (s.offer?.instructions ? [{ id: s.serverId, text: s.offer.instructions }] : []));
  const only = texts[0];
  const instructions = endpoint.type === 'server' ? only?.text : texts.map((t) => `## ${t.id}\n${t.text}`).join('\n\n');
  return JSON.stringify({
    capabilities,
    ...(instructions ? { instructions: instructions.slice(0, MAX_INSTRUCTIONS_CHARS) } : {}),
  });
}
