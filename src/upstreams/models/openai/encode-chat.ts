/** A neutral chat as a chat completions request. */

import { hash } from 'node:crypto';
import type { ChatRequest, OutputFormat } from '../../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import type { InjectedTools } from '../../../contracts/models.ts';
import type { ProviderQuirks } from '../../../contracts/models-config.ts';
import { withMembers } from '../../../lib/json-text.ts';
import { createToolNames, type ToolNames } from '../tool-names.ts';
import { encodeMessages, extraOf, type MessageRules } from './encode-messages.ts';
import { encodeTools } from './encode-tools.ts';
import { injectFragment, withTools } from './inject-fragment.ts';
import { applyQuirks } from './patch-chat.ts';

/** What is known of a provider of this wire. */
export interface ChatHabits {
  /** OpenAI's own models: everything its documentation has. */
  readonly isOpenai: boolean;
  /** A vendor we have a row for; nothing but what everybody takes is said to the others. */
  readonly isKnown: boolean;
  readonly quirks: ProviderQuirks;
}

export interface EncodeOptions {
  readonly model: string;
  readonly stream: boolean;
  readonly injected: InjectedTools | undefined;
  readonly habits: ChatHabits;
}

export interface EncodedChat {
  readonly text: JsonText;
  /** Members the dialect, or this vendor, has no word for. */
  readonly dropped: readonly string[];
  /** To read the answer with. */
  readonly names: ToolNames;
}

/** Members that Responses shares with chat completions, and the neutral form has no word for. */
const SHARED: readonly string[] = ['prompt_cache_key', 'prompt_cache_retention', 'safety_identifier'];
const NAME_RULES = { character: /[a-zA-Z0-9_-]/, maxChars: 64 };

/** Throws ProviderFailure `unsupported` where leaving something out would change what the answer means. */
export function encodeChat(request: ChatRequest, { model, stream, injected, habits }: EncodeOptions): EncodedChat {
  const { isOpenai, quirks } = habits;
  const names = createToolNames(NAME_RULES);
  const dropped = new Set<string>();
  const keepsExtra = request.dialect === 'openai-chat';
  const takes = quirks.takes ?? [];
  const rules: MessageRules = { names, takes, joinsText: !isOpenai, keepsExtra, dropped };
  const fragment = injectFragment(injected);
  const tools = encodeTools(request, { names, keepsExtra, dropped, allowsTools: isOpenai }, fragment !== '');
  const body: JsonObject = {
    model,
    messages: encodeMessages(request.messages, rules),
    ...tools,
    ...encodeSettings(request, habits, dropped),
    ...encodeExtra(request, habits, dropped),
    ...(stream ? { stream: true } : {}),
    ...(stream && quirks.streamUsage ? { stream_options: { include_usage: true } } : {}),
  };
  const changes: { [member: string]: string | undefined } = {};
  if (fragment !== '')
    changes.tools = withTools(tools.tools === undefined ? undefined : JSON.stringify(tools.tools), fragment);
  for (const member of applyQuirks(
    (name) => body[name],
    (name) => JSON.stringify(body[name]),
    quirks,
    changes,
  ))
    dropped.add(member);
  const text = JSON.stringify(body);
  return { text: Object.keys(changes).length === 0 ? text : withMembers(text, changes), dropped: [...dropped], names };
}

function encodeSettings(request: ChatRequest, habits: ChatHabits, dropped: Set<string>): JsonObject {
  const { isOpenai, isKnown, quirks } = habits;
  const isOwn = request.dialect === 'openai-chat';
  /** Where only some take it: to those, and named as left out otherwise. */
  const ifTaken = (member: string, value: unknown, isTaken: boolean): JsonObject => {
    if (value === undefined) return {};
    if (!isTaken && quirks.takes?.includes(member) !== true) {
      dropped.add(member);
      return {};
    }
    return { [member]: value };
  };
  const isSibling = isOwn || request.dialect === 'openai-responses';
  return {
    [isKnown ? 'max_completion_tokens' : 'max_tokens']: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    ...ifTaken('top_k', request.topK, false),
    stop: request.stop === undefined || request.stop.length === 0 ? undefined : request.stop,
    seed: request.seed,
    frequency_penalty: request.frequencyPenalty,
    presence_penalty: request.presencePenalty,
    n: request.choices,
    ...(request.logprobs === undefined ? {} : encodeLogprobs(request.logprobs)),
    response_format: request.output && encodeFormat(request.output),
    ...ifTaken('verbosity', request.verbosity, isOpenai),
    ...encodeReasoning(request, habits, dropped),
    user: request.user === undefined ? undefined : userOf(request.user),
    // Only with `store`, which is the client's own affair.
    ...ifTaken('metadata', request.metadata, isOwn),
    ...ifTaken('service_tier', request.serviceTier, isSibling),
  };
}

function encodeLogprobs(alternatives: number): JsonObject {
  return { logprobs: true, ...(alternatives > 0 ? { top_logprobs: alternatives } : {}) };
}

const MAX_USER_CHARS = 64;

/** Longer ones are refused; a hash tells users apart just as well. */
function userOf(user: string): string {
  return user.length <= MAX_USER_CHARS ? user : hash('sha256', user, 'hex');
}

function encodeFormat(output: OutputFormat): JsonObject {
  if (output.type === 'text') return { type: 'text' };
  if (output.type === 'json') return { type: 'json_object' };
  const { name = 'answer', description, schema, strict } = output;
  return { type: 'json_schema', json_schema: { name, description, schema, strict } };
}

/** Token budgets as words. */
function effortOf(budgetTokens: number): string {
  if (budgetTokens <= 2_048) return 'low';
  return budgetTokens <= 12_288 ? 'medium' : 'high';
}

function encodeReasoning(
  { reasoning, dialect }: ChatRequest,
  { isOpenai, quirks }: ChatHabits,
  dropped: Set<string>,
): JsonObject {
  if (reasoning === undefined) return {};
  const isSibling = dialect === 'openai-chat' || dialect === 'openai-responses';
  if (!reasoning.enabled) {
    // Elsewhere it says no more than the default does; here models that do not think refuse the word.
    if (isSibling) return { reasoning_effort: 'none' };
    dropped.add('reasoning');
    return {};
  }
  if (reasoning.show !== undefined && reasoning.show !== false) dropped.add('reasoning.show');
  if (reasoning.adaptive === true) dropped.add('reasoning.adaptive');
  if (reasoning.budgetTokens !== undefined) dropped.add('reasoning.budget_tokens');
  for (const member of Object.keys(reasoning.extra ?? {})) dropped.add(`reasoning.${member}`);
  const { effort, budgetTokens } = reasoning;
  const said = effort ?? (budgetTokens === undefined ? undefined : effortOf(budgetTokens));
  if (said === undefined) return {};
  const knowsMore = isSibling || quirks.takes?.includes('xhigh') === true;
  if (said === 'max' && !knowsMore) return { reasoning_effort: isOpenai ? 'xhigh' : 'high' };
  return { reasoning_effort: said === 'xhigh' && !isOpenai && !knowsMore ? 'high' : said };
}

function encodeExtra({ extra, dialect }: ChatRequest, { isOpenai }: ChatHabits, dropped: Set<string>): JsonObject {
  if (extra === undefined || dialect === 'openai-chat') return extra ?? {};
  const kept: { [member: string]: unknown } = {};
  const rest: { [member: string]: unknown } = {};
  for (const [member, value] of Object.entries(extra))
    (isOpenai && dialect === 'openai-responses' && SHARED.includes(member) ? kept : rest)[member] = value;
  extraOf(rest, '', { keepsExtra: false, dropped });
  return kept;
}
