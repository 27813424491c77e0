/** Which addresses a token can be for: the endpoints of MCP, under the gateway's own origin. */

/** Whether `resource` is `{origin}/mcp`, `/mcp/{server}` or `/mcp/t/{toolset}`, written as a client would send it (RFC 8707). */
export function isOwnResource(resource: string, origin: string): boolean {
  if (!resource.startsWith(`${origin}/`)) return false;
  const path = resource.slice(origin.length);
  // Whether there is such a server is not told here; a token for none opens nothing.
  return /^\/mcp(\/t\/[A-Za-z0-9_.-]{1,128}|\/[A-Za-z0-9_.-]{1,128})?$/.test(path);
}
