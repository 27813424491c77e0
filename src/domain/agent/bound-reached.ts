/** When a run has gone as far as it may: looked at before the tools of a round are run, since nobody would read what they answer. */

import type { RunEnd } from '../../contracts/runs.ts';
import type { RunBounds } from './agent-rules.ts';

/** What a run has used so far. */
export interface RunSpent {
  readonly rounds: number;
  readonly calls: number;
  readonly tokens: number;
  readonly costMicroUsd: number;
  readonly elapsedMs: number;
}

/** Undefined: it may run `calls` more tools, and go on to another round. */
export function boundReached(bounds: RunBounds, spent: RunSpent, calls: number): RunEnd | undefined {
  if (spent.rounds >= bounds.maxRounds) return 'max-rounds';
  if (spent.calls + calls > bounds.maxCalls) return 'max-calls';
  if (bounds.maxTokens !== undefined && spent.tokens >= bounds.maxTokens) return 'max-tokens';
  if (bounds.maxCostMicroUsd !== undefined && spent.costMicroUsd >= bounds.maxCostMicroUsd) return 'max-cost';
  return spent.elapsedMs >= bounds.maxDurationMs ? 'max-duration' : undefined;
}
