/** How hard a model shall think, in what its family understands, and how much it may produce with that. */

import type { ChatRequest, ReasoningWish } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { type Encoding, encodeExtra } from './encode-parts.ts';
import type { ModelTraits } from './model-traits.ts';

export interface EncodedReasoning {
  readonly max_tokens: number;
  readonly thinking: JsonObject | undefined;
  readonly output_config: JsonObject;
  /** It was told to think, which forbids some sampling. */
  readonly thinks: boolean;
}

/** The least a budget may be. */
const MIN_BUDGET_TOKENS = 1_024;

/** For families that are told a number of tokens. */
const BUDGETS: { readonly [effort in NonNullable<ReasoningWish['effort']>]: number } = {
  ...{ minimal: 1_024, low: 2_048, medium: 8_192, high: 16_384, xhigh: 24_576, max: 31_999 },
};

export function encodeReasoning(encoding: Encoding, request: ChatRequest, traits: ModelTraits): EncodedReasoning {
  const { reasoning: wish, maxOutputTokens, toolChoice } = request;
  const max_tokens = maxOutputTokens ?? traits.maxOutputTokens;
  const none: EncodedReasoning = { max_tokens, thinking: undefined, output_config: {}, thinks: false };
  if (wish === undefined) return none;
  const { dropped } = encoding;
  const extra = encodeExtra(encoding, wish.extra, 'reasoning');
  const effort = traits.thinking === 'adaptive' ? effortOf(wish) : undefined;
  const output_config = effort === undefined ? {} : { effort };
  if (!wish.enabled) {
    if (traits.canRest) return { ...none, thinking: { type: 'disabled', ...extra }, output_config };
    // It always thinks: then as little as it can.
    dropped.push('reasoning');
    return { ...none, output_config: { effort: 'low' } };
  }
  // A forced call and thinking exclude each other; the call is what was asked for.
  const isForced = toolChoice?.type === 'required' || toolChoice?.type === 'tool';
  if (traits.thinking === 'none' || (isForced && traits.canRest)) {
    dropped.push('reasoning');
    return none;
  }
  const display = wish.show === undefined ? {} : { display: wish.show === false ? 'omitted' : 'summarized' };
  const wantsBudget = wish.budgetTokens !== undefined && wish.adaptive !== true && traits.budget;
  if (traits.thinking === 'adaptive' && !wantsBudget) {
    if (wish.budgetTokens !== undefined) dropped.push('reasoning.budget_tokens');
    return { max_tokens, thinking: { type: 'adaptive', ...display, ...extra }, output_config, thinks: true };
  }
  const wanted = wish.budgetTokens ?? BUDGETS[wish.effort ?? 'medium'];
  // The budget is a part of what may be produced; something has to be left for the answer.
  const budget_tokens = Math.min(Math.max(wanted, MIN_BUDGET_TOKENS), max_tokens - 1);
  if (budget_tokens < MIN_BUDGET_TOKENS) {
    dropped.push('reasoning');
    return none;
  }
  return {
    max_tokens,
    thinking: { type: 'enabled', budget_tokens, ...display, ...extra },
    output_config,
    thinks: true,
  };
}

function effortOf({ effort }: ReasoningWish): string | undefined {
  return effort === 'minimal' ? 'low' : effort;
}
