/** Whether agent mode would run a tool without its caller, for whoever asks why it does or does not. */

import type { ExplainedRule } from '../contracts/explain.ts';
import { type AgentHindrance, compileAgentRules } from '../domain/agent/agent-rules.ts';
import type { HintsOf } from '../domain/policy/tool-hints.ts';
import type { ExplainedCaller } from './explain-caller.ts';
import type { ExplainedTarget } from './explain-target.ts';

const BECAUSE: { readonly [hindrance in AgentHindrance]: string } = {
  pattern: 'no pattern of "auto" fits it at every level',
  readOnly: 'it is not known to be read-only',
  idempotent: 'it is not known to be idempotent',
  notDestructive: 'it may be destructive',
  closedWorld: 'it may reach an open world',
};

/** Nothing for a key without agent mode. What a rule asks for or denies holds besides. */
export function ofAgent(caller: ExplainedCaller, target: ExplainedTarget, hintsOf: HintsOf): readonly ExplainedRule[] {
  const own = caller.grant.agent;
  if (own === undefined) return [];
  const bounds = caller.levels?.flatMap(({ grant }) => grant?.agent ?? []) ?? [];
  const { serverId, name, definition } = target;
  const hints = hintsOf(serverId, name, definition ?? '{}');
  const hindrance = compileAgentRules(own, bounds).hindranceOf(serverId, name, hints);
  const base = { step: 'run-agent', level: undefined, rule: undefined } as const;
  if (hindrance === undefined)
    return [{ ...base, verdict: 'passes', reason: 'agent mode: the gateway may run it by itself' }];
  // Only who knows the tool knows its annotations.
  const isUnknown = definition === undefined && hindrance !== 'pattern';
  const reason = `agent mode: left to the caller, since ${BECAUSE[hindrance]}`;
  return [{ ...base, verdict: isUnknown ? 'unknown' : 'not-concerned', reason }];
}
