/** Usage and reasons to stop as chat completions tell them. */

import type { StopReason, Usage } from '../../../contracts/chat.ts';
import { isObject } from '../../../lib/is-object.ts';

/** Of an answer or a chunk, wherever its vendor puts it. Undefined: it tells none. */
export function usageIn(chunk: { readonly [key: string]: unknown }): Usage | undefined {
  if (isObject(chunk.usage)) return readUsage(chunk.usage);
  // Groq's streams.
  return isObject(chunk.x_groq) && isObject(chunk.x_groq.usage) ? readUsage(chunk.x_groq.usage) : undefined;
}

function readUsage(usage: { readonly [key: string]: unknown }): Usage | undefined {
  const prompt = count(usage.prompt_tokens);
  const completion = count(usage.completion_tokens);
  if (prompt === undefined && completion === undefined) return undefined;
  const input = isObject(usage.prompt_tokens_details) ? usage.prompt_tokens_details : {};
  const output = isObject(usage.completion_tokens_details) ? usage.completion_tokens_details : {};
  return {
    inputTokens: prompt ?? 0,
    outputTokens: completion ?? 0,
    // The second as DeepSeek, the third as Moonshot and Together say it.
    cachedTokens: count(input.cached_tokens) ?? count(usage.prompt_cache_hit_tokens) ?? count(usage.cached_tokens),
    cacheWriteTokens: count(input.cache_write_tokens),
    reasoningTokens: count(output.reasoning_tokens) ?? count(usage.reasoning_tokens),
    audioInputTokens: count(input.audio_tokens),
    audioOutputTokens: count(output.audio_tokens),
    searches: count(usage.num_search_queries),
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined;
}

/** `finish_reason`. */
export function readStop(reason: unknown): StopReason {
  switch (reason) {
    case 'stop':
    case 'eos':
    case 'end_turn':
      return 'end';
    case 'length':
    case 'max_tokens':
      return 'max-tokens';
    case 'tool_calls':
    case 'function_call':
      return 'tool-calls';
    case 'content_filter':
      return 'content-filter';
    case 'model_length':
      return 'context-full';
    default:
      return 'other';
  }
}
