/** The object `response`: what stands around the output, the same in a whole answer and in the events of a stream. */

import type { StopReason, Usage } from '../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';

export interface ResponseHead {
  readonly id: string;
  readonly model: string;
  readonly createdAtS: number;
}

/** How it ended, as the wire says it. */
export interface ResponseEnd {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  readonly reason?: 'max_output_tokens' | 'content_filter' | undefined;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** `declined`: a part of the answer says so in words. */
export function endOf(stop: StopReason, declined: boolean): ResponseEnd {
  switch (stop) {
    case 'max-tokens':
    case 'context-full':
      return { status: 'incomplete', reason: 'max_output_tokens' };
    case 'content-filter':
      return { status: 'incomplete', reason: 'content_filter' };
    case 'refusal':
      return declined ? { status: 'completed' } : { status: 'incomplete', reason: 'content_filter' };
    case 'end':
    case 'tool-calls':
    case 'stop-sequence':
    case 'pause':
    case 'other':
      return { status: 'completed' };
  }
}

export const responseId = (id: string): string => (id.startsWith('resp_') ? id : `resp_${id}`);

/** Writes the objects of one answer: what they repeat of the request is rendered once. */
export function createResponseWriter(
  body: JsonObject,
): (head: ResponseHead, end: ResponseEnd, output: readonly JsonObject[], usage: Usage | undefined) => JsonText {
  const echo = JSON.stringify(echoOf(body)).slice(1);
  return (head, { status, reason, error }, output, usage) => {
    const isOver = status !== 'in_progress';
    const own = JSON.stringify({
      ...{ id: responseId(head.id), object: 'response', created_at: head.createdAtS, status, model: head.model },
      ...{ completed_at: status === 'completed' ? head.createdAtS : null, output },
      error: error ?? null,
      incomplete_details: reason === undefined ? null : { reason },
      // What is not known is left out: readers that check take a number or nothing.
      ...(isOver && usage !== undefined ? { usage: encodeUsage(usage) } : isOver ? {} : { usage: null }),
    });
    return `${own.slice(0, -1)},${echo}`;
  };
}

/** What OpenAI repeats, with the values it has when nothing was asked for. */
function echoOf(body: JsonObject): JsonObject {
  return {
    background: false,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    metadata: body.metadata ?? {},
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: body.reasoning ?? { effort: null, summary: null },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: body.service_tier ?? 'default',
    // Nothing is kept: what was said cannot be asked for by its id.
    store: false,
    temperature: body.temperature ?? null,
    text: body.text ?? { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? null,
    truncation: body.truncation ?? 'disabled',
    user: body.user ?? null,
  };
}

function encodeUsage(usage: Usage): JsonObject {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: {
      cached_tokens: usage.cachedTokens ?? 0,
      ...(usage.cacheWriteTokens === undefined ? {} : { cache_write_tokens: usage.cacheWriteTokens }),
    },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}
