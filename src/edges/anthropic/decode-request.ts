/** From a Messages request to the neutral one. Read only where another dialect has to be spoken. */

import type { ChatRequest, OutputFormat, ReasoningWish } from '../../contracts/chat.ts';
import type { ParsedJson } from '../../contracts/json.ts';
import { decodeToolChoice, decodeTools } from './decode-tools.ts';
import { decodeTurns, foundTools } from './decode-turns.ts';
import { flagOf, invalid, numberOf, objectOf, optional, rest, textOf, wordOf } from './read-members.ts';

/** What is read into neutral words; all else is `extra`. */
const READ = [
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'stream',
  'thinking',
  'output_config',
  'output_format',
  'metadata',
  'service_tier',
];

/** Throws GatewayError `invalid_params` that names the field. `isCounted`: its tokens are to be counted, so none are asked for. */
export function decodeRequest(body: ParsedJson, isCounted = false): ChatRequest {
  const { value } = body;
  const maxTokens = numberOf(value.max_tokens, 'max_tokens');
  if (maxTokens === undefined && !isCounted) throw invalid('max_tokens', 'must be a number');
  const config = objectOf(value.output_config, 'output_config') ?? {};
  const format = config.format ?? value.output_format;
  const configRest = rest(config, ['effort', 'format']).extra;
  const extra = {
    ...rest(value, READ).extra,
    ...(configRest === undefined ? {} : { output_config: configRest }),
  };
  const { user_id: user } = objectOf(value.metadata, 'metadata') ?? {};
  return {
    dialect: 'anthropic',
    messages: decodeTurns(body),
    tools: decodeTools(value.tools, foundTools(value.messages)),
    ...decodeToolChoice(value.tool_choice),
    ...optional('maxOutputTokens', maxTokens),
    ...optional('temperature', numberOf(value.temperature, 'temperature')),
    ...optional('topP', numberOf(value.top_p, 'top_p')),
    ...optional('topK', numberOf(value.top_k, 'top_k')),
    ...optional('stop', readStop(value.stop_sequences)),
    ...optional('output', readFormat(format)),
    ...optional('reasoning', readReasoning(value.thinking, config.effort)),
    ...optional('user', wordOf(user, 'metadata.user_id')),
    ...optional('serviceTier', readTier(wordOf(value.service_tier, 'service_tier'))),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
    stream: flagOf(value.stream, 'stream') ?? false,
  };
}

function readStop(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw invalid('stop_sequences', 'must be a list');
  return value.map((each, i) => textOf(each, `stop_sequences[${i}]`));
}

/** OpenAI's word for "no priority" is what others know. */
function readTier(tier: string | undefined): string | undefined {
  return tier === 'standard_only' ? 'default' : tier;
}

function readFormat(value: unknown): OutputFormat | undefined {
  const format = objectOf(value, 'output_config.format');
  if (format === undefined) return undefined;
  const schema = objectOf(format.schema, 'output_config.format.schema');
  if (format.type !== 'json_schema' || schema === undefined)
    throw invalid('output_config.format', 'must be a json_schema with its schema');
  return { type: 'json-schema', schema };
}

const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

function readReasoning(thinking: unknown, effort: unknown): ReasoningWish | undefined {
  const wish = objectOf(thinking, 'thinking');
  const known = EFFORTS.find((each) => each === effort);
  if (effort !== undefined && effort !== null && known === undefined)
    throw invalid('output_config.effort', `must be ${EFFORTS.join(', ')}`);
  if (wish === undefined) return known === undefined ? undefined : { enabled: true, effort: known };
  const type = textOf(wish.type, 'thinking.type');
  const display = wordOf(wish.display, 'thinking.display');
  const isKnown = type === 'enabled' || type === 'disabled' || type === 'adaptive';
  const show = display === 'summarized' ? true : display === 'omitted' ? false : undefined;
  return {
    enabled: type !== 'disabled',
    ...optional('effort', known),
    ...optional('budgetTokens', numberOf(wish.budget_tokens, 'thinking.budget_tokens')),
    ...optional('adaptive', type === 'adaptive' ? true : undefined),
    ...optional('show', show),
    ...rest(wish, ['budget_tokens', ...(isKnown ? ['type'] : []), ...(show === undefined ? [] : ['display'])]),
  };
}
