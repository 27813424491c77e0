/** From the neutral request to one of Responses. */

import type { ChatRequest, OutputFormat, ReasoningWish } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { createDropped, refuse } from '../dropped.ts';
import { createToolNames, type ToolNames } from '../tool-names.ts';
import { encodeInput, type InputContext } from './encode-input.ts';
import { encodeToolChoice, encodeTools } from './encode-tools.ts';

export interface EncodedRequest {
  readonly body: JsonObject;
  /** Members that could not be said. */
  readonly dropped: readonly string[];
  /** What the tools are called there, and back. */
  readonly names: ToolNames;
}

const LOGPROBS = 'message.output_text.logprobs';
const ENCRYPTED = 'reasoning.encrypted_content';

/** Throws ProviderFailure `unsupported`. */
export function encodeRequest(request: ChatRequest, model: string): EncodedRequest {
  const isOwn = request.dialect === 'openai-responses';
  const names = createToolNames({ character: /^[a-zA-Z0-9_-]$/, maxChars: 64 });
  const dropped = createDropped();
  const context: InputContext = { names, dropped, isOwn };
  requireSayable(request);
  for (const member of ['topK', 'seed', 'frequencyPenalty', 'presencePenalty'] as const)
    dropped.note(member, request[member]);
  if (!isOwn) dropped.noteExtra('', request);
  const { include, text, reasoning: _, ...extra } = isOwn ? (request.extra ?? {}) : {};
  const { instructions, items } = encodeInput(request, context);
  const tools = encodeTools(request, context);
  const wanted = includeOf(request, include, isOwn);
  return {
    body: compact({
      model,
      instructions,
      input: items,
      tools: tools.length > 0 ? tools : undefined,
      tool_choice: encodeToolChoice(request.toolChoice, request.tools, context),
      parallel_tool_calls: request.parallelToolCalls,
      max_output_tokens: request.maxOutputTokens,
      temperature: request.temperature,
      top_p: request.topP,
      top_logprobs: request.logprobs,
      include: wanted.length > 0 ? wanted : undefined,
      text: encodeText(request, text),
      reasoning: encodeReasoning(request.reasoning, context),
      user: request.user,
      metadata: request.metadata,
      service_tier: request.serviceTier,
      // Who does not speak Responses has not asked that anything be kept.
      store: isOwn ? undefined : false,
      stream: request.stream || undefined,
      ...extra,
    }),
    dropped: dropped.paths,
    names,
  };
}

function requireSayable({ stop, choices }: ChatRequest): void {
  if (stop !== undefined && stop.length > 0) refuse('stop', 'the Responses API knows no stop sequences');
  if (choices !== undefined && choices > 1) refuse('choices', 'the Responses API gives one answer');
}

function includeOf({ logprobs, reasoning }: ChatRequest, given: unknown, isOwn: boolean): readonly unknown[] {
  const include: unknown[] = Array.isArray(given) ? [...given] : [];
  if (logprobs !== undefined) include.push(LOGPROBS);
  // Nothing is kept there, so that the thoughts have to travel.
  if (!isOwn && reasoning?.enabled === true) include.push(ENCRYPTED);
  return include;
}

function encodeText({ output, verbosity }: ChatRequest, extra: unknown): JsonObject | undefined {
  const text = { ...compact({ format: output && encodeFormat(output), verbosity }), ...(extra as JsonObject) };
  return Object.keys(text).length > 0 ? text : undefined;
}

function encodeFormat(output: OutputFormat): JsonObject {
  switch (output.type) {
    case 'text':
      return { type: 'text' };
    case 'json':
      return { type: 'json_object' };
    case 'json-schema': {
      const { description, schema, strict } = output;
      return compact({ type: 'json_schema', name: output.name ?? 'answer', description, schema, strict });
    }
  }
}

function encodeReasoning(wish: ReasoningWish | undefined, { isOwn, dropped }: InputContext): JsonObject | undefined {
  if (wish === undefined) return undefined;
  if (!isOwn) dropped.noteExtra('reasoning', wish);
  const { enabled, effort, budgetTokens, adaptive, show } = wish;
  return compact({
    effort: enabled ? (effort ?? (adaptive ? undefined : effortOf(budgetTokens))) : 'none',
    summary: show === true ? 'auto' : show === false ? undefined : show,
    ...(isOwn ? wish.extra : {}),
  });
}

/** Tokens in words: up to 4 Ki is little, up to 16 Ki the usual. */
function effortOf(budgetTokens: number | undefined): string | undefined {
  if (budgetTokens === undefined) return undefined;
  return budgetTokens <= 4_096 ? 'low' : budgetTokens <= 16_384 ? 'medium' : 'high';
}

function compact(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
