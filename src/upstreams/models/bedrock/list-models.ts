/** The models of a region, as the control plane of Bedrock lists them. */

import type { ModelProvider, ProviderModel } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { readObject } from './decode-answer.ts';
import type { SendBedrock } from './send-bedrock.ts';

/** Elsewhere than at AWS itself (a proxy, a private endpoint) both planes have one address. */
export function controlPlaneOf(baseUrl: string): string {
  return baseUrl.replace(
    /^(https?:\/\/)bedrock-runtime(-fips)?\.([a-z0-9-]+)\.(amazonaws\.com|api\.aws)/,
    '$1bedrock$2.$3.$4',
  );
}

export function createListModels(send: SendBedrock, baseUrl: string): NonNullable<ModelProvider['listModels']> {
  return async ({ key, signal, timeoutMs }) => {
    const response = await send({
      method: 'GET',
      url: `${controlPlaneOf(baseUrl)}/foundation-models`,
      ...{ body: undefined, accept: 'application/json', key, traceparent: undefined },
      bounds: { signal, firstByteTimeoutMs: timeoutMs, idleTimeoutMs: timeoutMs },
    });
    const { modelSummaries } = readObject(await response.text());
    return (Array.isArray(modelSummaries) ? modelSummaries : []).flatMap((model: unknown): ProviderModel[] => {
      if (!isObject(model) || typeof model.modelId !== 'string') return [];
      const { modelId: name, modelName } = model;
      return [{ name, ...(typeof modelName === 'string' ? { displayName: modelName } : {}) }];
    });
  };
}
