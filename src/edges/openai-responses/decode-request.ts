/** From a Responses request to the neutral one. */

import type { ChatMessage, ChatRequest, OutputFormat, ReasoningWish } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { decodeInput } from './decode-items.ts';
import { decodeToolChoice, decodeTools } from './decode-tools.ts';
import {
  extraOf,
  invalid,
  onlyThere,
  optionalFlag,
  optionalNumber,
  optionalObject,
  optionalText,
  optionalWord,
  readList,
  readObject,
  readText,
} from './read-members.ts';

/** Members with a neutral word, and those whose value is looked at below. */
const KNOWN = new Set([
  ...['model', 'input', 'instructions', 'tools', 'tool_choice', 'parallel_tool_calls', 'max_output_tokens'],
  ...['temperature', 'top_p', 'top_logprobs', 'text', 'reasoning', 'user', 'safety_identifier', 'metadata'],
  ...['service_tier', 'stream', 'include', 'store', 'background', 'truncation'],
  ...['previous_response_id', 'conversation', 'prompt'],
]);

/** Kept by the provider between two requests: another one does not have it. */
const KEPT_THERE = ['previous_response_id', 'conversation', 'prompt'] as const;

const LOGPROBS = 'message.output_text.logprobs';

/**
 * Throws GatewayError `invalid_params` that names the member, and ProviderFailure `unsupported` for what only a provider that
 * speaks Responses can serve: state it keeps, tools it runs when one is demanded, work in the background.
 */
export function decodeRequest(body: JsonObject): ChatRequest {
  for (const member of KEPT_THERE) if (body[member] !== undefined && body[member] !== null) onlyThere(member);
  if (body.background === true) onlyThere('background');
  if (body.input === undefined || body.input === null) invalid('input', 'a string or an array');
  const input = decodeInput(body.input);
  const instructions = optionalText(body.instructions, 'instructions');
  const system: readonly ChatMessage[] =
    instructions === undefined ? [] : [{ role: 'system', parts: [{ type: 'text', text: instructions }] }];
  const text = optionalObject(body.text, 'text') ?? {};
  const include = readTexts(body.include, 'include');
  const user = optionalText(body.user, 'user');
  const safety = optionalText(body.safety_identifier, 'safety_identifier');
  return {
    dialect: 'openai-responses',
    messages: [...system, ...input.messages],
    tools: [...decodeTools(body.tools, 'tools'), ...input.tools],
    toolChoice: decodeToolChoice(body.tool_choice),
    parallelToolCalls: optionalFlag(body.parallel_tool_calls, 'parallel_tool_calls'),
    maxOutputTokens: optionalNumber(body.max_output_tokens, 'max_output_tokens'),
    temperature: optionalNumber(body.temperature, 'temperature'),
    topP: optionalNumber(body.top_p, 'top_p'),
    logprobs: optionalNumber(body.top_logprobs, 'top_logprobs') ?? (include.includes(LOGPROBS) ? 0 : undefined),
    output: decodeFormat(text.format),
    verbosity: optionalWord(text.verbosity, ['low', 'medium', 'high'], 'text.verbosity'),
    reasoning: decodeReasoning(body.reasoning),
    user: safety ?? user,
    ...decodeMetadata(body.metadata),
    serviceTier: optionalText(body.service_tier, 'service_tier'),
    stream: optionalFlag(body.stream, 'stream') ?? false,
    ...extraOf(restOf(body, text, include)),
  };
}

function readTexts(value: unknown, path: string): readonly string[] {
  if (value === undefined || value === null) return [];
  return readList(value, path).map((each, i) => readText(each, `${path}[${i}]`));
}

const TEXT = new Set(['format', 'verbosity']);

/** What there is no word for. What says what would happen anyway, elsewhere too, is nothing to keep. */
function restOf(body: JsonObject, text: JsonObject, include: readonly string[]): JsonObject {
  const { extra } = extraOf(body, KNOWN);
  const { extra: textRest } = extraOf(text, TEXT);
  const { user, safety_identifier: safety } = body;
  const truncation = optionalText(body.truncation, 'truncation');
  return {
    ...extra,
    include: include.filter((each) => each !== LOGPROBS),
    store: optionalFlag(body.store, 'store') === true ? true : undefined,
    truncation: truncation === 'disabled' ? undefined : truncation,
    text: textRest,
    user: typeof safety === 'string' && user !== safety ? user : undefined,
  };
}

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
const SHOWN = ['auto', 'concise', 'detailed'] as const;
const REASONING = new Set(['effort', 'summary', 'generate_summary']);

function decodeReasoning(value: unknown): ReasoningWish | undefined {
  const wish = optionalObject(value, 'reasoning');
  if (wish === undefined) return undefined;
  const effort = optionalWord(wish.effort, EFFORTS, 'reasoning.effort');
  // `generate_summary` is what `summary` was called before; some send both.
  const show = optionalWord(wish.summary ?? wish.generate_summary, SHOWN, 'reasoning.summary');
  const rest = extraOf(wish, REASONING);
  if (effort === undefined && show === undefined && rest.extra === undefined) return undefined;
  if (effort === 'none') return { enabled: false, show, ...rest };
  return { enabled: true, effort, show, ...rest };
}

function decodeFormat(value: unknown): OutputFormat | undefined {
  const format = optionalObject(value, 'text.format');
  if (format === undefined) return undefined;
  switch (format.type) {
    case 'text':
      return { type: 'text' };
    case 'json_object':
      return { type: 'json' };
    case 'json_schema':
      return {
        type: 'json-schema',
        name: optionalText(format.name, 'text.format.name'),
        description: optionalText(format.description, 'text.format.description'),
        schema: readObject(format.schema, 'text.format.schema'),
        strict: optionalFlag(format.strict, 'text.format.strict'),
      };
    default:
      return invalid('text.format.type', 'text, json_object or json_schema');
  }
}

function decodeMetadata(value: unknown): Pick<ChatRequest, 'metadata'> {
  const metadata = optionalObject(value, 'metadata');
  if (metadata === undefined || Object.keys(metadata).length === 0) return {};
  for (const [name, each] of Object.entries(metadata)) readText(each, `metadata.${name}`);
  return { metadata: metadata as { readonly [name: string]: string } };
}
