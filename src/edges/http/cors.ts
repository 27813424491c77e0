/** CORS headers for origins the guard has let through. */

/** On every answer to a browser of an allowed origin. */
export function corsHeaders(origin: string): { readonly [name: string]: string } {
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': 'Mcp-Session-Id, WWW-Authenticate',
    Vary: 'Origin',
  };
}

/** On every answer below a path that any web page may read. */
export const OPEN_CORS: { readonly [name: string]: string } = { 'Access-Control-Allow-Origin': '*' };

/**
 * On top of those, for a preflight. The requested header names are echoed, since `Mcp-Param-*` cannot be listed; the
 * origin is already trusted and no credentials mode is granted.
 */
export function preflightHeaders(requestedHeaders: string): { readonly [name: string]: string } {
  const names = requestedHeaders
    .split(',')
    .map((name) => name.trim())
    .filter((name) => /^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name));
  return {
    'Access-Control-Allow-Methods': 'GET, POST, DELETE, OPTIONS',
    'Access-Control-Max-Age': '600',
    Vary: 'Origin, Access-Control-Request-Headers',
    ...(names.length === 0 ? {} : { 'Access-Control-Allow-Headers': names.join(', ') }),
  };
}
