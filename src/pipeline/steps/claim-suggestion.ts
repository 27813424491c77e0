/** Step: what stands in the ledger is carried out by one call only, whoever asks in which process, and its answer is kept. */

import type { ApprovalStore } from '../../contracts/approvals.ts';
import type { Call, McpOutcome, Step } from '../../contracts/call.ts';
import { type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import type { Suggestion } from '../../contracts/suggestions.ts';
import type { RareStep } from '../compile.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { outcomeOf } from './check-suggestion.ts';

/** Said before anything left: it can be tried again. All else may have taken effect. */
const NOT_SENT: ReadonlySet<ErrorCode> = new Set([
  ...(['audit_unavailable', 'too_many', 'upstream_unavailable', 'upstream_needs_auth', 'invalid_params'] as const),
  ...(['rate_limited', 'budget_exceeded', 'limits_unavailable', 'denied_by_policy', 'approval_required'] as const),
  ...(['connection_required', 'user_required', 'exchange_refused', 'exchange_unavailable'] as const),
]);

export function createClaimSuggestion(deps: {
  readonly ledger: Ledger;
  readonly approvals?: ApprovalStore | undefined;
  readonly now: () => number;
}): RareStep<Step> {
  const { ledger, now } = deps;

  const carryOut = async (
    call: Call,
    { id }: Suggestion,
    next: () => McpOutcome | Promise<McpOutcome>,
  ): Promise<McpOutcome> => {
    const claim = await ledger.store.claim(id, call.id, now());
    if (claim.type === 'missing') throw new GatewayError('unknown_suggestion', id);
    if (claim.type === 'taken') {
      if (claim.suggestion.state === 'open')
        throw new GatewayError('suggestion_expired', undefined, { data: { suggestionId: id } });
      call.facts.suggestion = claim.suggestion;
      call.facts.cached = true;
      return outcomeOf(await ledger.resultOf(claim.suggestion, call.signal));
    }
    let outcome: McpOutcome;
    try {
      outcome = await next();
    } catch (error) {
      if (error instanceof GatewayError && NOT_SENT.has(error.code)) await ledger.store.release(id, call.id);
      else {
        await ledger.store.finish(id, call.id, { state: 'unknown', sealedResult: undefined }, now());
        await noteUse(call);
      }
      throw error;
    }
    const isError = outcome.type === 'result' && outcome.isError;
    const sealedResult = ledger.sealResult(id, { type: outcome.type, text: outcome.text, isError });
    try {
      await ledger.store.finish(id, call.id, { state: 'done', sealedResult }, now());
      await noteUse(call);
    } catch {
      // The answer is there, whatever the ledger says; it will not be carried out again: its lease ends as unknown.
    }
    return outcome;
  };

  /** For people: that it cannot be used twice is the ledger's doing. */
  const noteUse = async ({ id, facts: { approvalId } }: Call): Promise<void> => {
    const approval = approvalId === undefined ? undefined : await deps.approvals?.find(approvalId);
    if (approval !== undefined)
      await deps.approvals?.replace({ ...approval, state: 'used', usedBy: id }, approval.version);
  };

  return {
    concerns: ({ facts }) => facts.suggestion !== undefined,
    step(call, next) {
      const { suggestion } = call.facts;
      return suggestion === undefined ? next() : carryOut(call, suggestion, next);
    },
  };
}
