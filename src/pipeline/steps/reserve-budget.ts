/** Step: no key spends more than it may. Sets aside what the call may cost, and settles what it did. */

import type { Call, SharedStep } from '../../contracts/call.ts';
import { callerOf } from '../grants.ts';
import type { KeyBudgets } from '../limits/key-budgets.ts';
import { whenOver } from '../when-over.ts';

export function createReserveBudget(deps: {
  readonly budgets: KeyBudgets;
  /** What a call may well cost, before it is made. Micro-dollars. */
  readonly estimate: (call: Call) => number;
}): SharedStep {
  return (call, next) => {
    const caller = callerOf(call);
    const { limits } = caller;
    if (limits === undefined || limits.budgets.length === 0) return next();
    const estimate = deps.estimate(call);
    const reservation = deps.budgets.reserve(caller, limits, estimate);
    call.facts.reservedMicroUsd = estimate;
    return whenOver(next, () => reservation.settle(call.facts.priceMicroUsd ?? 0));
  };
}
