/** From the object `response` to the neutral answer. */

import type { AssistantPart, ChatAnswer, Extra, StopReason, Usage } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { ToolNames } from '../tool-names.ts';
import { failureOfError } from './read-error.ts';

export const asObject = (value: unknown): JsonObject =>
  isObject(value) && !Array.isArray(value) ? (value as JsonObject) : {};
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Throws ProviderFailure: `malformed` if it is no response, or what a failed one says. */
export function decodeAnswer(value: unknown, names: ToolNames): ChatAnswer {
  const response = asObject(value);
  if (!Array.isArray(response.output)) throw new ProviderFailure('malformed', 'an answer without `output`');
  if (response.status === 'failed') throw failureOfError(response.error);
  const parts = response.output.flatMap((item) => decodeItem(asObject(item), names));
  const tier = response.service_tier;
  return {
    ...headOf(response),
    choices: [{ parts, stop: stopOf(response, parts) }],
    usage: decodeUsage(response.usage),
    ...(typeof tier === 'string' && tier !== 'default' ? { extra: { service_tier: tier } } : {}),
  };
}

export function headOf(response: JsonObject): { id: string; model: string; createdAtS: number } {
  const { created_at: created } = response;
  return {
    id: asText(response.id),
    model: asText(response.model),
    createdAtS: typeof created === 'number' ? Math.floor(created) : 0,
  };
}

export function stopOf(response: JsonObject, parts: readonly Pick<AssistantPart, 'type'>[]): StopReason {
  const reason = asObject(response.incomplete_details).reason;
  if (reason === 'max_output_tokens') return 'max-tokens';
  if (reason === 'content_filter') return 'content-filter';
  if (response.status === 'incomplete') return 'other';
  if (parts.some(({ type }) => type === 'tool-call')) return 'tool-calls';
  return parts.some(({ type }) => type === 'refusal') ? 'refusal' : 'end';
}

export function decodeItem(item: JsonObject, names: ToolNames): readonly AssistantPart[] {
  switch (item.type) {
    case 'message':
      return asList(item.content).map((part) => decodeContent(asObject(part), item.phase));
    case 'reasoning':
      return [decodeReasoning(item)];
    case 'function_call':
    case 'custom_tool_call':
      return [decodeCall(item, names)];
    case 'image_generation_call': {
      if (typeof item.result !== 'string' || item.result === '') return [];
      const mediaType = `image/${asText(item.output_format) || 'png'}`;
      return [{ type: 'image', source: { type: 'base64', mediaType, data: item.result } }];
    }
    default:
      return [{ type: 'foreign', dialect: 'openai-responses', value: item }];
  }
}

export function decodeContent(part: JsonObject, phase: unknown): AssistantPart {
  const said = typeof phase === 'string' ? { phase } : {};
  if (part.type === 'refusal') return { type: 'refusal', text: asText(part.refusal), ...withExtra(said) };
  if (part.type !== 'output_text') return { type: 'foreign', dialect: 'openai-responses', value: part };
  const { annotations, logprobs } = part;
  const extra = {
    ...said,
    ...(asList(annotations).length > 0 ? { annotations } : {}),
    ...(asList(logprobs).length > 0 ? { logprobs } : {}),
  };
  return { type: 'text', text: asText(part.text), ...withExtra(extra) };
}

function withExtra(extra: JsonObject): Extra {
  return Object.keys(extra).length > 0 ? { extra } : {};
}

function decodeReasoning(item: JsonObject): AssistantPart {
  const shown = textsOf(item.summary);
  const texts = shown.length > 0 ? shown : textsOf(item.content);
  const seal = asText(item.encrypted_content);
  const id = asText(item.id);
  return {
    ...{ type: 'reasoning', text: texts.join('\n\n') },
    ...(id === '' ? {} : { id }),
    ...(seal === '' ? {} : { signature: seal }),
  };
}

const textsOf = (value: unknown): readonly string[] => asList(value).map((each) => asText(asObject(each).text));

export function decodeCall(item: JsonObject, names: ToolNames): Extract<AssistantPart, { readonly type: 'tool-call' }> {
  const custom = item.type === 'custom_tool_call';
  const { name, namespace } = names.fromWire(asText(item.name));
  const group = namespace ?? (asText(item.namespace) || undefined);
  return {
    ...{ type: 'tool-call', id: asText(item.call_id) || asText(item.id), name },
    ...(group === undefined ? {} : { namespace: group }),
    arguments: asText(custom ? item.input : item.arguments),
    ...(custom ? { custom } : {}),
  };
}

/** Undefined: none was told. */
export function decodeUsage(value: unknown): Usage | undefined {
  const usage = asObject(value);
  if (typeof usage.input_tokens !== 'number' || typeof usage.output_tokens !== 'number') return undefined;
  const input = asObject(usage.input_tokens_details);
  const count = (each: unknown): number | undefined => (typeof each === 'number' ? each : undefined);
  return {
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    cachedTokens: count(input.cached_tokens),
    cacheWriteTokens: count(input.cache_write_tokens),
    reasoningTokens: count(asObject(usage.output_tokens_details).reasoning_tokens),
  };
}
