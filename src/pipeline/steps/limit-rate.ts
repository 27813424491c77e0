/** Step: nobody uses more in a time than they may: the key, and every level above it. */

import type { Call, Outcome, SharedStep } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { LimitStore, LimitUse, LimitVerdict } from '../../contracts/limits.ts';
import type { LinesOf, Selection } from '../../domain/limits/lines-of.ts';
import { callerOf } from '../grants.ts';
import { classOf, targetsOf, usedOf } from '../limits/call-targets.ts';
import { expectedTokens } from '../limits/expected-tokens.ts';
import type { FairQueues } from '../limits/fair-queues.ts';
import { refusalOf, standingOf, standingOnRefusal } from '../limits/refusal-of.ts';
import { whenOver } from '../when-over.ts';

export function createLimitRate(deps: {
  readonly limits: LimitStore;
  /** Where calls wait that may. Undefined: nowhere. */
  readonly queues: FairQueues | undefined;
  readonly linesOf: LinesOf;
}): SharedStep {
  const enter = (call: Call, selection: Selection, keyId: string): LimitVerdict | Promise<LimitVerdict> => {
    const uses = selection.hasTokens ? withTokens(selection, call) : selection.once;
    const { queued } = selection;
    if (queued === undefined || deps.queues === undefined) return deps.limits.enter(call.id, uses);
    return deps.queues.enter({ callId: call.id, keyId, line: queued, uses, signal: call.signal });
  };

  const goOn = <O extends Outcome>(
    call: Call,
    next: () => O | Promise<O>,
    selection: Selection,
    verdict: LimitVerdict,
  ): O | Promise<O> => {
    if (verdict.type === 'unavailable') throw new GatewayError('limits_unavailable');
    const standing = verdict.type === 'refused' ? standingOnRefusal(verdict) : standingOf(selection.lines, verdict);
    if (standing !== undefined) call.facts.standing = standing;
    if (verdict.type === 'refused') throw refusalOf(verdict);
    return whenOver(next, () => verdict.leave(usedOf(call, selection)));
  };
  return (call, next) => {
    const caller = callerOf(call);
    const lines = deps.linesOf(caller);
    if (lines === undefined) return next();
    const selection = lines.select(classOf(call), () => targetsOf(call));
    if (selection.lines.length === 0) return next();
    const verdict = enter(call, selection, caller.keyId);
    if (!(verdict instanceof Promise)) return goOn(call, next, selection, verdict);
    return verdict.then((told) => goOn(call, next, selection, told));
  };
}

/** Before the answer only the prompt's size is known; what was used really is counted when the call is over. */
function withTokens({ once }: Selection, call: Call): readonly LimitUse[] {
  const amount = expectedTokens(call);
  return once.map((use) => (use.line.what === 'tokens' ? { line: use.line, amount } : use));
}
