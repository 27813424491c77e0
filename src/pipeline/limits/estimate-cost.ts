/** What a call may well cost, before it is made: what its budget sets aside for it. */

import type { Call } from '../../contracts/call.ts';
import type { Usage } from '../../contracts/chat.ts';
import type { PricesConfig } from '../../contracts/config.ts';
import { tokenCost } from '../../domain/models/token-cost.ts';
import { compileToolRules } from '../../domain/tools/tool-rules.ts';
import { isObject } from '../../lib/is-object.ts';
import { peekMember } from '../../lib/peek-member.ts';
import type { PriceOf } from '../models/price-of.ts';
import { expectedTokens } from './expected-tokens.ts';

/** Micro-dollars; 0 where nothing has a price. */
export type EstimateCost = (call: Call) => number;

/** What an answer is taken to be long where its request sets no bound; most are shorter. */
const USUAL_OUTPUT_TOKENS = 1_000;
/** A bound that is never reached (32,000 and more are usual) shall not keep a small budget from being used. */
const MAX_OUTPUT_TOKENS = 8_000;

export function createEstimateCost(deps: {
  readonly prices: PricesConfig | undefined;
  readonly priceOf: PriceOf;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
}): EstimateCost {
  const ruleOf = deps.prices && compileToolRules(deps.prices.tools);

  /** Of the targets that may be asked first, the dearest. */
  const modelCost = (call: Call): number => {
    const usage = expectedUsage(call);
    const nowMs = deps.now();
    let dearest = 0;
    for (const { provider, model } of call.facts.plan?.stages[0] ?? []) {
      const prices = deps.priceOf(provider, model, nowMs);
      dearest = Math.max(dearest, (prices && tokenCost(usage, prices)) ?? 0);
    }
    return dearest;
  };

  return (call) => {
    if (call.surface === 'models') return modelCost(call);
    const { serverId, tool } = call.facts;
    if (ruleOf === undefined || serverId === undefined || tool === undefined) return 0;
    return ruleOf(serverId, tool)?.perCallMicroUsd ?? 0;
  };
}

function expectedUsage(call: Call): Usage {
  const outputTokens = call.kind === 'chat' ? Math.min(wantedOutput(call), MAX_OUTPUT_TOKENS) : 0;
  return { inputTokens: expectedTokens(call), outputTokens };
}

/** The bound on the answer, whatever dialect the request is in. */
function wantedOutput({ params }: Call): number {
  for (const member of OUTPUT_BOUNDS) {
    const bound = peekMember(params, member);
    if (isBound(bound)) return bound;
  }
  for (const member of GENERATION_CONFIGS) {
    const inner = peekMember(params, member);
    if (!isObject(inner)) continue;
    const bound = [inner.maxOutputTokens, inner.max_output_tokens].find(isBound);
    return bound ?? USUAL_OUTPUT_TOKENS;
  }
  return USUAL_OUTPUT_TOKENS;
}

const OUTPUT_BOUNDS = ['max_completion_tokens', 'max_output_tokens', 'max_tokens'] as const;
const GENERATION_CONFIGS = ['generationConfig', 'generation_config'] as const;
const isBound = (value: unknown): value is number => typeof value === 'number' && value > 0;
