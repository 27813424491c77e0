/** Step: what an answer took and cost, once it is over: whole, streamed to its end, broken off, or left by its reader. */

import type { ModelCall, ModelStep } from '../../contracts/call.ts';
import type { ModelOutcome } from '../../contracts/models.ts';
import {
  completeUsage,
  estimateChatInput,
  estimateEmbedInput,
  tokensOfChars,
} from '../../domain/models/estimate-usage.ts';
import { tokenCost } from '../../domain/models/token-cost.ts';
import { keepCounts } from '../models/check-outcome.ts';
import type { PriceOf } from '../models/price-of.ts';
import { isStreamed, onEnd, type StreamedOutcome } from '../on-end.ts';

export interface PriceTokensDeps {
  readonly priceOf: PriceOf;
  /** Wall clock, epoch milliseconds: prices change with the date, and some with the hour. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  /** False: answers do not tell in their headers. */
  readonly tellsUsage: boolean;
}

export function createPriceTokens({ priceOf, now, monotonicMs, tellsUsage }: PriceTokensDeps): ModelStep {
  const price = ({ facts }: ModelCall): void => {
    const { provider, model, usage } = facts.model ?? {};
    if (provider === undefined || model === undefined) return;
    const prices = priceOf(provider, model, now());
    // Without a count there is only the price of the call itself; that of tokens would come to nothing, and look like it.
    const cost = prices && (usage ? tokenCost(usage, prices) : tokenCost(NOTHING, { calls: prices.calls }));
    if (cost !== undefined) facts.priceMicroUsd = cost;
  };

  /** Something was answered: then it has a usage, told or guessed. */
  const settle = (call: ModelCall, whole: boolean): void => {
    const report = call.facts.model;
    if (report === undefined) return;
    // Bytes of sounds and files say nothing of tokens.
    if (call.kind === 'models.pass') keepCounts(report);
    else
      report.usage = completeUsage(report.usage, { outputChars: report.outputChars, whole }, () => inputTokens(call));
    price(call);
  };

  const onOutcome = (call: ModelCall, outcome: ModelOutcome): ModelOutcome => {
    const { facts } = call;
    const beganMs = monotonicMs();
    if (facts.model !== undefined) facts.model.firstByteMs ??= beganMs - call.startedMs;
    if (!isStreamed(outcome)) {
      settle(call, true);
      return outcome;
    }
    return onEnd<StreamedOutcome>(outcome, ({ type }) => {
      settle(call, type === 'complete');
    });
  };

  const onError = (call: ModelCall, error: unknown): never => {
    // What failed cost nothing, but where its provider says that it did.
    const { model } = call.facts;
    if (model !== undefined) keepCounts(model);
    if (model?.usage !== undefined) price(call);
    throw error;
  };

  return (call, next) => {
    if (!tellsUsage) call.facts.hidesUsage = true;
    try {
      const outcome = next();
      if (!(outcome instanceof Promise)) return onOutcome(call, outcome);
      return outcome.then(
        (value) => onOutcome(call, value),
        (error: unknown) => onError(call, error),
      );
    } catch (error) {
      return onError(call, error);
    }
  };
}

const NOTHING = { inputTokens: 0, outputTokens: 0 };

function inputTokens({ model, params }: ModelCall): number {
  try {
    if (model.operation === 'chat') return estimateChatInput(model.chat());
    if (model.operation === 'embed') return estimateEmbedInput(model.embed());
  } catch {
    // The passing lane let through what we cannot read.
  }
  return tokensOfChars(params.text.length);
}
