/** From the neutral request to `generateContent`'s body; what Gemini cannot say is refused or named in `dropped`. */

import type { ChatRequest, OutputFormat } from '../../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import type { InjectedTools } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { createToolNames, type ToolNames } from '../tool-names.ts';
import { type EncodeContext, encodeMessages } from './encode-messages.ts';
import { encodeThinking } from './encode-thinking.ts';
import { encodeToolChoice, encodeTools, GEMINI_NAMES } from './encode-tools.ts';
import { habitsOf } from './habits.ts';

export interface EncodedRequest {
  readonly body: JsonText;
  readonly names: ToolNames;
  /** Wire names of custom tools, whose input is text. */
  readonly custom: ReadonlySet<string>;
  readonly dropped: readonly string[];
}

export interface EncodeOptions {
  /** As the provider names it. */
  readonly model: string;
  readonly isVertex: boolean;
  readonly injected: InjectedTools | undefined;
}

/** A long conversation could have a thousand marks; nobody reads more than these. */
const MAX_DROPPED = 32;

/** Throws ProviderFailure `unsupported`, `invalid-request`. */
export function encodeRequest(request: ChatRequest, { model, isVertex, injected }: EncodeOptions): EncodedRequest {
  const dropped = new Set<string>();
  const custom = new Set<string>();
  const context: EncodeContext = {
    ...{ isOwn: request.dialect === 'gemini', habits: habitsOf(model), isVertex },
    names: createToolNames(GEMINI_NAMES),
    drop: (path) => {
      if (dropped.size < MAX_DROPPED) dropped.add(path);
    },
  };
  // Declared names come first: of two that look alike the declared one keeps its own.
  const tools = encodeTools(request, injected, context, custom);
  const { systemInstruction, contents } = encodeMessages(request.messages, context);
  const generationConfig = encodeConfig(request, context);
  const { toolConfig: ownToolConfig, generationConfig: _, ...extra } = context.isOwn ? (request.extra ?? {}) : {};
  if (!context.isOwn) for (const key of Object.keys(request.extra ?? {})) context.drop(key);
  const calling = request.toolChoice === undefined ? undefined : encodeToolChoice(request.toolChoice, request, context);
  const toolConfig = mergeToolConfig(calling, isObject(ownToolConfig) ? ownToolConfig : undefined);
  const body = JSON.stringify({
    ...(systemInstruction === undefined ? {} : { systemInstruction }),
    contents,
    // Without a tool there is nothing to choose from, and Google says so with an error.
    ...(toolConfig === undefined || tools === undefined ? {} : { toolConfig }),
    ...(Object.keys(generationConfig).length === 0 ? {} : { generationConfig }),
    ...encodeTier(request, context),
    ...extra,
  });
  noteUnsaid(request, context);
  const whole = tools === undefined ? body : `${body.slice(0, -1)},"tools":${tools}}`;
  return { body: whole, names: context.names, custom, dropped: [...dropped] };
}

function mergeToolConfig(calling: JsonObject | undefined, own: JsonObject | undefined): JsonObject | undefined {
  if (calling === undefined) return own;
  const ownCalling = isObject(own?.functionCallingConfig) ? own.functionCallingConfig : {};
  return { ...own, functionCallingConfig: { ...ownCalling, ...calling } };
}

function encodeConfig(request: ChatRequest, context: EncodeContext): JsonObject {
  const own = context.isOwn && isObject(request.extra?.generationConfig) ? request.extra.generationConfig : {};
  const thinking = request.reasoning === undefined ? undefined : encodeThinking(request.reasoning, context);
  const config: { readonly [key: string]: unknown } = {
    maxOutputTokens: request.maxOutputTokens,
    temperature: request.temperature,
    topP: request.topP,
    topK: request.topK,
    stopSequences: request.stop === undefined || request.stop.length === 0 ? undefined : request.stop,
    seed: request.seed,
    frequencyPenalty: request.frequencyPenalty,
    presencePenalty: request.presencePenalty,
    candidateCount: request.choices === 1 && !context.isOwn ? undefined : request.choices,
    responseLogprobs: request.logprobs === undefined ? undefined : true,
    logprobs: request.logprobs === 0 ? undefined : request.logprobs,
    ...(request.output === undefined ? {} : encodeOutput(request.output, context)),
    thinkingConfig: thinking,
    ...own,
  };
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

function encodeOutput(output: OutputFormat, { drop }: EncodeContext): JsonObject {
  if (output.type === 'text') return { responseMimeType: 'text/plain' };
  if (output.type === 'json') return { responseMimeType: 'application/json' };
  if (output.description !== undefined) drop('output.description');
  return { responseMimeType: 'application/json', responseJsonSchema: output.schema };
}

/** `auto`, `default` and `standard` are what everybody gets anyway. */
function encodeTier({ serviceTier }: ChatRequest, { isOwn, drop }: EncodeContext): JsonObject {
  if (serviceTier === undefined) return {};
  if (isOwn || serviceTier === 'flex' || serviceTier === 'priority') return { serviceTier };
  if (!['auto', 'default', 'standard', 'standard_only'].includes(serviceTier)) drop('service_tier');
  return {};
}

function noteUnsaid(request: ChatRequest, { drop }: EncodeContext): void {
  if (request.parallelToolCalls === false) drop('parallel_tool_calls');
  if (request.verbosity !== undefined) drop('verbosity');
  if (request.user !== undefined) drop('user');
  if (request.metadata !== undefined) drop('metadata');
}
