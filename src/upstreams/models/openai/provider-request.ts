/** Where requests to OpenAI, Azure and everybody compatible go, and with what headers. */

import type { ProviderConfig, ProviderKey } from '../../../contracts/models-config.ts';
import { pathSegment } from '../path-segment.ts';

/**
 * Absolute URL of a path below the API's version: `chat/completions`. Azure has two surfaces: `/openai/v1`, and with an
 * `apiVersion` one path per deployment, which is what its models are called there.
 */
export function providerUrl(config: ProviderConfig, path: string, model: string | undefined): string {
  if (config.type !== 'azure') return `${config.baseUrl}/${path}`;
  // Both forms are found in Azure's own pages: with the surface in it, and without.
  const resource = config.baseUrl.replace(/\/openai(\/v1)?$/, '');
  if (config.apiVersion === undefined) return `${resource}/openai/v1/${path}`;
  const deployment = model === undefined ? '' : `deployments/${pathSegment(model)}/`;
  const join = path.includes('?') ? '&' : '?';
  return `${resource}/openai/${deployment}${path}${join}api-version=${encodeURIComponent(config.apiVersion)}`;
}

export interface HeaderParts {
  readonly key: ProviderKey | undefined;
  readonly contentType: string | undefined;
  readonly traceparent: string | undefined;
  /** Of the client, those of its dialect. */
  readonly client?: ReadonlyMap<string, string> | undefined;
}

/** What a client's own account is called at the vendor says nothing about ours. */
const FORWARDED: readonly string[] = ['openai-beta'];

/** Names and values in turn; those of the configuration replace ours of the same name. */
export function providerHeaders(
  config: ProviderConfig,
  { key, contentType, traceparent, client }: HeaderParts,
): readonly string[] {
  const headers = new Map<string, string>();
  if (contentType !== undefined) headers.set('content-type', contentType);
  if (key !== undefined) {
    if (config.type === 'azure') headers.set('api-key', key.value.open());
    else headers.set('authorization', `Bearer ${key.value.open()}`);
  }
  if (traceparent !== undefined) headers.set('traceparent', traceparent);
  for (const name of FORWARDED) {
    const value = client?.get(name);
    if (value !== undefined) headers.set(name, value);
  }
  for (const [name, value] of Object.entries(config.headers)) headers.set(name.toLowerCase(), value.open());
  return [...headers].flat();
}
