/** Step: a call that carries something out has to be what the ledger says, and is answered from it if it was carried out already. */

import type { Call, McpOutcome, Step } from '../../contracts/call.ts';
import type { Caller } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Suggestion, SuggestionRef } from '../../contracts/suggestions.ts';
import { mayExecuteAny } from '../../domain/access/may-execute-any.ts';
import type { RareStep } from '../compile.ts';
import { callerOf } from '../grants.ts';
import { argumentsText, paramsOf } from '../intent.ts';
import { argumentsHash } from '../ledger/arguments-hash.ts';
import type { Ledger } from '../ledger/ledger.ts';

export function createCheckSuggestion(deps: { readonly ledger: Ledger; readonly now: () => number }): RareStep<Step> {
  const { ledger, now } = deps;

  /** Undefined: there is none, and the key may do without. */
  const find = async (call: Call, ref: SuggestionRef, caller: Caller): Promise<Suggestion | undefined> => {
    const given = argumentsHash(argumentsText(paramsOf(call)));
    if (ref.type === 'id') {
      const found = await ledger.store.find(ref.id);
      if (found === undefined || found.keyId !== caller.keyId) throw new GatewayError('unknown_suggestion', ref.id);
      return sameOrThrow(call, [found], given, now());
    }
    const { toolCallId } = ref;
    const found =
      toolCallId === undefined
        ? await ledger.store.findByArguments(caller.keyId, call.name, given)
        : await ledger.store.findByToolCall(caller.keyId, [toolCallId]);
    if (found.length > 0) return sameOrThrow(call, found, given, now());
    if (mayExecuteAny(caller)) return undefined;
    throw new GatewayError('not_suggested', call.name);
  };

  const check = async (
    call: Call,
    execution: SuggestionRef,
    next: () => McpOutcome | Promise<McpOutcome>,
  ): Promise<McpOutcome> => {
    const suggestion = await find(call, execution, callerOf(call));
    if (suggestion === undefined) return next();
    call.facts.suggestion = suggestion;
    if (suggestion.state !== 'open') {
      // Whatever comes of it, nothing is sent for it.
      call.facts.cached = true;
      return outcomeOf(await ledger.resultOf(suggestion, call.signal));
    }
    if (suggestion.expiresAtMs <= now())
      throw new GatewayError('suggestion_expired', undefined, { data: { suggestionId: suggestion.id } });
    return next();
  };

  return {
    concerns: ({ execution }) => execution !== undefined,
    step: (call, next) => (call.execution === undefined ? next() : check(call, call.execution, next)),
  };
}

/** An answer of the ledger as if it had just come. */
export function outcomeOf({
  type,
  text,
  isError,
}: {
  type: McpOutcome['type'];
  text: string;
  isError: boolean;
}): McpOutcome {
  return type === 'result' ? { type, text, isError } : { type, text };
}

/** The one that is meant: of several (providers number calls anew) one that can still be carried out, else the newest. */
function sameOrThrow(call: Call, found: readonly Suggestion[], hash: string, nowMs: number): Suggestion {
  const same = found.filter(
    ({ serverId, target, argumentsHash: theirs }) =>
      theirs === hash && serverId === call.facts.serverId && target === call.facts.target,
  );
  const best = same.find(({ state, expiresAtMs }) => state === 'open' && expiresAtMs > nowMs) ?? same[0];
  if (best !== undefined) return best;
  throw new GatewayError('arguments_changed', call.name, { data: { suggestionId: found[0]?.id } });
}
