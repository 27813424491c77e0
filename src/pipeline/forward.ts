/** Hands a call to its server and times it; what call-tool, get-prompt, read-resource and complete-argument share. */

import type { Call, Outcome } from '../contracts/call.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { JsonText } from '../contracts/json.ts';
import type { UpstreamRequest, UpstreamServer } from '../contracts/upstream.ts';
import { memberText } from '../lib/json-text.ts';
import { callerOf } from './grants.ts';

export interface ForwardDeps {
  readonly servers: () => ReadonlyMap<string, UpstreamServer>;
  readonly monotonicMs: () => number;
}

/** `isError: true` at the top of a tool result. Looks only where the words occur at all. */
function isToolError(text: JsonText): boolean {
  return text.includes('"isError"') && memberText(text, 'isError') === 'true';
}

/** Sends `params` (already under the server's own names) and turns the reply into an outcome. */
export async function forward(
  deps: ForwardDeps,
  call: Call,
  method: UpstreamRequest['method'],
  params: JsonText,
  repeatable: boolean,
): Promise<Outcome> {
  const { serverId, target, tool, traceId, spanId } = call.facts;
  const server = serverId === undefined ? undefined : deps.servers().get(serverId);
  if (server === undefined || target === undefined) throw new GatewayError('upstream_unavailable');
  const startedMs = deps.monotonicMs();
  try {
    const reply = await server.request({
      method,
      params,
      name: target,
      tool,
      keyId: callerOf(call).keyId,
      peer: call.peer,
      signal: call.signal,
      timeoutMs: server.config.callTimeoutMs,
      repeatable,
      traceparent: traceId === undefined || spanId === undefined ? undefined : `00-${traceId}-${spanId}-01`,
    });
    if (reply.type === 'rpc-error') return reply;
    return { type: 'result', text: reply.text, isError: method === 'tools/call' && isToolError(reply.text) };
  } finally {
    call.facts.upstreamMs = deps.monotonicMs() - startedMs;
  }
}
