/** What the trail is told of a call of a model: figures and names, bounded, and nothing that was said. */

import type { Usage } from '../../contracts/chat.ts';
import type { ModelAttempt, ModelPlan, ModelReport } from '../../contracts/models.ts';
import type { ModelNote } from '../../contracts/trail.ts';
import { toWholeMicros } from '../../lib/whole-micros.ts';

const MAX_DROPPED = 20;
const MAX_DROPPED_CHARS = 120;
const MAX_ATTEMPTS = 20;

export function describeReport(report: ModelReport, plan: ModelPlan | undefined): ModelNote {
  const { usage, firstByteMs, stop, attempts, dropped } = report;
  const note: { -readonly [member in keyof ModelNote]: ModelNote[member] } = { attempts: describeAttempts(attempts) };
  if (usage !== undefined) note.usage = describeUsage(usage);
  if (firstByteMs !== undefined) note.firstByteMs = toWholeMicros(firstByteMs);
  if (stop !== undefined) note.stop = stop;
  if (dropped.length > 0) note.dropped = dropped.slice(0, MAX_DROPPED).map((path) => path.slice(0, MAX_DROPPED_CHARS));
  if (plan?.rule !== undefined) note.rule = plan.rule;
  return note;
}

function describeAttempts(attempts: readonly ModelAttempt[]): readonly ModelAttempt[] {
  const last = attempts.length > MAX_ATTEMPTS ? attempts.slice(-MAX_ATTEMPTS) : attempts;
  return last.map(({ provider, model, key, durationMs, failure, status }) => ({
    provider,
    model,
    key,
    durationMs: toWholeMicros(durationMs),
    failure,
    status,
  }));
}

function describeUsage(usage: Usage): NonNullable<ModelNote['usage']> {
  const { inputTokens, outputTokens, cachedTokens, cacheWriteTokens, reasoningTokens, searches, estimated } = usage;
  const told: { -readonly [member in keyof Told]: Told[member] } = {
    inputTokens: whole(inputTokens),
    outputTokens: whole(outputTokens),
  };
  if (cachedTokens !== undefined) told.cachedTokens = whole(cachedTokens);
  if (cacheWriteTokens !== undefined) told.cacheWriteTokens = whole(cacheWriteTokens);
  if (reasoningTokens !== undefined) told.reasoningTokens = whole(reasoningTokens);
  if (searches !== undefined) told.searches = whole(searches);
  if (estimated) told.estimated = estimated;
  return told;
}

type Told = NonNullable<ModelNote['usage']>;

/** Providers write the counts: a column of whole numbers takes no others. */
function whole(count: number): number {
  return Number.isFinite(count) && count > 0 ? Math.min(Math.round(count), Number.MAX_SAFE_INTEGER) : 0;
}
