/** Messages of a chat completions request, of all roles and ages. */

import type { AssistantPart, ChatMessage, ReasoningPart, ToolCallPart } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { decodeContent, readCache, requireText } from './decode-parts.ts';
import { compact, optional, readList, readObject, readString, restOf, wrong } from './read-members.ts';

const PLAIN: ReadonlySet<string> = new Set(['role', 'content', 'name']);
const TOOL: ReadonlySet<string> = new Set(['role', 'content', 'name', 'tool_call_id', 'cache_control']);
/** What answers say besides and clients send back: of no use to any model. */
const ANSWERED = ['annotations', 'function_call', 'images', 'parsed'];
const ASSISTANT: ReadonlySet<string> = new Set([
  ...['role', 'content', 'name', 'refusal', 'tool_calls', 'reasoning_content', 'reasoning', 'reasoning_details'],
  ...ANSWERED,
]);
const CALL: ReadonlySet<string> = new Set(['id', 'type', 'function', 'custom', 'extra_content', 'index', 'parsed']);

/** Throws GatewayError `invalid_params` that names the message. */
export function decodeMessages(value: unknown): readonly ChatMessage[] {
  /** Calls so far, so that results know what they are results of. */
  const calls = new Map<string, ToolCallPart>();
  const messages = readList(value, 'messages');
  if (messages.length === 0) throw wrong('messages', 'must not be empty');
  return messages.map((message, i) => {
    const path = `messages[${i}]`;
    return decodeMessage(readObject(message, path), path, i, calls);
  });
}

function decodeMessage(message: JsonObject, path: string, i: number, calls: Map<string, ToolCallPart>): ChatMessage {
  const name = optional(message.name, `${path}.name`, readString);
  const at = `${path}.content`;
  switch (message.role) {
    case 'system':
    case 'developer': {
      const voice = message.role === 'developer' ? ('developer' as const) : undefined;
      const parts = requireText(decodeContent(message.content, at), at);
      return compact({ role: 'system', voice, parts, name, extra: restOf(message, PLAIN) });
    }
    case 'user':
      return compact({ role: 'user', parts: decodeContent(message.content, at), name, extra: restOf(message, PLAIN) });
    case 'assistant': {
      const parts = decodeAssistant(message, path, i);
      for (const part of parts) if (part.type === 'tool-call') calls.set(part.id, part);
      return compact({ role: 'assistant', parts, name, extra: restOf(message, ASSISTANT) });
    }
    case 'tool': {
      const callId = readString(message.tool_call_id, `${path}.tool_call_id`);
      const call = calls.get(callId);
      return compact({
        ...{ role: 'tool', callId, name: name ?? call?.name, parts: decodeContent(message.content, at) },
        ...{ custom: call?.custom, cache: readCache(message, path), extra: restOf(message, TOOL) },
      });
    }
    case 'function': {
      // Of old, results were found by the function's name.
      const call = [...calls.values()].findLast((each) => each.name === name);
      const parts = requireText(decodeContent(message.content, at), at);
      return compact({ role: 'tool', callId: call?.id ?? legacyId(i), name, parts });
    }
    default:
      throw wrong(`${path}.role`, 'must be one of system, developer, user, assistant, tool, function');
  }
}

const legacyId = (i: number): string => `call_message${i}`;

function decodeAssistant(message: JsonObject, path: string, i: number): readonly AssistantPart[] {
  const parts: AssistantPart[] = [...decodeReasoning(message, path)];
  if (Array.isArray(message.content)) {
    for (const [at, value] of message.content.entries()) {
      const here = `${path}.content[${at}]`;
      const part = readObject(value, here);
      if (part.type === 'refusal') parts.push({ type: 'refusal', text: readString(part.refusal, `${here}.refusal`) });
      else parts.push(...decodeContent([part], here));
    }
  } else if (message.content !== '') parts.push(...decodeContent(message.content, `${path}.content`));
  const refusal = optional(message.refusal, `${path}.refusal`, readString);
  if (refusal !== undefined && refusal !== '') parts.push({ type: 'refusal', text: refusal });
  const calls = optional(message.tool_calls, `${path}.tool_calls`, readList) ?? [];
  for (const [at, call] of calls.entries()) {
    const here = `${path}.tool_calls[${at}]`;
    parts.push(decodeCall(readObject(call, here), here));
  }
  const legacy = optional(message.function_call, `${path}.function_call`, readObject);
  if (legacy !== undefined) parts.push(decodeCall({ id: legacyId(i), function: legacy }, `${path}.function_call`));
  return parts;
}

/** `reasoning_details` as OpenRouter has them, and as we write them where a signature has to come back; else the text. */
function decodeReasoning(message: JsonObject, path: string): readonly ReasoningPart[] {
  const details = Array.isArray(message.reasoning_details) ? message.reasoning_details.filter(isObject) : [];
  const parts = details.flatMap((detail): readonly ReasoningPart[] => {
    if (detail.type === 'reasoning.encrypted' && typeof detail.data === 'string')
      return [{ type: 'reasoning', text: '', sealed: detail.data }];
    const text = detail.text ?? detail.summary;
    if (typeof text !== 'string') return [];
    const signature = typeof detail.signature === 'string' ? detail.signature : undefined;
    return [compact({ type: 'reasoning', text, signature })];
  });
  if (parts.length > 0) return parts;
  const text =
    optional(message.reasoning_content, `${path}.reasoning_content`, readString) ??
    (typeof message.reasoning === 'string' ? message.reasoning : '');
  return text === '' ? [] : [{ type: 'reasoning', text }];
}

function decodeCall(call: JsonObject, path: string): ToolCallPart {
  const id = readString(call.id, `${path}.id`);
  optional(call.type, `${path}.type`, readString);
  const extra = restOf(call, CALL);
  if (call.type === 'custom' || (call.function === undefined && call.custom !== undefined)) {
    const { name, input } = readObject(call.custom, `${path}.custom`);
    return compact({
      ...{ type: 'tool-call', id, name: readString(name, `${path}.custom.name`) },
      ...{ arguments: readString(input, `${path}.custom.input`), custom: true as const, extra },
    });
  }
  const { name, arguments: text } = readObject(call.function, `${path}.function`);
  return compact({
    ...{ type: 'tool-call', id, name: readString(name, `${path}.function.name`) },
    arguments: isObject(text) ? JSON.stringify(text) : readString(text ?? '', `${path}.function.arguments`),
    ...{ signature: signatureOf(call), extra },
  });
}

/** Where Google's own compatible endpoint keeps `thoughtSignature`; clients send it back with the call. */
function signatureOf(call: JsonObject): string | undefined {
  const google = isObject(call.extra_content) ? call.extra_content.google : undefined;
  const signature = isObject(google) ? google.thought_signature : undefined;
  return typeof signature === 'string' ? signature : undefined;
}
