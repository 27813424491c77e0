/** From the neutral chat to the body of Converse: the members around the conversation. What becomes of each: see the docs. */

import type { ChatRequest, OutputFormat } from '../../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import type { InjectedTools } from '../../../contracts/models.ts';
import { createDropped, type Dropped, refuse } from '../dropped.ts';
import { createToolNames, type ToolNames } from '../tool-names.ts';
import { encodeMessages } from './encode-messages.ts';
import { encodeToolConfig, isWithTools, TOOL_NAME_RULES } from './encode-tools.ts';
import { thinkingOf } from './thinking.ts';

export interface EncodedConverse {
  /** Members of the body that CountTokens knows too. */
  readonly counted: JsonText;
  readonly body: JsonText;
  readonly names: ToolNames;
  readonly dropped: readonly string[];
}

/** Members of Converse itself that a client may send beside those of its own dialect. */
const OWN_MEMBERS = [
  'guardrailConfig',
  'additionalModelResponseFieldPaths',
  'promptVariables',
  'performanceConfig',
] as const;
const KEPT: ReadonlySet<string> = new Set([...OWN_MEMBERS, 'additionalModelRequestFields']);

/** Throws ProviderFailure `unsupported` that names the member. */
export function encodeConverse(chat: ChatRequest, model: string, injected: InjectedTools | undefined): EncodedConverse {
  const dropped = createDropped();
  const names = createToolNames(TOOL_NAME_RULES);
  const hasTools = isWithTools(chat, injected);
  const toolConfig = hasTools ? encodeToolConfig(chat, injected, names, dropped) : undefined;
  const { system, messages } = encodeMessages(chat, names, toolConfig !== undefined, dropped);
  noteUnsaid(chat, dropped);
  const thinking =
    chat.reasoning === undefined ? undefined : thinkingOf(chat.reasoning, model, chat.maxOutputTokens, dropped);
  const fields = {
    ...topK(chat.topK, model, dropped),
    ...thinking?.fields,
    ...(chat.extra?.additionalModelRequestFields as JsonObject | undefined),
  };
  const counted = join([
    member('messages', messages),
    system.length === 0 ? '' : member('system', system),
    toolConfig === undefined ? '' : `"toolConfig":${toolConfig}`,
    Object.keys(fields).length === 0 ? '' : member('additionalModelRequestFields', fields),
  ]);
  const rest = join([
    member('inferenceConfig', inferenceConfig(chat)),
    member('outputConfig', outputConfig(chat.output, thinking?.effort)),
    member('serviceTier', serviceTier(chat.serviceTier, dropped)),
    member('requestMetadata', requestMetadata(chat, dropped)),
    ...OWN_MEMBERS.map((name) => member(name, chat.extra?.[name])),
  ]);
  return { counted: `{${counted}}`, body: `{${join([counted, rest])}}`, names, dropped: dropped.paths };
}

const join = (members: readonly string[]): string => members.filter((each) => each !== '').join(',');

function member(name: string, value: unknown): string {
  return value === undefined ? '' : `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}

/** What Bedrock takes as names and values of labels; another character makes it refuse the request. */
const LABEL = /^[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}$/;
const MAX_LABELS = 16;

/** Labels of the request, which Bedrock writes into its own logs. */
function requestMetadata({ metadata = {} }: ChatRequest, dropped: Dropped): JsonObject | undefined {
  const labels = Object.entries(metadata);
  if (labels.length === 0) return undefined;
  const isFit =
    labels.length <= MAX_LABELS &&
    labels.every(([name, value]) => name !== '' && LABEL.test(name) && LABEL.test(value));
  if (isFit) return metadata;
  dropped.note('metadata');
  return undefined;
}

function noteUnsaid(chat: ChatRequest, dropped: Dropped): void {
  if (chat.choices !== undefined && chat.choices !== 1) refuse('n', 'Bedrock gives one answer');
  dropped.note('parallel_tool_calls', chat.parallelToolCalls === false && chat.tools.length > 0 ? false : undefined);
  dropped.note('seed', chat.seed);
  dropped.note('frequency_penalty', chat.frequencyPenalty || undefined);
  dropped.note('presence_penalty', chat.presencePenalty || undefined);
  dropped.note('logprobs', chat.logprobs);
  dropped.note('verbosity', chat.verbosity);
  dropped.note('user', chat.user);
  dropped.noteExtra('', chat, KEPT);
}

function inferenceConfig(chat: ChatRequest): JsonObject | undefined {
  const config = {
    ...(chat.maxOutputTokens === undefined ? {} : { maxTokens: chat.maxOutputTokens }),
    ...(chat.temperature === undefined ? {} : { temperature: chat.temperature }),
    ...(chat.topP === undefined ? {} : { topP: chat.topP }),
    ...(chat.stop === undefined || chat.stop.length === 0 ? {} : { stopSequences: chat.stop }),
  };
  return Object.keys(config).length === 0 ? undefined : config;
}

/** Converse has no word for it; two families of models take it among their own fields. */
function topK(value: number | undefined, model: string, dropped: Dropped): JsonObject {
  if (value === undefined) return {};
  if (/anthropic|claude/i.test(model)) return { top_k: value };
  if (/amazon\.nova/i.test(model)) return { inferenceConfig: { topK: value } };
  dropped.note('top_k');
  return {};
}

function outputConfig(output: OutputFormat | undefined, effort: string | undefined): JsonObject | undefined {
  if (output?.type === 'json') refuse('response_format', 'Bedrock has no JSON without a schema; send a JSON schema');
  const jsonSchema = output?.type === 'json-schema' && {
    schema: JSON.stringify(output.schema),
    ...(output.name === undefined ? {} : { name: output.name }),
    ...(output.description === undefined ? {} : { description: output.description }),
  };
  const config = {
    ...(jsonSchema ? { textFormat: { type: 'json_schema', structure: { jsonSchema } } } : {}),
    ...(effort === undefined ? {} : { effort }),
  };
  return Object.keys(config).length === 0 ? undefined : config;
}

const TIERS: ReadonlySet<string> = new Set(['default', 'flex', 'priority', 'reserved']);

function serviceTier(tier: string | undefined, dropped: Dropped): JsonObject | undefined {
  if (tier === undefined || tier === 'auto') return undefined;
  if (TIERS.has(tier)) return { type: tier };
  dropped.note('service_tier');
  return undefined;
}
