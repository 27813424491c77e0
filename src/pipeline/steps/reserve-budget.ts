/** Step: nobody spends more than they may: the key, and every level above it. Sets aside what the call may cost, and settles what it did. */

import type { Call, Outcome, SharedStep } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { LimitStore, LimitVerdict } from '../../contracts/limits.ts';
import type { LinesOf, Selection } from '../../domain/limits/lines-of.ts';
import { callerOf } from '../grants.ts';
import type { BudgetAlerts } from '../limits/budget-alerts.ts';
import { countsFor, targetsOf } from '../limits/call-targets.ts';
import { refusalOf } from '../limits/refusal-of.ts';
import { whenOver } from '../when-over.ts';

export function createReserveBudget(deps: {
  readonly limits: LimitStore;
  readonly linesOf: LinesOf;
  /** What a call may well cost, before it is made. Micro-dollars. */
  readonly estimate: (call: Call) => number;
  /** Undefined: nobody wants to hear. */
  readonly alerts: BudgetAlerts | undefined;
}): SharedStep {
  const { alerts } = deps;
  const goOn = <O extends Outcome>(
    call: Call,
    next: () => O | Promise<O>,
    { lines }: Selection,
    estimate: number,
    verdict: LimitVerdict,
  ): O | Promise<O> => {
    if (verdict.type === 'unavailable') throw new GatewayError('limits_unavailable');
    if (verdict.type === 'refused') {
      alerts?.onRefused(verdict.line);
      throw refusalOf(verdict, estimate);
    }
    call.facts.reservedMicroUsd = estimate;
    return whenOver(next, () => {
      const price = call.facts.priceMicroUsd ?? 0;
      verdict.leave(lines.map((line) => (countsFor(line, call) ? price : 0)));
      alerts?.onSpent(lines);
    });
  };
  return (call, next) => {
    const lines = deps.linesOf(callerOf(call));
    if (lines === undefined) return next();
    const selection = lines.select('money', () => targetsOf(call));
    if (selection.lines.length === 0) return next();
    const amount = deps.estimate(call);
    const verdict = deps.limits.enter(
      call.id,
      selection.lines.map((line) => ({ line, amount })),
    );
    if (!(verdict instanceof Promise)) return goOn(call, next, selection, amount, verdict);
    return verdict.then((told) => goOn(call, next, selection, amount, told));
  };
}
