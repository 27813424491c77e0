/** The models Google's API lists, page by page. */

import type { JsonObject } from '../../../contracts/json.ts';
import type { ProviderModel } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';

const MAX_PAGES = 20;

/** `getPage` asks with this query. */
export async function listGeminiModels(
  getPage: (query: string) => Promise<JsonObject>,
): Promise<readonly ProviderModel[]> {
  const models: ProviderModel[] = [];
  let token: unknown;
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = new URLSearchParams({ pageSize: '1000' });
    if (typeof token === 'string') query.set('pageToken', token);
    const answer = await getPage(query.toString());
    for (const each of Array.isArray(answer.models) ? answer.models.filter(isObject) : []) {
      const model = readModel(each);
      if (model !== undefined) models.push(model);
    }
    token = answer.nextPageToken;
    if (typeof token !== 'string' || token === '') break;
  }
  return models;
}

function readModel(given: JsonObject): ProviderModel | undefined {
  const { name, displayName, inputTokenLimit, outputTokenLimit } = given;
  if (typeof name !== 'string' || name === '') return undefined;
  return {
    name: name.replace(/^models\//, ''),
    displayName: typeof displayName === 'string' ? displayName : undefined,
    contextTokens: typeof inputTokenLimit === 'number' ? inputTokenLimit : undefined,
    maxOutputTokens: typeof outputTokenLimit === 'number' ? outputTokenLimit : undefined,
  };
}
