/** From the neutral request to the body of a Messages request. Also good for Claude elsewhere: see the options. */

import type { ChatRequest } from '../../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import type { InjectedTools } from '../../../contracts/models.ts';
import { readyJson, writeJson } from '../../../lib/write-json.ts';
import { type Encoding, encodeExtra, unsupported } from './encode-parts.ts';
import { encodeReasoning } from './encode-reasoning.ts';
import { encodeTools, renderInjected } from './encode-tools.ts';
import { encodeTurns } from './encode-turns.ts';
import { traitsOf } from './model-traits.ts';
import { createWireNames, type WireNames } from './wire-names.ts';

export interface EncodeOptions {
  /** As the provider names it: decides what may be said. */
  readonly model: string;
  /** `model` stands in the body. False on Vertex and Bedrock, where it stands in the URL. */
  readonly modelInBody: boolean;
  /** `stream` stands in the body. False where the URL says so. */
  readonly streamInBody: boolean;
  /** Only to count its tokens: nothing about the answer. */
  readonly countOnly: boolean;
  readonly injected: InjectedTools | undefined;
  /** Members besides, `anthropic_version` for instance. */
  readonly members?: JsonObject | undefined;
}

export interface EncodedMessages {
  readonly body: JsonText;
  /** For reading the answer. */
  readonly names: WireNames;
  /** What was left out, as paths. */
  readonly dropped: readonly string[];
}

const JSON_ONLY = 'Answer with one JSON object and nothing else: no words around it, no code fence.';

/** Throws ProviderFailure `unsupported` for what cannot be said and must not be left out. */
export function encodeMessages(request: ChatRequest, options: EncodeOptions): EncodedMessages {
  const traits = traitsOf(options.model);
  const encoding: Encoding = {
    ...{ isOwn: request.dialect === 'anthropic', dropped: [], names: createWireNames() },
  };
  const { dropped } = encoding;
  refuse(request, traits.schemas);
  const { injected } = options;
  const { tools, tool_choice } = encodeTools(encoding, request, injected !== undefined);
  // After the tools: what they are called must not depend on what was said.
  const turns = encodeTurns(encoding, request.messages);
  const reasoning = encodeReasoning(encoding, request, traits);
  const { output_config: configExtra, ...extra } = encodeExtra(encoding, request.extra, '');
  const format =
    request.output?.type === 'json-schema' ? { format: { type: 'json_schema', schema: request.output.schema } } : {};
  const config = { ...reasoning.output_config, ...format, ...(configExtra as JsonObject | undefined) };
  const system = request.output?.type === 'json' ? [...turns.system, { type: 'text', text: JSON_ONLY }] : turns.system;
  const body = {
    ...options.members,
    ...(options.modelInBody ? { model: options.model } : {}),
    ...(options.countOnly ? {} : { max_tokens: reasoning.max_tokens }),
    ...(system.length === 0 ? {} : { system }),
    messages: turns.messages,
    ...withTools(tools, injected),
    ...(tool_choice === undefined ? {} : { tool_choice }),
    ...(reasoning.thinking === undefined ? {} : { thinking: reasoning.thinking }),
    ...(Object.keys(config).length === 0 ? {} : { output_config: config }),
    ...(options.countOnly ? {} : encodeSampling(encoding, request, traits.sampling, reasoning.thinks)),
    ...(options.countOnly ? {} : encodeAccount(encoding, request)),
    ...(options.streamInBody && !options.countOnly && request.stream ? { stream: true } : {}),
    ...extra,
  };
  return { body: writeJson(body), names: encoding.names, dropped };
}

function withTools(tools: readonly JsonObject[], injected: InjectedTools | undefined): JsonObject {
  const ours = injected === undefined ? '' : injected.fragment('anthropic', renderInjected);
  if (ours === '') return tools.length === 0 ? {} : { tools };
  return { tools: readyJson(`[${[...tools.map((tool) => writeJson(tool)), ours].join(',')}]`) };
}

/** Without these the answer would be another one, or have another shape, and nobody would notice. */
function refuse({ choices, logprobs, output }: ChatRequest, schemas: boolean): void {
  if (choices !== undefined && choices > 1) throw unsupported('n', 'this provider gives one answer');
  if (logprobs !== undefined) throw unsupported('logprobs', 'this provider does not tell them');
  if (output?.type === 'json-schema' && !schemas)
    throw unsupported('response_format', 'this model cannot be held to a JSON Schema');
}

function encodeSampling(
  { dropped }: Encoding,
  request: ChatRequest,
  sampling: 'both' | 'one' | 'none',
  thinks: boolean,
): JsonObject {
  const { temperature, topP, topK, stop } = request;
  const members: { [name: string]: unknown } = {};
  // 1 is the most there is, and what is taken where nothing is said. A model that thinks takes nothing else.
  if (temperature !== undefined) {
    if (sampling === 'none' || thinks || temperature > 1) {
      if (temperature !== 1) dropped.push('temperature');
    } else members.temperature = temperature;
  }
  if (topP !== undefined) {
    if (sampling === 'none' || (thinks && topP < 0.95) || (sampling === 'one' && members.temperature !== undefined))
      dropped.push('top_p');
    else members.top_p = topP;
  }
  if (topK !== undefined) {
    if (sampling === 'none' || thinks) dropped.push('top_k');
    else members.top_k = topK;
  }
  // White space alone is refused as a stop sequence.
  const sequences = stop?.filter((each) => each.trim() !== '');
  if (sequences !== undefined && sequences.length < (stop?.length ?? 0)) dropped.push('stop');
  if (sequences !== undefined && sequences.length > 0) members.stop_sequences = sequences;
  if (request.seed !== undefined) dropped.push('seed');
  if (request.frequencyPenalty !== undefined && request.frequencyPenalty !== 0) dropped.push('frequency_penalty');
  if (request.presencePenalty !== undefined && request.presencePenalty !== 0) dropped.push('presence_penalty');
  if (request.verbosity !== undefined) dropped.push('verbosity');
  return members;
}

function encodeAccount({ dropped }: Encoding, { user, metadata, serviceTier }: ChatRequest): JsonObject {
  if (metadata !== undefined && Object.keys(metadata).length > 0) dropped.push('metadata');
  const tier = serviceTier === 'default' ? 'standard_only' : serviceTier === 'auto' ? 'auto' : undefined;
  if (serviceTier !== undefined && tier === undefined) dropped.push('service_tier');
  return {
    ...(user === undefined ? {} : { metadata: { user_id: user } }),
    ...(tier === undefined ? {} : { service_tier: tier }),
  };
}
