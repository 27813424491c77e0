/** The part of `GET /metrics` that is about models. Without a call of one there is none. */

import type { CallKind } from '../../contracts/call.ts';
import type { Exposition, Labels } from './exposition.ts';
import { type ModelFigures, type ModelGroupFigures, TOKEN_TYPES } from './model-meter.ts';

const MS_PER_SECOND = 1_000;
const MICRO_PER_USD = 1_000_000;

/** As OpenTelemetry calls them, where it does. */
const OPERATIONS: { readonly [kind in CallKind]?: string } = {
  chat: 'chat',
  embed: 'embeddings',
  'tokens.count': 'count_tokens',
  'models.list': 'list_models',
  'models.pass': 'pass_through',
};

function labelsOf({ kind, provider, model }: ModelGroupFigures): Labels {
  return {
    gen_ai_operation_name: OPERATIONS[kind] ?? kind,
    gen_ai_provider_name: provider,
    gen_ai_request_model: model,
  };
}

export function writeModels(out: Exposition, { boundsMs, groups, attempts }: ModelFigures): void {
  if (groups.length === 0) return;
  const calls = out.counter('portcullis_model_calls', 'Calls of models that are over, by how they ended.');
  for (const group of groups)
    for (const [outcome, count] of group.calls) calls.sample({ ...labelsOf(group), outcome }, count);

  const tries = out.counter('portcullis_model_attempts', 'Tries at providers, by how they failed; none: answered.');
  for (const { provider, model, failure, count } of attempts)
    tries.sample({ gen_ai_provider_name: provider, gen_ai_request_model: model, failure }, count);

  const tokens = out.counter(
    'portcullis_model_tokens',
    'Tokens, told or estimated. cached is part of input, reasoning of output.',
  );
  for (const group of groups)
    for (const type of TOKEN_TYPES) tokens.sample({ ...labelsOf(group), gen_ai_token_type: type }, group.tokens[type]);

  const estimated = out.counter('portcullis_model_estimated_calls', 'Calls whose tokens nobody told.');
  for (const group of groups) estimated.sample(labelsOf(group), group.estimated);
  const cost = out.counter('portcullis_model_cost_usd', 'What calls cost, in US dollars.');
  for (const group of groups) cost.sample(labelsOf(group), group.microUsd / MICRO_PER_USD);

  const bounds = boundsMs.map((bound) => bound / MS_PER_SECOND);
  const durations = out.histograms(
    'gen_ai_server_request_duration_seconds',
    'From the complete head of the request until the whole answer was known, streams to their end.',
  );
  for (const group of groups)
    durations.histogram(labelsOf(group), bounds, group.duration.counts, group.duration.sum / MS_PER_SECOND);
  const firsts = out.histograms('gen_ai_server_time_to_first_token_seconds', 'Of that, until the answer began.');
  for (const group of groups)
    firsts.histogram(labelsOf(group), bounds, group.firstByte.counts, group.firstByte.sum / MS_PER_SECOND);
}
