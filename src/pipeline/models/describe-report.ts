/** What the trail is told of a call of a model: figures and names, bounded, and nothing that was said. */

import type { Usage } from '../../contracts/chat.ts';
import type { ModelPlan, ModelReport } from '../../contracts/models.ts';
import type { ModelNote } from '../../contracts/trail.ts';

const MAX_DROPPED = 20;
const MAX_DROPPED_CHARS = 120;
const MAX_ATTEMPTS = 20;

export function describeReport(report: ModelReport, plan: ModelPlan | undefined): ModelNote {
  const { usage, firstByteMs, stop, attempts, dropped } = report;
  return {
    ...(usage && { usage: describeUsage(usage) }),
    ...(firstByteMs !== undefined && { firstByteMs: rounded(firstByteMs) }),
    ...(stop !== undefined && { stop }),
    attempts: attempts.slice(-MAX_ATTEMPTS).map((each) => ({ ...each, durationMs: rounded(each.durationMs) })),
    ...(dropped.length > 0 && {
      dropped: dropped.slice(0, MAX_DROPPED).map((path) => path.slice(0, MAX_DROPPED_CHARS)),
    }),
    ...(plan?.rule !== undefined && { rule: plan.rule }),
  };
}

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;

function describeUsage(usage: Usage): NonNullable<ModelNote['usage']> {
  const { inputTokens, outputTokens, cachedTokens, cacheWriteTokens, reasoningTokens, searches, estimated } = usage;
  return {
    ...{ inputTokens: whole(inputTokens), outputTokens: whole(outputTokens) },
    ...(cachedTokens !== undefined && { cachedTokens: whole(cachedTokens) }),
    ...(cacheWriteTokens !== undefined && { cacheWriteTokens: whole(cacheWriteTokens) }),
    ...(reasoningTokens !== undefined && { reasoningTokens: whole(reasoningTokens) }),
    ...(searches !== undefined && { searches: whole(searches) }),
    ...(estimated && { estimated }),
  };
}

/** Providers write the counts: a column of whole numbers takes no others. */
function whole(count: number): number {
  return Number.isFinite(count) && count > 0 ? Math.min(Math.round(count), Number.MAX_SAFE_INTEGER) : 0;
}
