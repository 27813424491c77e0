/** Usage and stop reasons in the words of Messages. */

import type { StopReason, Usage } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';

/** Counts that nobody told are 0: SDKs of this dialect add them up without looking. */
export function encodeUsage(usage: Usage | undefined): JsonObject {
  const cached = usage?.cachedTokens ?? 0;
  const written = usage?.cacheWriteTokens ?? 0;
  const anHour = usage?.cacheWrite1hTokens;
  return {
    // What came from the cache, or went there, is counted apart here.
    input_tokens: Math.max(0, (usage?.inputTokens ?? 0) - cached - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
    cache_creation:
      anHour === undefined
        ? null
        : { ephemeral_5m_input_tokens: Math.max(0, written - anHour), ephemeral_1h_input_tokens: anHour },
    output_tokens: usage?.outputTokens ?? 0,
    output_tokens_details: usage?.reasoningTokens === undefined ? null : { thinking_tokens: usage.reasoningTokens },
    server_tool_use:
      usage?.searches === undefined ? null : { web_search_requests: usage.searches, web_fetch_requests: 0 },
    service_tier: null,
  };
}

/** `calls`: the answer suggests calls, which some providers do not give as the reason. */
export function encodeStop(stop: StopReason, calls: boolean): string {
  switch (stop) {
    case 'end':
    case 'other':
      return calls ? 'tool_use' : 'end_turn';
    case 'max-tokens':
      return 'max_tokens';
    case 'tool-calls':
      return 'tool_use';
    case 'stop-sequence':
      return 'stop_sequence';
    case 'content-filter':
    case 'refusal':
      return 'refusal';
    case 'pause':
      return 'pause_turn';
    case 'context-full':
      return 'model_context_window_exceeded';
  }
}
