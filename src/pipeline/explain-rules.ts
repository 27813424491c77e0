/** What grants and rules say of a call, in words for a person. */

import type { Caller } from '../contracts/caller.ts';
import type { ExplainedRule } from '../contracts/explain.ts';
import type { AccessVerdict } from '../domain/access/compile-grant.ts';
import type { RuleReport } from '../domain/policy/compile-policy.ts';

/** What the grant of the key, and those of the levels above it, say of a target. `openedBy`: toolset that stands for its `allow`. */
export function ofGrant(
  { allowed, rule, level }: AccessVerdict,
  target: string,
  caller: Caller,
  openedBy?: string,
): ExplainedRule {
  const isNarrowed = rule?.startsWith('x-portcullis-') === true;
  const whose = isNarrowed ? undefined : (level ?? { type: 'key', id: caller.keyId, name: caller.keyName });
  const by = whose === undefined ? 'the request itself' : `the ${whose.type} "${whose.name}"`;
  const how = rule === undefined ? 'nothing in "allow" speaks of it' : `by ${rule}`;
  const allowing = openedBy === undefined ? rule : `the toolset "${openedBy}"`;
  const reason = allowed
    ? `${target}: allowed by ${allowing}, and by every level above`
    : `${target}: not allowed by ${by}, ${how}`;
  const named = allowed && openedBy !== undefined ? `toolsets: ${openedBy}` : rule;
  return { step: 'authorize', level: whose, rule: named, verdict: allowed ? 'passes' : 'refuses', reason };
}

/** What one rule of the policy says. `isBlind`: the arguments are not known. */
export function ofPolicy({ rule, judgement }: RuleReport, isBlind: boolean): ExplainedRule {
  const base = { step: 'decide-policy', level: undefined, rule: rule.name } as const;
  if (isBlind && rule.readsArguments && judgement.fits !== 'no')
    return { ...base, verdict: 'unknown', reason: 'it reads arguments, and none were given' };
  switch (judgement.fits) {
    case 'no':
      return { ...base, verdict: 'not-concerned', reason: `it does not fit: ${judgement.because}` };
    case 'yes':
      return { ...base, verdict: VERDICTS[rule.action], reason: 'it fits' };
    case 'unknown':
      return { ...base, verdict: VERDICTS[rule.action], reason: `its condition has no answer: ${judgement.problem}` };
  }
}

/** What an action of a rule is to a call. */
export const VERDICTS = { allow: 'passes', ask: 'asks', deny: 'refuses' } as const;
