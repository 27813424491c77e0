/** Requests the gateway makes in its own name (lists, pings, subscriptions), and its answer to what nobody is there to answer. */

import type { JsonText } from '../../contracts/json.ts';
import type { LinkRequest, ServerMessage } from './link.ts';

/** A request that belongs to no client. */
export function createOwnRequest(
  method: string,
  params: JsonText,
  limits: { readonly signal: AbortSignal; readonly timeoutMs: number },
): LinkRequest {
  return {
    method,
    params,
    name: undefined,
    tool: undefined,
    peer: undefined,
    keyId: undefined,
    traceparent: undefined,
    signal: limits.signal,
    timeoutMs: limits.timeoutMs,
  };
}

/** A question of the server that no client can be asked is answered at once, so that the server does not wait. */
export function refuseQuestion(question: ServerMessage & { readonly type: 'request' }): void {
  question.answer({ error: JSON.stringify({ code: -32601, message: `Method not found: ${question.method}` }) });
}
