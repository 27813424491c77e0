/** From the neutral wish for reasoning to Gemini's `thinkingConfig`: budgets for one generation, levels for the next. */

import type { ReasoningWish } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import type { EncodeContext } from './encode-messages.ts';

/** As Google's own OpenAI-compatible surface counts them. */
const BUDGETS = { minimal: 1_024, low: 1_024, medium: 8_192, high: 24_576, xhigh: 24_576, max: 24_576 } as const;
const LEVELS = {
  ...{ minimal: 'MINIMAL', low: 'LOW', medium: 'MEDIUM', high: 'HIGH' },
  ...{ xhigh: 'HIGH', max: 'HIGH' },
} as const;
/** The least of a model that cannot do without. */
const LEAST_BUDGET = 128;

/** Undefined: nothing to say. */
export function encodeThinking(wish: ReasoningWish, context: EncodeContext): JsonObject | undefined {
  const { habits, isOwn } = context;
  if (!isOwn) for (const key of Object.keys(wish.extra ?? {})) context.drop(`reasoning.${key}`);
  if (habits.thinking === 'none' && !isOwn) {
    if (wish.enabled) context.drop('reasoning');
    return undefined;
  }
  const config = {
    ...(wish.enabled ? amount(wish, context) : none(context)),
    ...(wish.show === undefined ? {} : { includeThoughts: wish.show !== false }),
    ...(isOwn ? wish.extra : {}),
  };
  return Object.keys(config).length === 0 ? undefined : config;
}

function none({ habits, isOwn, drop }: EncodeContext): JsonObject {
  if (isOwn) return { thinkingBudget: 0 };
  if (habits.mustThink) drop('reasoning.enabled');
  if (habits.thinking === 'level') return { thinkingLevel: habits.mustThink ? 'LOW' : 'MINIMAL' };
  return { thinkingBudget: habits.mustThink ? LEAST_BUDGET : 0 };
}

function amount(wish: ReasoningWish, { habits, isOwn }: EncodeContext): JsonObject {
  const { budgetTokens, effort, adaptive } = wish;
  // A request of its own dialect says what it says; Gemini refuses level and budget together, as it would have.
  if (isOwn)
    return {
      ...(effort === undefined ? {} : { thinkingLevel: LEVELS[effort] }),
      ...(adaptive === true ? { thinkingBudget: -1 } : {}),
      ...(budgetTokens === undefined ? {} : { thinkingBudget: budgetTokens }),
    };
  if (habits.thinking === 'level') {
    if (effort !== undefined) return { thinkingLevel: LEVELS[effort] };
    return budgetTokens === undefined || adaptive === true ? {} : { thinkingBudget: budgetTokens };
  }
  if (budgetTokens !== undefined) return { thinkingBudget: budgetTokens };
  if (effort !== undefined) return { thinkingBudget: BUDGETS[effort] };
  return adaptive === true ? { thinkingBudget: -1 } : {};
}
