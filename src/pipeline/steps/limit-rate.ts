/** Step: no key uses more in a time than it may. */

import type { Call, SharedStep } from '../../contracts/call.ts';
import type { RateStanding } from '../../contracts/limits.ts';
import { callerOf } from '../grants.ts';
import { expectedTokens } from '../limits/expected-tokens.ts';
import type { KeyRates } from '../limits/key-rates.ts';
import { whenOver } from '../when-over.ts';

function usedTokens({ facts }: Call): number {
  const usage = facts.model?.usage;
  return usage === undefined ? 0 : usage.inputTokens + usage.outputTokens;
}

export function createLimitRate(deps: { readonly rates: KeyRates }): SharedStep {
  return (call, next) => {
    const caller = callerOf(call);
    const { limits } = caller;
    if (limits === undefined) return next();
    // Before the answer only the prompt's size is known; what was used really is counted when the call is over.
    const tokens = limits.tokens.length === 0 ? 0 : expectedTokens(call);
    const tell = (standing: RateStanding | undefined): void => {
      if (standing !== undefined) call.facts.standing = standing;
    };
    const admission = deps.rates.enter(caller, limits, { tokens, isToolCall: call.kind === 'tools.call' }, tell);
    tell(admission.standing);
    return whenOver(next, () => admission.leave(limits.tokens.length === 0 ? 0 : usedTokens(call)));
  };
}
