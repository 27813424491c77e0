/** What an endpoint declares to one caller when it connects: capabilities and instructions of the servers it reaches. */

import type { Endpoint } from '../../contracts/call.ts';
import { RELAYED_EXTENSIONS, TASKS_EXTENSION } from '../../contracts/extensions.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { Era } from '../../contracts/peer.ts';
import { isObject } from '../../lib/is-object.ts';
import type { Catalog, CatalogServer } from './catalog.ts';
import { endpointServers } from './resolve.ts';

const MAX_INSTRUCTIONS_CHARS = 8_192;

/**
 * `{ capabilities, instructions? }`. A server that is still starting counts as offering what it may yet offer.
 * `keepsResults`: resources can be read even if no server has any.
 */
export function describeEndpoint(
  catalog: Catalog,
  endpoint: Endpoint,
  reaches: (serverId: string) => boolean,
  era: Era,
  keepsResults = false,
): JsonText {
  const servers = endpointServers(catalog, endpoint).filter((s) => reaches(s.serverId));
  const instructions = instructionsOf(catalog, endpoint, servers);
  return JSON.stringify({
    capabilities: capabilitiesOf(catalog, endpoint, servers, era, keepsResults),
    ...(instructions ? { instructions: instructions.slice(0, MAX_INSTRUCTIONS_CHARS) } : {}),
  });
}

function capabilitiesOf(
  catalog: Catalog,
  endpoint: Endpoint,
  servers: readonly CatalogServer[],
  era: Era,
  keepsResults: boolean,
): object {
  const toolset = endpoint.type === 'toolset' ? catalog.toolsets.get(endpoint.toolset) : undefined;
  /** A toolset without an entry of a kind will never show one, whatever its servers offer. */
  const mayHold = (kind: 'tools' | 'prompts' | 'resources'): boolean =>
    toolset === undefined || toolset.config[kind].length > 0 || (kind === 'resources' && toolset.pointsAtResources);
  const pending = servers.some((s) => s.offer === undefined);
  const some = (capability: string) => servers.some((s) => s.offer?.capabilities[capability] !== undefined);
  const subscribes = servers.some(
    (s) => (s.offer?.capabilities.resources as { subscribe?: unknown } | undefined)?.subscribe === true,
  );
  const capabilities: { [name: string]: unknown } = {};
  // Tools are declared even while there are none, so that the list_changed of a later server has somebody to reach.
  if (mayHold('tools') && (endpoint.type !== 'server' || pending || some('tools')))
    capabilities.tools = { listChanged: true };
  if (mayHold('prompts') && (pending || some('prompts'))) capabilities.prompts = { listChanged: true };
  if (mayHold('resources') && (pending || some('resources')))
    capabilities.resources = { listChanged: true, ...(subscribes || pending ? { subscribe: true } : {}) };
  // Kept results are resources, whatever the servers have.
  else if (keepsResults) capabilities.resources = {};
  if (some('completions')) capabilities.completions = {};
  if (some('logging')) capabilities.logging = {};
  const extensions = mergeExtensions(servers);
  if (era === 'legacy' || !mayHold('tools')) delete extensions[TASKS_EXTENSION];
  if (Object.keys(extensions).length > 0) capabilities.extensions = extensions;
  return capabilities;
}

/** The extensions we relay that a server declared. Of settings that differ between servers, lists are joined, the rest left out. */
function mergeExtensions(servers: readonly CatalogServer[]): { [name: string]: unknown } {
  const merged: { [name: string]: unknown } = {};
  for (const name of RELAYED_EXTENSIONS) {
    const declared = servers.flatMap((server) => {
      const extensions = server.offer?.capabilities.extensions;
      const settings = isObject(extensions) && Object.hasOwn(extensions, name) ? extensions[name] : undefined;
      return isObject(settings) ? [settings] : [];
    });
    if (declared.length > 0) merged[name] = declared.reduce(mergeSettings);
  }
  return merged;
}

function mergeSettings(a: { readonly [key: string]: unknown }, b: { readonly [key: string]: unknown }) {
  const merged: { [key: string]: unknown } = {};
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [x, y] = [a[key], b[key]];
    if (Array.isArray(x) && Array.isArray(y)) merged[key] = [...new Set([...x, ...y])];
    else if (JSON.stringify(x) === JSON.stringify(y)) merged[key] = x;
  }
  return merged;
}

function instructionsOf(catalog: Catalog, endpoint: Endpoint, servers: readonly CatalogServer[]): string | undefined {
  const texts = servers.flatMap((s) => (s.offer?.instructions ? [{ id: s.serverId, text: s.offer.instructions }] : []));
  if (endpoint.type === 'server') return texts[0]?.text;
  const config = endpoint.type === 'toolset' ? catalog.toolsets.get(endpoint.toolset)?.config : undefined;
  const description = config?.description === undefined ? [] : [config.description];
  if (config?.instructions !== undefined) return [...description, config.instructions].join('\n\n');
  const parts = texts.map(({ id, text }) => `## ${id}\n${text}`);
  return [...description, ...shareOut(parts, MAX_INSTRUCTIONS_CHARS)].join('\n\n');
}

/** Cuts the longest texts until all fit together, so that one talkative server does not silence those after it. */
function shareOut(texts: readonly string[], maxChars: number): readonly string[] {
  let left = maxChars - 2 * texts.length;
  let share = left;
  const byLength = texts.toSorted((a, b) => a.length - b.length);
  for (const [i, text] of byLength.entries()) {
    share = Math.max(0, Math.floor(left / (byLength.length - i)));
    if (text.length > share) break;
    left -= text.length;
    share = Number.POSITIVE_INFINITY;
  }
  return texts.map((text) => (text.length <= share ? text : `${text.slice(0, Math.max(0, share - 1))}…`));
}
