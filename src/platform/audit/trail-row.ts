/** A row of the trail as a database gives it, read. */

import type { CallKind } from '../../contracts/call.ts';
import type { PolicyNote } from '../../contracts/policy.ts';
import type { ModelNote, ResultClass, TrailRow } from '../../contracts/trail.ts';

/**
 * A row and where it stands in the order of changes. `seq` is given when the row is made and given anew, higher, when its
 * call ends (or is found to be unknown), so the highest one seen is the cursor from which to follow.
 */
export type SeqRow = TrailRow & { readonly seq: number };

export function parseTrailRow(row: { readonly [column: string]: unknown }): SeqRow {
  const text = (column: string): string | undefined => {
    const value = row[column];
    return typeof value === 'string' ? value : undefined;
  };
  const number = (column: string): number | undefined => {
    const value = row[column];
    return typeof value === 'number' ? value : undefined;
  };
  const policy = parseOwn<PolicyNote>(text('policy'));
  const model = parseModel(text('model'), number);
  return {
    seq: number('seq') ?? 0,
    id: text('id') ?? '',
    parentId: text('parent_id'),
    traceId: text('trace_id') ?? '',
    atMs: number('at_ms') ?? 0,
    kind: text('kind') as CallKind,
    surface: text('surface') ?? '',
    keyId: text('key_id'),
    keyName: text('key_name'),
    serverId: text('server_id'),
    name: text('name') ?? '',
    target: text('target'),
    client: text('client'),
    arguments: text('arguments'),
    result: text('result') as ResultClass | undefined,
    error: text('error'),
    resultBytes: number('result_bytes'),
    totalMs: number('total_ms'),
    upstreamMs: number('upstream_ms'),
    ...parseBelonging(text),
    ...parseExecution(text),
    ...(policy === undefined ? {} : { policy }),
    ...(row.cached === 1 && { cached: true }),
    ...(typeof row.price_micro_usd === 'number' && { priceMicroUsd: row.price_micro_usd }),
    ...(model && { model }),
  };
}

/** Whom the call counts for above its key, as far as there is anybody. */
function parseBelonging(text: (column: string) => string | undefined): Partial<TrailRow> {
  const [userId, teamId, organizationId] = ['user_id', 'team_id', 'organization_id'].map(text);
  const labels = parseOwn<{ readonly [label: string]: string }>(text('labels'));
  return {
    ...(userId !== undefined && { userId }),
    ...(teamId !== undefined && { teamId }),
    ...(organizationId !== undefined && { organizationId }),
    ...(labels !== undefined && { labels }),
  };
}

/** What it carried out, for which run, and who allowed it, as far as there is any of it. */
function parseExecution(text: (column: string) => string | undefined): Partial<TrailRow> {
  const [runId, suggestionId, authority] = ['agent_run_id', 'suggestion_id', 'authority'].map(text);
  return {
    ...(runId !== undefined && { runId }),
    ...(suggestionId !== undefined && { suggestionId }),
    ...(authority !== undefined && { authority }),
  };
}

/** The note as it was, from its columns and its text. */
function parseModel(text: string | undefined, number: (column: string) => number | undefined): ModelNote | undefined {
  const note = parseOwn<ModelNote>(text);
  const inputTokens = number('input_tokens');
  if (note === undefined) return undefined;
  const cachedTokens = number('cached_tokens');
  const reasoningTokens = number('reasoning_tokens');
  const firstByteMs = number('first_byte_ms');
  return {
    ...note,
    ...(inputTokens !== undefined && {
      usage: {
        ...{ inputTokens, outputTokens: number('output_tokens') ?? 0 },
        ...(cachedTokens !== undefined && { cachedTokens }),
        ...(reasoningTokens !== undefined && { reasoningTokens }),
        ...note.usage,
      },
    }),
    ...(firstByteMs !== undefined && { firstByteMs }),
  };
}

/** Written by ourselves, so what does not read is damage, and shown as none. */
function parseOwn<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
