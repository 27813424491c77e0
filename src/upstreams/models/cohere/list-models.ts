/** The models of Cohere, page by page. */

import type { ModelProvider, ProviderModel } from '../../../contracts/models.ts';
import { objectsOf, readObject } from './decode-answer.ts';
import type { SendCohere } from './send-cohere.ts';

const PAGE_SIZE = 1_000;
const MAX_PAGES = 10;

export function createListModels(send: SendCohere): NonNullable<ModelProvider['listModels']> {
  return async ({ key, signal, timeoutMs }) => {
    const bounds = { signal, firstByteTimeoutMs: timeoutMs, idleTimeoutMs: timeoutMs };
    const models: ProviderModel[] = [];
    let token = '';
    for (let page = 0; page < MAX_PAGES; page++) {
      const path = `v1/models?page_size=${PAGE_SIZE}${token === '' ? '' : `&page_token=${encodeURIComponent(token)}`}`;
      const rest = { body: undefined, accept: 'application/json', key, traceparent: undefined, bounds };
      const response = await send({ method: 'GET', path, ...rest });
      const { models: listed, next_page_token: next } = readObject(await response.text());
      for (const { name, context_length: contextTokens } of objectsOf(listed))
        if (typeof name === 'string')
          models.push({ name, ...(typeof contextTokens === 'number' ? { contextTokens } : {}) });
      if (typeof next !== 'string' || next === '') break;
      token = next;
    }
    return models;
  };
}
