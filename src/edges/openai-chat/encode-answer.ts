/** A neutral answer as a chat completion, in the words of the age the client asked in. */

import type { AssistantPart, ChatAnswer, ChatChoice, StopReason, ToolCallPart, Usage } from '../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';

/** The client declared `functions`, so it looks for `function_call`. */
export function isLegacy(body: JsonObject): boolean {
  return Array.isArray(body.functions) && !Array.isArray(body.tools);
}

export function encodeAnswer(
  { id, createdAtS, model, choices, usage, portcullis }: ChatAnswer,
  body: JsonObject,
): JsonText {
  return JSON.stringify({
    ...{ id, object: 'chat.completion', created: createdAtS, model },
    choices: choices.map((choice, index) => encodeChoice(choice, index, isLegacy(body))),
    ...(usage === undefined ? {} : { usage: encodeUsage(usage) }),
    portcullis,
  });
}

function encodeChoice({ parts, stop, logprobs }: ChatChoice, index: number, legacy: boolean): JsonObject {
  const texts = ofType(parts, 'text').map(({ text }) => text);
  const refusals = ofType(parts, 'refusal').map(({ text }) => text);
  const thoughts = ofType(parts, 'reasoning');
  const calls = ofType(parts, 'tool-call');
  const images = parts.flatMap((part) => (part.type === 'image' ? [part] : []));
  const details = thoughts.flatMap(reasoningDetail);
  const thought = thoughts.map(({ text }) => text).join('');
  return {
    index,
    message: {
      role: 'assistant',
      content: texts.length === 0 && (calls.length > 0 || refusals.length > 0) ? null : texts.join(''),
      refusal: refusals.length === 0 ? null : refusals.join(''),
      ...(thought === '' ? {} : { reasoning_content: thought }),
      ...(details.length === 0 ? {} : { reasoning_details: details }),
      ...encodeCalls(calls, legacy),
      ...(images.length === 0 ? {} : { images: images.map(encodeImage) }),
    },
    logprobs: logprobs ?? null,
    finish_reason: finishReason(stop, legacy),
  };
}

function ofType<T extends AssistantPart['type']>(
  parts: readonly AssistantPart[],
  type: T,
): readonly Extract<AssistantPart, { readonly type: T }>[] {
  return parts.filter((part): part is Extract<AssistantPart, { readonly type: T }> => part.type === type);
}

/** What has to come back unchanged, in the form OpenRouter made known. */
export function reasoningDetail(part: Extract<AssistantPart, { readonly type: 'reasoning' }>): readonly JsonObject[] {
  const { text, signature, sealed } = part;
  if (sealed !== undefined) return [{ type: 'reasoning.encrypted', data: sealed }];
  return signature === undefined ? [] : [{ type: 'reasoning.text', text, signature }];
}

function encodeCalls(calls: readonly ToolCallPart[], legacy: boolean): JsonObject {
  const [first] = calls;
  if (first === undefined) return {};
  if (legacy) return { function_call: { name: first.name, arguments: first.arguments } };
  return { tool_calls: calls.map((call) => ({ id: call.id, ...encodeCall(call, call.arguments), ...signed(call) })) };
}

export function encodeCall({ name, custom }: ToolCallPart, text: string): JsonObject {
  return custom === true
    ? { type: 'custom', custom: { name, input: text } }
    : { type: 'function', function: { name, arguments: text } };
}

/** Where Google's own compatible endpoint keeps it. */
export function signed({ signature }: { readonly signature?: string | undefined }): JsonObject {
  return signature === undefined ? {} : { extra_content: { google: { thought_signature: signature } } };
}

/** As OpenRouter answers with images: the wire itself has no word for them. */
export function encodeImage(part: Extract<AssistantPart, { readonly source: unknown }>): JsonObject {
  const { source } = part;
  const url =
    source.type === 'base64'
      ? `data:${source.mediaType};base64,${source.data}`
      : source.type === 'url'
        ? source.url
        : '';
  return { type: 'image_url', image_url: { url } };
}

export function finishReason(stop: StopReason, legacy: boolean): string {
  switch (stop) {
    case 'max-tokens':
    case 'context-full':
      return 'length';
    case 'tool-calls':
      return legacy ? 'function_call' : 'tool_calls';
    case 'content-filter':
      return 'content_filter';
    case 'end':
    case 'stop-sequence':
    case 'refusal':
    case 'pause':
    case 'other':
      return 'stop';
  }
}

export function encodeUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens } = usage;
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedTokens ?? 0,
      audio_tokens: usage.audioInputTokens ?? 0,
      ...(usage.cacheWriteTokens === undefined ? {} : { cache_write_tokens: usage.cacheWriteTokens }),
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens ?? 0,
      audio_tokens: usage.audioOutputTokens ?? 0,
    },
  };
}
