/** Usage and stop reasons as the Messages API tells them. */

import type { StopReason, Usage } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { isObject } from '../../../lib/is-object.ts';

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/**
 * The counts of `usage` over those of `before`: a stream tells them at its start and again, in all, at its end; what it does
 * not repeat, or repeats as null, stays. Returns undefined where neither has any.
 */
export function mergeUsage(before: JsonObject | undefined, usage: unknown): JsonObject | undefined {
  if (!isObject(usage)) return before;
  const told = Object.entries(usage).filter(([, value]) => value !== null && value !== undefined);
  return { ...before, ...Object.fromEntries(told) };
}

/** Undefined where the counts that matter are missing. */
export function readUsage(usage: unknown): Usage | undefined {
  if (!isObject(usage)) return undefined;
  const input = count(usage.input_tokens);
  const output = count(usage.output_tokens);
  if (input === undefined && output === undefined) return undefined;
  const cached = count(usage.cache_read_input_tokens);
  const written = count(usage.cache_creation_input_tokens);
  const creation = isObject(usage.cache_creation) ? usage.cache_creation : {};
  const anHour = count(creation.ephemeral_1h_input_tokens);
  const details = isObject(usage.output_tokens_details) ? usage.output_tokens_details : {};
  const reasoning = count(details.thinking_tokens);
  const tools = isObject(usage.server_tool_use) ? usage.server_tool_use : {};
  const searches = count(tools.web_search_requests);
  return {
    // What came from the cache, or went there, is counted apart on this wire.
    inputTokens: (input ?? 0) + (cached ?? 0) + (written ?? 0),
    outputTokens: output ?? 0,
    ...(cached === undefined ? {} : { cachedTokens: cached }),
    ...(written === undefined ? {} : { cacheWriteTokens: written }),
    ...(anHour === undefined ? {} : { cacheWrite1hTokens: anHour }),
    ...(reasoning === undefined ? {} : { reasoningTokens: reasoning }),
    ...(searches === undefined ? {} : { searches }),
  };
}

export function readStop(reason: unknown): StopReason {
  switch (reason) {
    case 'end_turn':
      return 'end';
    case 'max_tokens':
      return 'max-tokens';
    case 'stop_sequence':
      return 'stop-sequence';
    case 'tool_use':
      return 'tool-calls';
    case 'pause_turn':
      return 'pause';
    case 'refusal':
      return 'refusal';
    case 'model_context_window_exceeded':
      return 'context-full';
    default:
      return 'other';
  }
}
