/** Counts that a provider told, as counts: what it says is added up, paid and told on, so it must not be able to say just anything. */

import type { Usage } from '../../contracts/chat.ts';

/** More than any answer takes. */
const MAX_COUNT = 1e9;

/** What may be untold. */
const DETAILS = [
  ...(['cachedTokens', 'cacheWriteTokens', 'cacheWrite1hTokens', 'reasoningTokens'] as const),
  ...(['audioInputTokens', 'audioOutputTokens', 'searches'] as const),
];

/**
 * The same usage where every count is one. A fraction is rounded, and a detail that is no count is left out. Undefined: input or
 * output is no count, so that nothing was told.
 */
export function checkUsage(usage: Usage): Usage | undefined {
  if (isSound(usage)) return usage;
  const inputTokens = asCount(usage.inputTokens);
  const outputTokens = asCount(usage.outputTokens);
  if (inputTokens === undefined || outputTokens === undefined) return undefined;
  const checked = { ...usage, inputTokens, outputTokens };
  for (const name of DETAILS) if (name in checked) checked[name] = asCount(checked[name]);
  return checked;
}

/** Most are: asked without a list, since it is asked of each answer. */
function isSound(usage: Usage): boolean {
  const { cachedTokens = 0, cacheWriteTokens = 0, cacheWrite1hTokens = 0, reasoningTokens = 0 } = usage;
  const { inputTokens, outputTokens, audioInputTokens = 0, audioOutputTokens = 0, searches = 0 } = usage;
  return (
    isCount(inputTokens) &&
    isCount(outputTokens) &&
    isCount(cachedTokens) &&
    isCount(cacheWriteTokens) &&
    isCount(cacheWrite1hTokens) &&
    isCount(reasoningTokens) &&
    isCount(audioInputTokens) &&
    isCount(audioOutputTokens) &&
    isCount(searches)
  );
}

const isCount = (count: unknown): boolean =>
  Number.isInteger(count) && Number(count) >= 0 && Number(count) <= MAX_COUNT;

function asCount(count: unknown): number | undefined {
  const rounded = typeof count === 'number' ? Math.round(count) : undefined;
  // Not the same for -0.4, which is rounded to -0.
  return isCount(rounded) ? Math.abs(Number(rounded)) : undefined;
}
