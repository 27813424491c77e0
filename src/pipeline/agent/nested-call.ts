/** The calls that a run or a script makes: each is a call of its own, with its caller's credential, and goes through its whole column. */

import type { Call, ModelCall } from '../../contracts/call.ts';
import type { CallSignal } from '../../contracts/call-signal.ts';
import type { ChatMessage, ToolCallPart } from '../../contracts/chat.ts';
import type { ChatModelRequest } from '../../contracts/models.ts';
import type { ClientPeer } from '../../contracts/peer.ts';
import type { SuggestionRef } from '../../contracts/suggestions.ts';

export interface NestedDeps {
  readonly newId: () => string;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
}

/** A chat that a run may be made of. */
export type ChatCall = ModelCall & { readonly model: ChatModelRequest };

export interface Parent<C extends Call = Call> {
  readonly call: C;
  readonly runId: string;
  readonly signal: CallSignal;
  /** Default: that of `call`. */
  readonly peer?: ClientPeer | undefined;
}

function nested({ newId, now, monotonicMs }: NestedDeps, { call, runId, signal, peer = call.peer }: Parent) {
  const { traceId, spanId } = call.facts;
  return {
    ...{ id: newId(), receivedAtMs: now(), startedMs: monotonicMs(), parentId: call.id, runId, inRun: true as const },
    ...{ endpoint: call.endpoint, credential: call.credential, client: call.client, narrowing: call.narrowing },
    ...{ peer, watch: undefined, signal, facts: {} },
    traceparent: traceId === undefined || spanId === undefined ? undefined : `00-${traceId}-${spanId}-01`,
  };
}

/** One round: the model is told all that was said so far. `leftMs`: of the run. */
export function roundCall(
  deps: NestedDeps,
  parent: Parent<ChatCall>,
  messages: readonly ChatMessage[],
  leftMs: number,
): ChatCall {
  const { call } = parent;
  const request = { ...call.model.chat(), messages };
  const { wishes } = call.model;
  return {
    ...nested(deps, parent),
    ...{ kind: 'chat', surface: 'models', name: call.name, params: call.params },
    routingHeaders: call.routingHeaders,
    model: {
      ...call.model,
      isNeutral: true,
      chat: () => request,
      wishes: {
        ...{ ...wishes, agent: 'off', runId: undefined },
        timeoutMs: Math.max(1, Math.ceil(Math.min(wishes.timeoutMs ?? leftMs, leftMs))),
      },
    },
  };
}

/** One call of a tool. `value`: its arguments. `ref`: where it stands in the ledger; undefined: nowhere. */
export function toolCall(
  deps: NestedDeps,
  parent: Parent,
  part: Pick<ToolCallPart, 'name' | 'arguments'>,
  value: { readonly [name: string]: unknown },
  ref: SuggestionRef | undefined,
  surface: 'agent' | 'code' = 'agent',
): Call {
  // As the model wrote them: numbers keep their digits.
  const text = `{"name":${JSON.stringify(part.name)},"arguments":${part.arguments.trim() === '' ? '{}' : part.arguments}}`;
  return {
    ...nested(deps, parent),
    ...{ kind: 'tools.call', surface, name: part.name },
    params: { text, value: { name: part.name, arguments: value } },
    execution: ref,
  };
}
