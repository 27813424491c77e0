/** From the neutral chat to the body of Cohere's v2 chat. What becomes of each member: see the docs. */

import type { ChatRequest, ChatTool, OutputFormat, ReasoningWish } from '../../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import type { InjectedTool, InjectedTools } from '../../../contracts/models.ts';
import { createDropped, type Dropped, refuse } from '../dropped.ts';
import { createToolNames, type ToolNames, type WireNameRules } from '../tool-names.ts';
import { encodeMessages } from './encode-messages.ts';

export interface EncodedChat {
  readonly body: JsonText;
  readonly names: ToolNames;
  readonly dropped: readonly string[];
}

/** Cohere: letters, digits and underscores, and no digit first. */
export const TOOL_NAME_RULES: WireNameRules = { character: /[a-zA-Z0-9_]/, first: /[a-zA-Z_]/, maxChars: 64 };

/** Members of Cohere's own that a client may send beside those of its dialect. */
const OWN_MEMBERS = ['safety_mode', 'citation_options', 'priority', 'strict_tools'] as const;
const KEPT: ReadonlySet<string> = new Set([...OWN_MEMBERS, 'documents']);

/** Throws ProviderFailure `unsupported` that names the member. */
export function encodeChat(chat: ChatRequest, model: string, injected: InjectedTools | undefined): EncodedChat {
  const dropped = createDropped();
  const names = createToolNames(TOOL_NAME_RULES);
  const tools = encodeTools(chat, injected, names, dropped);
  const { messages, documents } = encodeMessages(chat, names, dropped);
  noteUnsaid(chat, dropped);
  const given = Array.isArray(chat.extra?.documents) ? (chat.extra.documents as readonly unknown[]) : [];
  const all = [...given, ...documents];
  const body = JSON.stringify({
    model,
    messages,
    stream: chat.stream,
    documents: all.length === 0 ? undefined : all,
    tool_choice: tools === undefined ? undefined : choiceOf(chat),
    response_format: formatOf(chat.output),
    max_tokens: chat.maxOutputTokens,
    temperature: chat.temperature,
    p: chat.topP,
    k: chat.topK,
    stop_sequences: chat.stop?.length === 0 ? undefined : chat.stop,
    seed: chat.seed,
    frequency_penalty: chat.frequencyPenalty,
    presence_penalty: chat.presencePenalty,
    thinking: chat.reasoning === undefined ? undefined : thinkingOf(chat.reasoning, dropped),
    strict_tools: strictOf(chat.tools, dropped),
    ...Object.fromEntries(
      OWN_MEMBERS.flatMap((name) => (chat.extra?.[name] === undefined ? [] : [[name, chat.extra[name]]])),
    ),
  });
  const whole = tools === undefined ? body : `${body.slice(0, -1)},"tools":[${tools}]}`;
  return { body: whole, names, dropped: dropped.paths };
}

function noteUnsaid(chat: ChatRequest, dropped: Dropped): void {
  if (chat.choices !== undefined && chat.choices !== 1) refuse('n', 'Cohere gives one answer');
  dropped.note('parallel_tool_calls', chat.parallelToolCalls === false && chat.tools.length > 0 ? false : undefined);
  dropped.note('logprobs', chat.logprobs);
  dropped.note('verbosity', chat.verbosity);
  dropped.note('user', chat.user);
  dropped.note('metadata', chat.metadata);
  dropped.note('service_tier', chat.serviceTier === 'auto' ? undefined : chat.serviceTier);
  dropped.noteExtra('', chat, KEPT);
}

/** Cohere cannot be told which tool to call: it is shown that one only, and must call one. */
function shownNames({ toolChoice }: ChatRequest): ReadonlySet<string> | undefined {
  if (toolChoice?.type === 'tool') return new Set([toolChoice.name]);
  return toolChoice?.type === 'allowed' ? new Set(toolChoice.names) : undefined;
}

/** Undefined: there are none to show. */
function encodeTools(
  chat: ChatRequest,
  injected: InjectedTools | undefined,
  names: ToolNames,
  dropped: Dropped,
): JsonText | undefined {
  // First, so that they keep their names: one of the caller's that came out alike is told apart.
  for (const { name } of injected?.tools ?? []) names.toWire(name);
  const shown = shownNames(chat);
  const entries = chat.tools.flatMap((tool, i) => encodeTool(tool, `tools[${i}]`, shown, names, dropped));
  // Those of the gateway are not among the ones the caller allowed.
  if (injected !== undefined && injected.tools.length > 0 && shown === undefined)
    entries.push(injected.fragment('cohere', renderInjected));
  if (entries.length > 0) return entries.join(',');
  if (shown !== undefined || chat.toolChoice?.type === 'required')
    refuse('tool_choice', 'none of the tools it could mean can be offered on Cohere');
  return undefined;
}

function renderInjected(tools: readonly InjectedTool[]): JsonText {
  const names = createToolNames(TOOL_NAME_RULES);
  return tools
    .map(
      ({ name, description, parameters }) =>
        `{"type":"function","function":{"name":${JSON.stringify(names.toWire(name))},"description":${JSON.stringify(description)},"parameters":${parameters}}}`,
    )
    .join(',');
}

function encodeTool(
  tool: ChatTool,
  path: string,
  shown: ReadonlySet<string> | undefined,
  names: ToolNames,
  dropped: Dropped,
): readonly JsonText[] {
  if (shown !== undefined && !shown.has(tool.name)) return [];
  if (tool.type === 'custom') refuse(path, 'Cohere has no tools whose input is free text');
  if (tool.type === 'foreign') {
    if (tool.dialect === 'cohere') return [JSON.stringify(tool.value)];
    dropped.note(path);
    return [];
  }
  dropped.note(`${path}.defer_loading`, tool.deferred || undefined);
  dropped.note(`${path}.cache_control`, tool.cache);
  dropped.noteExtra(path, tool);
  const named = { name: names.toWire(tool.name, tool.namespace), description: tool.description };
  const parameters = tool.parameters ?? { type: 'object', properties: {} };
  return [JSON.stringify({ type: 'function', function: { ...named, parameters } })];
}

/** One word for all tools: said where all want it. */
function strictOf(tools: readonly ChatTool[], dropped: Dropped): true | undefined {
  const wanting = tools.flatMap((tool, i) => (tool.type === 'function' && tool.strict === true ? [i] : []));
  if (wanting.length === 0) return undefined;
  if (wanting.length === tools.length) return true;
  for (const i of wanting) dropped.note(`tools[${i}].strict`);
  return undefined;
}

function choiceOf({ toolChoice }: ChatRequest): 'REQUIRED' | 'NONE' | undefined {
  switch (toolChoice?.type) {
    case undefined:
    case 'auto':
      return undefined;
    case 'none':
      return 'NONE';
    case 'required':
    case 'tool':
      return 'REQUIRED';
    case 'allowed':
      return toolChoice.required ? 'REQUIRED' : undefined;
  }
}

function formatOf(output: OutputFormat | undefined): JsonObject | undefined {
  switch (output?.type) {
    case undefined:
    case 'text':
      return undefined;
    case 'json':
      return { type: 'json_object' };
    case 'json-schema':
      return { type: 'json_object', json_schema: output.schema };
  }
}

function thinkingOf(wish: ReasoningWish, dropped: Dropped): JsonObject {
  dropped.noteExtra('reasoning', wish);
  if (!wish.enabled) return { type: 'disabled' };
  dropped.note('reasoning.effort', wish.effort);
  return { type: 'enabled', ...(wish.budgetTokens === undefined ? {} : { token_budget: wish.budgetTokens }) };
}
