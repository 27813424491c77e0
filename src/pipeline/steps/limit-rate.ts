/** Step: no key uses more in a time than it may. */

import type { Call, SharedStep } from '../../contracts/call.ts';
import { callerOf } from '../grants.ts';
import type { KeyRates } from '../limits/key-rates.ts';
import { whenOver } from '../when-over.ts';

const CHARS_PER_TOKEN = 4;

/** Before the answer only the prompt's size is known; what was used really is counted when the call is over. */
function expectedTokens({ kind, params }: Call): number {
  return kind === 'chat' || kind === 'embed' ? Math.ceil(params.text.length / CHARS_PER_TOKEN) : 0;
}

function usedTokens({ facts }: Call): number {
  const usage = facts.model?.usage;
  return usage === undefined ? 0 : usage.inputTokens + usage.outputTokens;
}

export function createLimitRate(deps: { readonly rates: KeyRates }): SharedStep {
  return (call, next) => {
    const caller = callerOf(call);
    const { limits } = caller;
    if (limits === undefined) return next();
    const tokens = limits.tokens.length === 0 ? 0 : expectedTokens(call);
    const admission = deps.rates.enter(caller, limits, { tokens, isToolCall: call.kind === 'tools.call' });
    if (admission.standing !== undefined) call.facts.standing = admission.standing;
    return whenOver(next, () => admission.leave(limits.tokens.length === 0 ? 0 : usedTokens(call)));
  };
}
