/** From a `generateContent` request to the neutral one. */

import type { ChatRequest, OutputFormat, ReasoningWish } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { toCamelCase } from './camel-case.ts';
import { decodeContents, decodeSystem } from './decode-contents.ts';
import { decodeToolConfig, decodeTools } from './decode-tools.ts';
import { fromOpenApi } from './from-open-api.ts';
import {
  readBoolean,
  readCount,
  readNumber,
  readObject,
  readObjects,
  readString,
  readStrings,
  restOf,
  wrong,
} from './read-member.ts';

/** `model` stands in the path, too, and that one counts. */
const KNOWN: ReadonlySet<string> = new Set([
  ...['contents', 'systemInstruction', 'tools', 'toolConfig', 'generationConfig', 'serviceTier', 'model'],
]);
const GENERATION: ReadonlySet<string> = new Set([
  ...['maxOutputTokens', 'temperature', 'topP', 'topK', 'stopSequences', 'seed', 'frequencyPenalty'],
  ...['presencePenalty', 'candidateCount', 'responseLogprobs', 'logprobs', 'thinkingConfig'],
]);
const FORMAT = ['responseMimeType', 'responseSchema', 'responseJsonSchema'] as const;
const PATH = 'generationConfig.';
const MAX_CHOICES = 128;

/** Throws GatewayError `invalid_params` that names the member. */
export function decodeChat(given: JsonObject, stream: boolean): ChatRequest {
  const body = toCamelCase(given);
  const config = readObject(body, 'generationConfig', '') ?? {};
  const { choice, rest: toolConfig } = decodeToolConfig(readObject(body, 'toolConfig', ''));
  const output = decodeOutput(config);
  const contents = readObjects(body, 'contents', '');
  if (contents.length === 0) throw wrong('contents', 'a list with at least one content');
  const generationConfig = restOf(config, new Set([...GENERATION, ...(output === undefined ? [] : FORMAT)]));
  const number = (key: string): number | undefined => readNumber(config, key, PATH);
  const extra = {
    ...restOf(body, KNOWN),
    ...(generationConfig === undefined ? {} : { generationConfig }),
    ...(toolConfig === undefined ? {} : { toolConfig }),
  };
  return without({
    dialect: 'gemini',
    messages: [...decodeSystem(body.systemInstruction), ...decodeContents(contents)],
    tools: decodeTools(readObjects(body, 'tools', '')),
    toolChoice: choice,
    maxOutputTokens: number('maxOutputTokens'),
    temperature: number('temperature'),
    topP: number('topP'),
    topK: number('topK'),
    stop: readStrings(config, 'stopSequences', PATH),
    seed: number('seed'),
    frequencyPenalty: number('frequencyPenalty'),
    presencePenalty: number('presencePenalty'),
    choices: readCount(config, 'candidateCount', PATH, MAX_CHOICES),
    logprobs: readBoolean(config, 'responseLogprobs', PATH) === true ? (number('logprobs') ?? 0) : undefined,
    output,
    reasoning: decodeThinking(readObject(config, 'thinkingConfig', PATH)),
    serviceTier: readString(body, 'serviceTier', ''),
    extra: Object.keys(extra).length === 0 ? undefined : extra,
    stream,
  });
}

/** Undefined: none was asked for, or one that only Gemini knows (`text/x.enum`). */
function decodeOutput(config: JsonObject): OutputFormat | undefined {
  const type = readString(config, 'responseMimeType', PATH);
  if (type === 'text/plain') return { type: 'text' };
  if (type !== undefined && type !== 'application/json') return undefined;
  const schema = readObject(config, 'responseJsonSchema', PATH);
  if (schema !== undefined) return { type: 'json-schema', schema };
  const openApi = readObject(config, 'responseSchema', PATH);
  if (openApi !== undefined) return { type: 'json-schema', schema: fromOpenApi(openApi) };
  return type === undefined ? undefined : { type: 'json' };
}

const EFFORTS: ReadonlyMap<string, NonNullable<ReasoningWish['effort']>> = new Map([
  ['MINIMAL', 'minimal'],
  ['LOW', 'low'],
  ['MEDIUM', 'medium'],
  ['HIGH', 'high'],
]);
const THINKING: ReadonlySet<string> = new Set(['includeThoughts', 'thinkingBudget', 'thinkingLevel']);

function decodeThinking(config: JsonObject | undefined): ReasoningWish | undefined {
  if (config === undefined) return undefined;
  const path = `${PATH}thinkingConfig.`;
  const budget = readNumber(config, 'thinkingBudget', path);
  const level = readString(config, 'thinkingLevel', path)?.toUpperCase();
  const effort = level === undefined ? undefined : EFFORTS.get(level);
  const isUnknown = level !== undefined && effort === undefined && level !== 'THINKING_LEVEL_UNSPECIFIED';
  const extra = restOf(config, isUnknown ? new Set([...THINKING].slice(0, 2)) : THINKING);
  return without({
    enabled: budget !== 0,
    effort,
    budgetTokens: budget === undefined || budget <= 0 ? undefined : budget,
    adaptive: budget === -1 ? true : undefined,
    show: readBoolean(config, 'includeThoughts', path),
    extra,
  });
}

/** Members that are undefined are left out, so that what was decoded reads as what was sent. */
function without<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
