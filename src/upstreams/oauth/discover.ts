/** Which authorization server the users of a server sign in at, and what it says of itself. */

import type { OAuthDiscoveryState } from '@modelcontextprotocol/client';
import type { FetchLike } from './guarded-fetch.ts';

/**
 * As the specification has it: metadata of the resource, then of its authorization server. `issuer`: as the configuration names
 * it, which then is the only one.
 */
export async function discover(
  { serverUrl, issuer }: { readonly serverUrl: string; readonly issuer: string | undefined },
  resourceMetadataUrl: URL | undefined,
  fetchFn: FetchLike,
): Promise<OAuthDiscoveryState> {
  const { discoverAuthorizationServerMetadata, discoverOAuthServerInfo } = await import('@modelcontextprotocol/client');
  if (issuer !== undefined) {
    const authorizationServerMetadata = await discoverAuthorizationServerMetadata(issuer, { fetchFn });
    if (authorizationServerMetadata === undefined) throw new Error(`${issuer} has no metadata document`);
    return { authorizationServerUrl: issuer, authorizationServerMetadata };
  }
  const info = await discoverOAuthServerInfo(serverUrl, {
    fetchFn,
    ...(resourceMetadataUrl !== undefined && { resourceMetadataUrl }),
  });
  return { ...info, ...(resourceMetadataUrl !== undefined && { resourceMetadataUrl: resourceMetadataUrl.href }) };
}
