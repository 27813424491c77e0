/** Hands a call to its server and times it; what call-tool, get-prompt, read-resource and complete-argument share. */

import type { Call, Outcome } from '../contracts/call.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { JsonText, ParsedJson } from '../contracts/json.ts';
import type { UpstreamReply, UpstreamRequest, UpstreamServer } from '../contracts/upstream.ts';
import { isObject } from '../lib/is-object.ts';
import { memberText, withMembers } from '../lib/json-text.ts';
import type { Continuations } from './continuations.ts';
import { callerOf } from './grants.ts';

export interface ForwardDeps {
  readonly servers: () => ReadonlyMap<string, UpstreamServer>;
  readonly monotonicMs: () => number;
  readonly continuations: Continuations;
}

/** `isError: true` at the top of a tool result. Looks only where the words occur at all. */
function isToolError(text: JsonText): boolean {
  return text.includes('"isError"') && memberText(text, 'isError') === 'true';
}

/** The client gets what it is asked, and one state of ours: never the server's own. */
function renderQuestions(
  deps: ForwardDeps,
  call: Call,
  { text, continuation }: Extract<UpstreamReply, { type: 'input-required' }>,
): Outcome {
  const state = continuation === undefined ? undefined : JSON.stringify(deps.continuations.seal(call, continuation));
  return { type: 'result', text: withMembers(text, { requestState: state }), isError: false };
}

/** Methods whose `params` name their target by `name`, which the server knows by its own. */
const NAMED: ReadonlySet<UpstreamRequest['method']> = new Set(['tools/call', 'prompts/get']);

/**
 * Sends `params` and turns the reply into an outcome. Where `name` has to become the server's own one the upstream does it,
 * in the same splice as its other changes. Not async: a promise of its own would only wait for the server's.
 */
export function forward(
  deps: ForwardDeps,
  call: Call,
  method: UpstreamRequest['method'],
  params: Pick<ParsedJson, 'text' | 'scan'>,
  repeatable: boolean,
): Promise<Outcome> {
  const { serverId, target, tool, traceId, spanId } = call.facts;
  const server = serverId === undefined ? undefined : deps.servers().get(serverId);
  if (server === undefined || target === undefined) throw new GatewayError('upstream_unavailable');
  const given = call.params.value.inputResponses;
  const startedMs = deps.monotonicMs();
  const reply = server.request({
    method,
    params: params.text,
    scan: params.scan,
    rename: target !== call.name && NAMED.has(method),
    name: target,
    tool,
    keyId: callerOf(call).keyId,
    peer: call.peer,
    signal: call.signal,
    timeoutMs: server.config.callTimeoutMs,
    repeatable,
    continues: call.facts.continues,
    answers: given !== undefined && isObject(given) ? memberText(params.text, 'inputResponses') : undefined,
    traceparent: traceId === undefined || spanId === undefined ? undefined : `00-${traceId}-${spanId}-01`,
  });
  return reply.then(
    (answer) => {
      call.facts.upstreamMs = deps.monotonicMs() - startedMs;
      if (answer.type === 'input-required') return renderQuestions(deps, call, answer);
      const { type, text } = answer;
      if (type === 'rpc-error') return { type, text };
      return { type, text, isError: method === 'tools/call' && isToolError(text) };
    },
    (error: unknown) => {
      call.facts.upstreamMs = deps.monotonicMs() - startedMs;
      throw error;
    },
  );
}
