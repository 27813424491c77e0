/** Step: before a call that may have side effects is made, its intent has left this process. */

import type { Step } from '../../contracts/call.ts';
import type { Trail } from '../../contracts/trail.ts';
import type { DescribeIntent } from '../intent.ts';

/** Tools marked read-only are recorded afterwards; for everything else an unwritable trail refuses the call. */
export function createWriteAhead(deps: { trail: Trail; describeIntent: DescribeIntent }): Step {
  return (call, next) => {
    if (call.facts.tool?.readOnly) return next();
    const written = deps.trail.intend(deps.describeIntent(call));
    const goOn = (): ReturnType<typeof next> => {
      call.facts.intended = true;
      return next();
    };
    return written === undefined ? goOn() : written.then(goOn);
  };
}
