/** Finds MCP server entries in other programs' configuration files, to be taken over as they stand. */

import { readFileSync } from 'node:fs';
import type { JsonObject } from '../../../contracts/json.ts';
import { isObject } from '../../../lib/is-object.ts';
import { parseJsonc } from '../../../lib/jsonc.ts';
import { CLIENTS, type Place } from '../connect/clients.ts';
import { plainValue } from '../connect/edit-jsonc.ts';

export interface FoundServers {
  /** Program the file belongs to. */
  readonly title: string;
  readonly file: string;
  /** Entries by name, as written. */
  readonly servers: JsonObject;
}

/** An entry that leads back to a gateway of ours would make it its own server. */
function isOurs(name: string, entry: unknown): boolean {
  if (name === 'portcullis') return true;
  const args = isObject(entry) && Array.isArray(entry.args) ? entry.args : [];
  return (
    args.includes('stdio') && args.some((arg) => typeof arg === 'string' && /(^|[\\/])portcullis(\.mjs)?$/.test(arg))
  );
}

/** The servers of one configuration text: `mcpServers`, VS Code's `servers` or `mcp.servers`. Throws JsoncError. */
export function readServers(text: string): JsonObject {
  const value = plainValue(parseJsonc(text, 200));
  const top = isObject(value) ? value : {};
  const mcp = isObject(top.mcp) ? top.mcp : {};
  const found = [top.mcpServers, top.servers, mcp.servers].filter(isObject);
  const entries = found.flatMap((block) => Object.entries(block));
  return Object.fromEntries(entries.filter(([name, entry]) => !isOurs(name, entry)));
}

/** What the usual files of known clients hold; files that are missing, broken or empty are left out. */
export function findServers(place: Place): FoundServers[] {
  const found: FoundServers[] = [];
  for (const client of CLIENTS) {
    if (client.format !== 'json') continue;
    for (const scope of ['user', 'project'] as const) {
      const file = client.file(place, scope);
      if (file === undefined) continue;
      try {
        const servers = readServers(readFileSync(file, 'utf8'));
        if (Object.keys(servers).length > 0) found.push({ title: client.title, file, servers });
      } catch {
        // Not there, or nothing that could be taken over.
      }
    }
  }
  return found;
}
