/** URIs under which resources of many servers stand side by side, and the way back: a rule, no table, so any URI finds home. */

/** Clients know these by their scheme (MCP Apps, Skills), so it has to stay where it is: the server comes after it. */
const KEPT_SCHEME = /^(ui|skill):\/\//i;
const KEPT_EXPOSED = /^(ui|skill):\/\/([A-Za-z0-9.-]+)\/(.*)$/is;
const EXPOSED = /^([A-Za-z][A-Za-z0-9.-]*)\+(.+)$/s;

/**
 * A server id as it may stand in a URI scheme: no `_`. Ids begin with a letter and hold no `.` and no `__`, hence different ids
 * (but for case, which URIs ignore there and the configuration refuses) give different slugs.
 */
export function uriSlug(serverId: string): string {
  return serverId.replace(/_/g, '.');
}

/**
 * The URI, or URI template, of a resource as `/mcp` shows it: `github+repo://x`, `notes+memo:1`, `ui://github/main.html`.
 * Depends on server id and own URI alone, so it never moves when servers come or go. Only literal text is put in front,
 * hence a template stays one and expands to the exposed URIs of what it stood for.
 */
export function exposedUri(serverId: string, uri: string): string {
  const slug = uriSlug(serverId);
  const kept = KEPT_SCHEME.exec(uri);
  return kept === null ? `${slug}+${uri}` : `${kept[0]}${slug}/${uri.slice(kept[0].length)}`;
}

/** What an exposed URI says: the server's slug (case ignored by whoever looks it up) and its own URI. Undefined: it is none. */
export function parseExposedUri(uri: string): { readonly slug: string; readonly uri: string } | undefined {
  const kept = KEPT_EXPOSED.exec(uri);
  if (kept !== null) return { slug: kept[2] ?? '', uri: `${kept[1]}://${kept[3]}` };
  const match = EXPOSED.exec(uri);
  return match === null ? undefined : { slug: match[1] ?? '', uri: match[2] ?? '' };
}

/** An address that means the same to everybody without any server: shown as it is, unless the server lists it as its own. */
export function isWorldWide(uri: string): boolean {
  return /^(?:https?|data|mailto):/i.test(uri);
}
