/** Results of tools that a request to a model brings: by them it is known what it goes on with. */

import type { ModelCall } from '../../contracts/call.ts';
import type { ParsedJson } from '../../contracts/json.ts';

const SIGNS = [
  '"tool_call_id"',
  '"function_call_output"',
  '"tool_result"',
  '"functionResponse"',
  '"function_response"',
];

/** Looks for their words only: most requests bring none, and are not read for it. */
export function bringsResults(body: ParsedJson): boolean {
  const within = body.large === undefined ? body.text : body.large.bytes;
  return SIGNS.some((sign) => within.includes(sign));
}

/** Newest first, at most 64. */
export function resultIdsOf(call: ModelCall): readonly string[] {
  if (call.model.operation !== 'chat') return [];
  try {
    const ids = call.model.chat().messages.flatMap((message) => (message.role === 'tool' ? [message.callId] : []));
    return [...new Set(ids.reverse())].slice(0, 64);
  } catch {
    // What cannot be translated goes through as it came, and is a conversation of its own.
    return [];
  }
}
