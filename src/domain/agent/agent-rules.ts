/** What a key's model may have done by the gateway itself: the key's own rules within those of the levels above, which only take away. */

import type { AgentRules } from '../../contracts/runs.ts';
import { type AccessPattern, fitsPattern, parsePattern } from '../access/compile-grant.ts';

/** What is said of a tool: its annotations with the operator's overrides. */
export interface AgentHints {
  readonly readOnly: boolean;
  readonly idempotent: boolean;
  readonly destructive: boolean;
  readonly openWorld: boolean;
}

/** How far a run may go. */
export interface RunBounds {
  readonly maxRounds: number;
  readonly maxCalls: number;
  readonly maxTokens: number | undefined;
  readonly maxCostMicroUsd: number | undefined;
  readonly maxDurationMs: number;
}

/** Why a tool is not run without its caller. `pattern`: none of `auto` fits; else the condition that does not hold. */
export type AgentHindrance = 'pattern' | AgentRules['onlyIf'][number];

export interface CompiledAgentRules extends RunBounds {
  readonly mode: 'on' | 'off';
  /** Undefined: it may be run by the gateway itself, as far as grants and policy allow it. */
  hindranceOf(serverId: string, name: string, hints: AgentHints): AgentHindrance | undefined;
}

const HOLDS: { readonly [condition in AgentRules['onlyIf'][number]]: (hints: AgentHints) => boolean } = {
  readOnly: ({ readOnly }) => readOnly,
  idempotent: ({ idempotent }) => idempotent,
  notDestructive: ({ destructive }) => !destructive,
  closedWorld: ({ openWorld }) => !openWorld,
};

const least = (values: readonly (number | undefined)[]): number | undefined => {
  const told = values.filter((value) => value !== undefined);
  return told.length === 0 ? undefined : Math.min(...told);
};

/** `bounds`: those of the levels above that say something. `off` wins, a tool has to fit everywhere, of numbers the least holds. */
export function compileAgentRules(own: AgentRules, bounds: readonly AgentRules[]): CompiledAgentRules {
  const all = [own, ...bounds];
  const autos = all.map(({ auto }) => auto.map(parsePattern));
  const conditions = [...new Set(all.flatMap(({ onlyIf }) => onlyIf))];
  const fits = (patterns: readonly AccessPattern[], serverId: string, name: string): boolean =>
    patterns.some((pattern) => fitsPattern(pattern, 'tool', serverId, name));
  return {
    mode: all.every(({ mode }) => mode === 'on') ? 'on' : 'off',
    maxRounds: Math.min(...all.map(({ maxRounds }) => maxRounds)),
    maxCalls: Math.min(...all.map(({ maxCalls }) => maxCalls)),
    maxTokens: least(all.map(({ maxTokens }) => maxTokens)),
    maxCostMicroUsd: least(all.map(({ maxCostMicroUsd }) => maxCostMicroUsd)),
    maxDurationMs: Math.min(...all.map(({ maxDurationMs }) => maxDurationMs)),
    hindranceOf(serverId, name, hints) {
      if (!autos.every((patterns) => fits(patterns, serverId, name))) return 'pattern';
      return conditions.find((condition) => !HOLDS[condition](hints));
    },
  };
}
