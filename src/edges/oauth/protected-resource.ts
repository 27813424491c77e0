/**
 * `/.well-known/oauth-protected-resource…`: where clients learn which authorization server has tokens for an endpoint
 * (RFC 9728). The same for endpoints that are not there, so that it tells nobody which ones are.
 */

import type { Exchange, Route } from '../http/exchange.ts';
import { methodNotAllowed } from '../http/render-error.ts';

export interface ProtectedResourceDeps {
  /** Whose tokens are taken; none: there is no such document. */
  readonly issuers: () => readonly { readonly issuer: string }[];
  /** Where clients reach the gateway, without a slash at the end. */
  readonly baseUrl: () => string;
}

/** As in the names of servers and of toolsets. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** `/mcp`, `/mcp/{server}` or `/mcp/t/{toolset}`; the root stands for the first. */
function readResource(segments: readonly string[]): string | undefined {
  if (segments.length === 0) return '/mcp';
  const [first, second, third] = segments;
  if (first !== 'mcp') return undefined;
  if (second === undefined) return '/mcp';
  if (segments.length === 2) return NAME.test(second) ? `/mcp/${second}` : undefined;
  const isToolset = segments.length === 3 && second === 't' && third !== undefined && NAME.test(third);
  return isToolset ? `/mcp/t/${third}` : undefined;
}

/** Below it any web page may read: there is nothing but addresses. */
export const PROTECTED_RESOURCE = '/.well-known/oauth-protected-resource';

export function createProtectedResourceRoute({ issuers, baseUrl }: ProtectedResourceDeps): Route {
  const describe = (resource: string): string =>
    JSON.stringify({
      resource: `${baseUrl()}${resource}`,
      authorization_servers: issuers().map(({ issuer }) => issuer),
      scopes_supported: ['mcp'],
      bearer_methods_supported: ['header'],
      resource_name: `Portcullis ${resource}`,
    });
  return (exchange: Exchange) => {
    const [first, second, ...rest] = exchange.segments;
    if (first !== '.well-known' || second !== 'oauth-protected-resource' || issuers().length === 0) return false;
    const resource = readResource(rest);
    if (resource === undefined) return false;
    if (exchange.method !== 'GET') throw methodNotAllowed('GET');
    exchange.sendJson(200, describe(resource), { 'Cache-Control': 'max-age=300' });
    return true;
  };
}
