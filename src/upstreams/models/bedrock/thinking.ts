/** How hard a model on Bedrock shall think: Converse has a word for the effort, Claude has more among its own fields. */

import type { ReasoningWish } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import type { Dropped } from '../dropped.ts';

export interface Thinking {
  /** For `additionalModelRequestFields`. */
  readonly fields: JsonObject;
  /** For `outputConfig`. */
  readonly effort: string | undefined;
}

type Effort = NonNullable<ReasoningWish['effort']>;

/** Claude before the models that weigh it themselves: it thinks within a number of tokens, at least 1,024. */
const COUNTS_TOKENS = /claude-(3|(opus|sonnet|haiku)-4-(\d{8}|1\b|5\b)|(opus|sonnet|haiku)-4(@|$))/i;
const MIN_BUDGET_TOKENS = 1_024;
const BUDGETS: { readonly [effort in Effort]: number } = {
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 24_576,
  max: 32_000,
};

export function thinkingOf(
  wish: ReasoningWish,
  model: string,
  maxOutputTokens: number | undefined,
  dropped: Dropped,
): Thinking {
  dropped.noteExtra('reasoning', wish);
  const isClaude = /anthropic|claude/i.test(model);
  if (!wish.enabled) {
    if (!isClaude) dropped.note('reasoning');
    return { fields: isClaude ? { thinking: { type: 'disabled' } } : {}, effort: undefined };
  }
  const effort = wish.effort === 'minimal' ? 'low' : wish.effort;
  if (!isClaude) {
    dropped.note('reasoning.budget_tokens', wish.budgetTokens);
    if (effort === undefined && wish.budgetTokens === undefined) dropped.note('reasoning');
    return { fields: {}, effort };
  }
  const budgetTokens = wish.budgetTokens ?? (COUNTS_TOKENS.test(model) ? BUDGETS[wish.effort ?? 'medium'] : undefined);
  if (budgetTokens === undefined || (wish.adaptive === true && !COUNTS_TOKENS.test(model))) {
    const display = wish.show === undefined ? {} : { display: wish.show === false ? 'omitted' : 'summarized' };
    return { fields: { thinking: { type: 'adaptive', ...display } }, effort };
  }
  // It is a part of the answer, which must be longer: a quarter at least is left for what is said.
  const mostTokens = Math.floor((maxOutputTokens ?? Number.POSITIVE_INFINITY) * 0.75);
  if (wish.budgetTokens === undefined && mostTokens < MIN_BUDGET_TOKENS) {
    dropped.note('reasoning.effort');
    return { fields: {}, effort: undefined };
  }
  const fitting = wish.budgetTokens ?? Math.min(budgetTokens, mostTokens);
  return {
    fields: { thinking: { type: 'enabled', budget_tokens: fitting } },
    effort: wish.budgetTokens === undefined ? undefined : effort,
  };
}
