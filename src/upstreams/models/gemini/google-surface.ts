/** Where Gemini's models are, and how one proves oneself there: Google's API for developers, or Vertex. */

import { ProviderFailure } from '../../../contracts/models.ts';
import type { ProviderConfig, ProviderKey } from '../../../contracts/models-config.ts';
import { pathSegment } from '../path-segment.ts';
import type { ProviderDeps } from '../provider-codec.ts';
import { type AccessTokens, createAccessTokens } from './access-tokens.ts';

export interface GoogleSurface {
  readonly isVertex: boolean;
  /** `operation` as `generateContent`, with its query. `publisher`: Vertex only, default `google`. */
  url(model: string, operation: string, publisher?: string): string;
  /** Where its models are listed, without query; undefined: it does not list them. */
  readonly listUrl: string | undefined;
  /** Names and values in turn. Throws ProviderFailure. */
  authorize(key: ProviderKey | undefined): Promise<readonly string[]>;
}

export function createGoogleSurface(deps: ProviderDeps, config: ProviderConfig): GoogleSurface {
  return config.cloud?.type === 'google' ? vertexSurface(deps, config, config.cloud) : developerSurface(config);
}

function developerSurface({ baseUrl }: ProviderConfig): GoogleSurface {
  const base = /\/v\d+(?:alpha|beta)?\d*$/.test(baseUrl) ? baseUrl : `${baseUrl}/v1beta`;
  return {
    isVertex: false,
    url: (model, operation) => {
      const path = /^(?:models|tunedModels)\//.test(model) ? model : `models/${model}`;
      return `${base}/${pathOf(path)}:${operation}`;
    },
    listUrl: `${base}/models`,
    authorize: (key) => Promise.resolve(key === undefined ? [] : ['x-goog-api-key', key.value.open()]),
  };
}

function vertexSurface(
  deps: ProviderDeps,
  { baseUrl }: ProviderConfig,
  cloud: Extract<ProviderConfig['cloud'], { readonly type: 'google' }>,
): GoogleSurface {
  const { project, location, serviceAccount } = cloud;
  const base = /\/v\d+(?:beta\d*)?$/.test(baseUrl) ? baseUrl : `${baseUrl}/v1`;
  const home = `${base}/projects/${encodeURIComponent(project)}/locations/${encodeURIComponent(location)}`;
  const tokens: AccessTokens | undefined = serviceAccount && createAccessTokens(deps, serviceAccount);
  return {
    isVertex: true,
    url: (model, operation, publisher = 'google') => {
      const path = /^(?:publishers|endpoints)\//.test(model)
        ? model
        : `publishers/${publisher}/models/${model.replace(/^models\//, '')}`;
      return `${home}/${pathOf(path)}:${operation}`;
    },
    listUrl: undefined,
    async authorize(key) {
      const token = key === undefined ? await tokens?.() : key.value.open();
      if (token === undefined)
        throw new ProviderFailure('unauthorized', 'neither a service account nor an access token is configured');
      return ['authorization', `Bearer ${token}`];
    },
  };
}

function pathOf(name: string): string {
  return name
    .split('/')
    .map((segment) => pathSegment(segment).replaceAll('%40', '@'))
    .join('/');
}
