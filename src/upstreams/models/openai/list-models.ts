/** The models a provider says it has: `GET /models`. */

import { type ListModelsCall, ProviderFailure, type ProviderModel } from '../../../contracts/models.ts';
import type { ProviderConfig } from '../../../contracts/models-config.ts';
import { isObject } from '../../../lib/is-object.ts';
import { secretsOf } from '../failed-answer.ts';
import type { ProviderDeps } from '../provider-codec.ts';
import { sendToProvider } from '../send.ts';
import { providerHeaders, providerUrl } from './provider-request.ts';
import { readFailure } from './read-failure.ts';

const MAX_LIST_BYTES = 16 * 1024 * 1024;

/** Throws ProviderFailure. */
export function createListModels(
  deps: Pick<ProviderDeps, 'http'>,
  config: ProviderConfig,
): (call: ListModelsCall) => Promise<readonly ProviderModel[]> {
  return async ({ key, signal, timeoutMs }) => {
    const response = await sendToProvider(
      deps.http,
      {
        ...{ method: 'GET', url: providerUrl(config, 'models', undefined), body: undefined },
        headers: providerHeaders(config, { key, contentType: undefined, traceparent: undefined }),
      },
      { signal, firstByteTimeoutMs: timeoutMs, idleTimeoutMs: timeoutMs, maxBytes: MAX_LIST_BYTES },
    );
    if (response.status !== 200) throw await readFailure(response, secretsOf(config, key));
    return readModels(await response.text());
  };
}

/** `{data: […]}`, or the bare array as Together answers it. */
function readModels(text: string): readonly ProviderModel[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ProviderFailure('malformed', 'the list of models is no JSON', { cause: error });
  }
  const list = isObject(value) ? value.data : value;
  if (!Array.isArray(list)) throw new ProviderFailure('malformed', 'the list of models has another shape');
  return list.flatMap((row: unknown): readonly ProviderModel[] => {
    if (!isObject(row) || typeof row.id !== 'string' || row.id === '') return [];
    const number = (...members: readonly string[]): number | undefined => {
      for (const member of members) {
        const found = row[member];
        if (typeof found === 'number' && Number.isFinite(found) && found > 0) return Math.floor(found);
      }
      return undefined;
    };
    const displayName = [row.display_name, row.name].find((name) => typeof name === 'string');
    return [
      {
        name: row.id,
        createdAtS: number('created'),
        displayName: typeof displayName === 'string' && displayName !== row.id ? displayName : undefined,
        // As OpenRouter, Groq, vLLM, Mistral and Together name it.
        contextTokens: number('context_length', 'context_window', 'max_model_len', 'max_context_length'),
        maxOutputTokens: number('max_completion_tokens', 'max_output_tokens'),
      },
    ];
  });
}
