/** One rule of a policy, compiled: whom and what it speaks of, and what its condition says of a call. */

import { POLICY_VARIABLES, type PolicyAction, type PolicyRule } from '../../contracts/policy.ts';
import { type CelCondition, type CelSize, createCelCompiler } from '../../lib/cel.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';
import { fitsPattern, parsePattern, type TargetKind } from '../access/compile-grant.ts';

/** What a call is made to, as its server knows it. */
export interface PolicyTarget {
  readonly kind: TargetKind;
  readonly serverId: string;
  /** Tool or prompt name, resource URI. */
  readonly name: string;
}

/** The values a condition is decided on, and how large what came from outside is. */
export interface Situation {
  readonly values: { readonly [variable: string]: unknown };
  readonly size: CelSize;
}

/** `unknown`: the condition has no answer. */
export type Judgement =
  | { readonly fits: 'no'; readonly because: 'key' | 'target' | 'condition' }
  | { readonly fits: 'yes' }
  | { readonly fits: 'unknown'; readonly problem: string };

export interface CompiledRule {
  readonly name: string;
  readonly action: PolicyAction;
  readonly message: string | undefined;
  readonly condition: CelCondition | undefined;
  /** Its condition looks at the call itself (arguments, time, endpoint), not only at who calls what. */
  readonly looksAtCall: boolean;
  readonly readsArguments: boolean;
  /** Different keys may be judged differently. */
  readonly dependsOnKey: boolean;
  /** Without the condition: undefined if the rule speaks of this key and target. */
  excludes(keyName: string, target: PolicyTarget): 'key' | 'target' | undefined;
  judge(situation: Situation): Judgement;
}

const OF_THE_CALL = ['args', 'now', 'request'];

/** Compiles rules that the configuration has checked. Throws for a condition that does not compile. */
export function compileRules(rules: readonly PolicyRule[]): readonly CompiledRule[] {
  const compile = createCelCompiler(POLICY_VARIABLES);
  return rules.map((rule) => {
    const compiled = rule.when === undefined ? undefined : compile(rule.when);
    if (compiled?.ok === false) throw new Error(`rule ${rule.name}: ${compiled.message}`);
    return compileRule(rule, compiled?.condition);
  });
}

function compileRule(rule: PolicyRule, condition: CelCondition | undefined): CompiledRule {
  const targets = rule.targets?.map(parsePattern);
  const uses = condition?.uses ?? new Set<string>();
  // Who asks about a tool speaks of tools: prompts and resources have neither annotations nor an exposed name.
  const onlyTools = uses.has('tool');
  return {
    name: rule.name,
    action: rule.action,
    message: rule.message,
    condition,
    looksAtCall: OF_THE_CALL.some((variable) => uses.has(variable)),
    readsArguments: uses.has('args'),
    dependsOnKey: rule.keys !== undefined || uses.has('caller'),
    excludes(keyName, { kind, serverId, name }) {
      if (rule.keys !== undefined && !rule.keys.some((pattern) => matchesWildcard(pattern, keyName))) return 'key';
      if (onlyTools && kind !== 'tool') return 'target';
      return targets === undefined || targets.some((p) => fitsPattern(p, kind, serverId, name)) ? undefined : 'target';
    },
    judge({ values, size }) {
      if (condition === undefined) return { fits: 'yes' };
      const answer = condition.decide(values, size);
      if ('problem' in answer) return { fits: 'unknown', problem: answer.problem };
      return answer.holds ? { fits: 'yes' } : { fits: 'no', because: 'condition' };
    },
  };
}
