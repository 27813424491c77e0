/** Step: before a call that may have side effects is made, its intent has left this process. */

import type { Call, SharedStep } from '../../contracts/call.ts';
import type { Trail } from '../../contracts/trail.ts';
import type { DescribeIntent } from '../intent.ts';

/** Spending somebody's budget is a side effect, too, also by reading. */
function hasEffects({ surface, facts: { tool, reservedMicroUsd } }: Call): boolean {
  return (reservedMicroUsd ?? 0) > 0 || (surface !== 'models' && tool?.readOnly !== true);
}

/** What has no effect is recorded afterwards; for everything else an unwritable trail refuses the call. */
export function createWriteAhead(deps: { trail: Trail; describeIntent: DescribeIntent }): SharedStep {
  return (call, next) => {
    // It may stand there already: a call that waited for its person comes by twice.
    if (call.facts.intended === true || !hasEffects(call)) return next();
    const [target] = call.facts.plan?.stages[0] ?? [];
    if (target !== undefined) {
      // Whom it is meant for; who answers is noted with its end.
      call.facts.serverId = target.provider;
      call.facts.target = target.model;
    }
    const written = deps.trail.intend(deps.describeIntent(call));
    const goOn = (): ReturnType<typeof next> => {
      call.facts.intended = true;
      return next();
    };
    return written === undefined ? goOn() : written.then(goOn);
  };
}
