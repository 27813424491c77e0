/** Standing approvals: calls that a person has approved before they are made. */

import type { StandingApproval } from '../../contracts/approvals.ts';
import type { JsonText } from '../../contracts/json.ts';
import { compileRules } from '../policy/judge-rule.ts';
import { readArguments } from '../policy/read-arguments.ts';

export interface StandingQuestion {
  readonly keyId: string;
  readonly serverId: string;
  /** The server's own name of the tool. */
  readonly target: string;
  readonly arguments: JsonText | undefined;
  readonly nowMs: number;
}

/** The first that fits; undefined: none does. */
export type FindStanding = (question: StandingQuestion) => StandingApproval | undefined;

/** Throws for a condition that does not compile; whoever wrote it has checked that it does. */
export function compileStanding(all: readonly StandingApproval[]): FindStanding {
  const compiled = all.map((standing) => ({
    standing,
    rules: compileRules([
      {
        ...{ name: standing.id, action: 'allow', keys: undefined, targets: standing.targets },
        ...{ when: standing.when, message: undefined },
      },
    ]),
  }));
  return ({ keyId, serverId, target, arguments: text, nowMs }) => {
    for (const { standing, rules } of compiled) {
      if (standing.expiresAtMs <= nowMs || (standing.key !== undefined && standing.key !== keyId)) continue;
      const [rule] = rules;
      if (rule === undefined || rule.excludes('', { kind: 'tool', serverId, name: target }) !== undefined) continue;
      if (standing.when === undefined) return standing;
      // What can be read in two ways, or has no answer, fits nothing.
      const args = readArguments(text, rules);
      if ('fault' in args) continue;
      const { value, count, longestChars } = args.reading;
      const judgement = rule.judge({
        values: { args: value, now: new Date(nowMs) },
        size: { count, longestChars },
      });
      if (judgement.fits === 'yes') return standing;
    }
    return undefined;
  };
}
