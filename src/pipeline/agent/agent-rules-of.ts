/** The agent rules of callers, compiled once for each. */

import type { Caller } from '../../contracts/caller.ts';
import { type CompiledAgentRules, compileAgentRules } from '../../domain/agent/agent-rules.ts';

/** Undefined: its key has no agent mode. Levels above a key only take away. */
export type AgentRulesOf = (caller: Caller) => CompiledAgentRules | undefined;

export function createAgentRulesOf(): AgentRulesOf {
  const compiled = new WeakMap<Caller, CompiledAgentRules>();
  return (caller) => {
    const own = caller.grant.agent;
    if (own === undefined) return undefined;
    let rules = compiled.get(caller);
    if (rules === undefined) {
      rules = compileAgentRules(own, caller.levels?.flatMap(({ grant }) => grant?.agent ?? []) ?? []);
      compiled.set(caller, rules);
    }
    return rules;
  };
}
