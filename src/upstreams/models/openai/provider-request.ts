/** Where requests to OpenAI, Azure and everybody compatible go, and with what headers. */

import type { ProviderConfig, ProviderKey } from '../../../contracts/models-config.ts';
import { createFixedHeaders, type FixedHeaders } from '../../http/request-head.ts';
import { pathSegment } from '../path-segment.ts';
import { PLAIN_ENCODING, type SendRequest } from '../send.ts';

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
export function providerHeaders(config: ProviderConfig, parts: HeaderParts): readonly string[] {
  const headers = ownHeaders(config, parts);
  for (const [name, value] of changingHeaders(parts)) if (!isConfigured(config, name)) headers.set(name, value);
  return [...headers].flat();
}

/** The same in two parts: what is alike in all requests with one key, written out once, and the rest. For JSON. */
export function createProviderHeaders(
  config: ProviderConfig,
): (parts: Omit<HeaderParts, 'contentType'>) => Pick<SendRequest, 'fixedHeaders' | 'headers'> {
  const byKey = new WeakMap<ProviderKey, FixedHeaders>();
  const write = (key: ProviderKey | undefined): FixedHeaders =>
    createFixedHeaders([
      ...PLAIN_ENCODING,
      ...[...ownHeaders(config, { key, contentType: 'application/json' })].flat(),
    ]);
  const withoutKey = write(undefined);
  const fixedOf = (key: ProviderKey | undefined): FixedHeaders => {
    if (key === undefined) return withoutKey;
    let fixed = byKey.get(key);
    if (fixed === undefined) {
      fixed = write(key);
      byKey.set(key, fixed);
    }
    return fixed;
  };
  return (parts) => {
    const headers: string[] = [];
    for (const [name, value] of changingHeaders(parts)) if (!isConfigured(config, name)) headers.push(name, value);
    return { fixedHeaders: fixedOf(parts.key), headers };
  };
}

function ownHeaders(
  config: ProviderConfig,
  { key, contentType }: Pick<HeaderParts, 'key' | 'contentType'>,
): Map<string, string> {
  const headers = new Map<string, string>();
  if (contentType !== undefined) headers.set('content-type', contentType);
  if (key !== undefined) {
    if (config.type === 'azure') headers.set('api-key', key.value.open());
    else headers.set('authorization', `Bearer ${key.value.open()}`);
  }
  for (const [name, value] of Object.entries(config.headers)) headers.set(name.toLowerCase(), value.open());
  return headers;
}

/** What differs from request to request. */
function changingHeaders({ traceparent, client }: Pick<HeaderParts, 'traceparent' | 'client'>): [string, string][] {
  const headers: [string, string][] = [];
  if (traceparent !== undefined) headers.push(['traceparent', traceparent]);
  if (client === undefined || client.size === 0) return headers;
  for (const name of FORWARDED) {
    const value = client.get(name);
    if (value !== undefined) headers.push([name, value]);
  }
  return headers;
}

function isConfigured({ headers }: ProviderConfig, name: string): boolean {
  for (const configured in headers) if (configured.toLowerCase() === name) return true;
  return false;
}
