/** Tokens of several answers as one count. */

import type { Usage } from '../../contracts/chat.ts';

const OPTIONAL = [
  'cachedTokens',
  'cacheWriteTokens',
  'cacheWrite1hTokens',
  'reasoningTokens',
  'audioInputTokens',
  'audioOutputTokens',
  'searches',
] as const;

/** A count that neither tells stays untold; where one was estimated, the sum is. */
export function addUsage(a: Usage | undefined, b: Usage | undefined): Usage | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const told = OPTIONAL.filter((name) => a[name] !== undefined || b[name] !== undefined);
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    ...Object.fromEntries(told.map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)])),
    ...((a.estimated ?? b.estimated) && { estimated: true }),
  };
}
