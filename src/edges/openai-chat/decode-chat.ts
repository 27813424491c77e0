/** From a chat completions request to the neutral one. */

import type { ChatRequest, OutputFormat, ReasoningWish } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { decodeMessages } from './decode-messages.ts';
import { decodeToolChoice, decodeTools } from './decode-tools.ts';
import {
  compact,
  oneOf,
  optional,
  readBoolean,
  readCount,
  readList,
  readNumber,
  readObject,
  readString,
  restOf,
  wrong,
} from './read-members.ts';

const KNOWN: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'tools', 'tool_choice', 'functions', 'function_call', 'parallel_tool_calls'],
  ...['max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'top_k', 'stop', 'seed', 'frequency_penalty'],
  ...['presence_penalty', 'n', 'logprobs', 'top_logprobs', 'response_format', 'verbosity', 'reasoning_effort'],
  ...['user', 'metadata', 'service_tier', 'stream', 'stream_options'],
]);

/** What OpenAI itself takes. */
const MAX_CHOICES = 128;

/** Throws GatewayError `invalid_params` that names the member. Members without a neutral word are kept in `extra`. */
export function decodeChat(body: JsonObject): ChatRequest {
  checkStreamOptions(body.stream_options);
  const number = (member: string): number | undefined => optional(body[member], member, readNumber);
  const user = optional(body.user, 'user', readString);
  const safetyId = optional(body.safety_identifier, 'safety_identifier', readString);
  const rest = restOf(body, KNOWN) ?? {};
  // Its name since 2025; one of the two is enough for every other dialect.
  const extra = user === undefined ? withoutMember(rest, 'safety_identifier') : rest;
  return compact({
    dialect: 'openai-chat',
    messages: decodeMessages(body.messages),
    tools: decodeTools(body),
    toolChoice: decodeToolChoice(body),
    parallelToolCalls: optional(body.parallel_tool_calls, 'parallel_tool_calls', readBoolean),
    maxOutputTokens: number('max_completion_tokens') ?? number('max_tokens'),
    temperature: number('temperature'),
    topP: number('top_p'),
    topK: number('top_k'),
    stop: optional(body.stop, 'stop', readStop),
    seed: number('seed'),
    frequencyPenalty: number('frequency_penalty'),
    presencePenalty: number('presence_penalty'),
    choices: optional(body.n, 'n', (value, path) => readCount(value, path, MAX_CHOICES)),
    logprobs: optional(body.logprobs, 'logprobs', readBoolean) === true ? (number('top_logprobs') ?? 0) : undefined,
    output: optional(body.response_format, 'response_format', readFormat),
    verbosity: optional(body.verbosity, 'verbosity', oneOf(['low', 'medium', 'high'])),
    reasoning: optional(body.reasoning_effort, 'reasoning_effort', readEffort),
    user: user ?? safetyId,
    metadata: optional(body.metadata, 'metadata', readMetadata),
    serviceTier: optional(body.service_tier, 'service_tier', readString),
    stream: optional(body.stream, 'stream', readBoolean) ?? false,
    extra: Object.keys(extra).length === 0 ? undefined : extra,
  });
}

/** The edge reads them where it writes the stream. */
function checkStreamOptions(value: unknown): void {
  const options = optional(value, 'stream_options', readObject);
  optional(options?.include_usage, 'stream_options.include_usage', readBoolean);
}

function withoutMember(object: JsonObject, member: string): JsonObject {
  const { [member]: _, ...rest } = object;
  return rest;
}

function readStop(value: unknown, path: string): readonly string[] {
  if (typeof value === 'string') return [value];
  return readList(value, path).map((each, i) => readString(each, `${path}[${i}]`));
}

function readFormat(value: unknown, path: string): OutputFormat {
  const format = readObject(value, path);
  switch (format.type) {
    case 'text':
      return { type: 'text' };
    case 'json_object':
      return { type: 'json' };
    case 'json_schema': {
      const inner = readObject(format.json_schema, `${path}.json_schema`);
      return compact({
        type: 'json-schema',
        name: optional(inner.name, `${path}.json_schema.name`, readString),
        description: optional(inner.description, `${path}.json_schema.description`, readString),
        // Without one, any object will do.
        schema: optional(inner.schema, `${path}.json_schema.schema`, readObject) ?? { type: 'object' },
        strict: optional(inner.strict, `${path}.json_schema.strict`, readBoolean),
      });
    }
    default:
      throw wrong(`${path}.type`, 'must be one of text, json_object, json_schema');
  }
}

const readWord = oneOf(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']);

function readEffort(value: unknown, path: string): ReasoningWish {
  const effort = readWord(value, path);
  return effort === 'none' ? { enabled: false } : { enabled: true, effort };
}

function readMetadata(value: unknown, path: string): { readonly [name: string]: string } {
  const metadata = readObject(value, path);
  return Object.fromEntries(
    Object.entries(metadata).map(([name, each]) => [name, readString(each, `${path}.${name}`)]),
  );
}
