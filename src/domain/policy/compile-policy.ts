/**
 * The policy, compiled once per configuration. The strictest rule that fits decides (deny, then ask, then allow), so the
 * order of rules means nothing; where none fits, the default for the tool's class does. Rules only take away from grants.
 */

import type { PolicyAction, PolicyConfig } from '../../contracts/policy.ts';
import { type CompiledRule, compileRules, type Judgement, type PolicyTarget, type Situation } from './judge-rule.ts';
import { classOf, createHintsOf, type ToolHints } from './tool-hints.ts';

/** A target as rules see it. */
export interface KnownTarget extends PolicyTarget {
  /** The name clients see on `/mcp`. */
  readonly exposed: string;
  /** For tools: the definition as the server wrote it. */
  readonly definition: string | undefined;
}

export interface Ruling {
  readonly action: PolicyAction;
  /** Name of the rule, or `defaults.<class>`; undefined: nothing speaks of it. */
  readonly rule: string | undefined;
  readonly message: string | undefined;
  /** Why the condition of that rule had no answer; it then counts as fitting, unless it would have allowed. */
  readonly problem: string | undefined;
}

/** What can be known of a key's calls to a target before there is one. */
export type Plan =
  | { readonly type: 'settled'; readonly ruling: Ruling }
  | {
      readonly type: 'open';
      readonly rules: readonly CompiledRule[];
      readonly readsArguments: boolean;
      readonly otherwise: Ruling;
      readonly known: Situation['values'];
    };

export interface RuleReport {
  readonly rule: CompiledRule;
  readonly judgement: Judgement;
}

export interface CompiledPolicy {
  readonly rules: readonly CompiledRule[];
  /** False: every key gets the same plans. */
  readonly dependsOnKey: boolean;
  hintsOf(target: KnownTarget): ToolHints | undefined;
  plan(keyName: string, target: KnownTarget): Plan;
  /** Every rule's own judgement, for explaining. `situation` holds what is of the call: `args`, `now`, `request`. */
  explain(keyName: string, target: KnownTarget, situation: Situation): readonly RuleReport[];
}

const STRICTEST_FIRST: readonly PolicyAction[] = ['deny', 'ask', 'allow'];
const NO_SIZE = { count: 0, longestChars: 0 };
const NOTHING_SPEAKS: Ruling = { action: 'allow', rule: undefined, message: undefined, problem: undefined };

const byStrictness = (a: CompiledRule, b: CompiledRule): number =>
  STRICTEST_FIRST.indexOf(a.action) - STRICTEST_FIRST.indexOf(b.action);

/** The first fitting rule of a list in order of strictness. No answer fits, but it never allows. */
function ruleOn(rules: readonly CompiledRule[], situation: Situation, otherwise: Ruling): Ruling {
  let unsure: string | undefined;
  for (const { name, action, message, judge } of rules) {
    const judgement = judge(situation);
    if (judgement.fits === 'no') continue;
    const problem = judgement.fits === 'unknown' ? judgement.problem : undefined;
    if (problem === undefined || action !== 'allow') return { action, rule: name, message, problem };
    unsure ??= `rule "${name}": ${problem}`;
  }
  return unsure === undefined || otherwise.action === 'allow' ? otherwise : { ...otherwise, problem: unsure };
}

/** Throws if a condition does not compile; the configuration has checked that it does. */
export function compilePolicy(config: PolicyConfig): CompiledPolicy {
  const rules = compileRules(config.rules);
  const ordered = rules.toSorted(byStrictness);
  const hintsOfTool = createHintsOf(config.annotations);

  const hintsOf = ({ kind, serverId, name, definition }: KnownTarget): ToolHints | undefined =>
    kind === 'tool' ? hintsOfTool(serverId, name, definition ?? '{}') : undefined;

  const knownValues = (keyName: string, target: KnownTarget, hints: ToolHints | undefined): Situation['values'] => ({
    caller: { key: keyName },
    call: { kind: CALL_KIND[target.kind], name: target.name },
    server: { id: target.serverId },
    tool: hints === undefined ? undefined : { name: target.name, exposed: target.exposed, ...hints },
  });

  const defaultFor = (hints: ToolHints | undefined): Ruling => {
    if (hints === undefined) return NOTHING_SPEAKS;
    const toolClass = classOf(hints);
    const action = config.defaults[toolClass];
    return { action, rule: `defaults.${toolClass}`, message: undefined, problem: undefined };
  };

  return {
    rules,
    dependsOnKey: rules.some((rule) => rule.dependsOnKey),
    hintsOf,
    plan(keyName, target) {
      const hints = hintsOf(target);
      const values = knownValues(keyName, target, hints);
      const speaking = ordered.filter((rule) => rule.excludes(keyName, target) === undefined);
      const standing = ruleOn(
        speaking.filter((rule) => !rule.looksAtCall),
        { values, size: NO_SIZE },
        defaultFor(hints),
      );
      // What is decided whatever the call holds can only be made stricter by it, unless it is a default.
      const strictness = STRICTEST_FIRST.indexOf(standing.action);
      const isDefault = standing.rule === undefined || standing.rule.startsWith('defaults.');
      const open = speaking.filter(
        (rule) => rule.looksAtCall && (isDefault || STRICTEST_FIRST.indexOf(rule.action) < strictness),
      );
      if (open.length === 0) return { type: 'settled', ruling: standing };
      const readsArguments = open.some((rule) => rule.readsArguments);
      return { type: 'open', rules: open, readsArguments, otherwise: standing, known: values };
    },
    explain(keyName, target, situation) {
      const values = { ...knownValues(keyName, target, hintsOf(target)), ...situation.values };
      return rules.map((rule) => {
        const because = rule.excludes(keyName, target);
        return {
          rule,
          judgement: because === undefined ? rule.judge({ values, size: situation.size }) : { fits: 'no', because },
        };
      });
    },
  };
}

const CALL_KIND = { tool: 'tools.call', prompt: 'prompts.get', resource: 'resources.read' } as const;

/** The ruling on one call. `situation` holds what is of the call: `args`, `now`, `request`. */
export function decidePlan(plan: Plan, situation: () => Situation): Ruling {
  if (plan.type === 'settled') return plan.ruling;
  const { values, size } = situation();
  return ruleOn(plan.rules, { values: { ...plan.known, ...values }, size }, plan.otherwise);
}
