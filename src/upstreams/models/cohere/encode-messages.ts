/** The conversation as Cohere's v2 chat has it. */

import type { AssistantPart, ChatMessage, ChatRequest, MediaPart, UserPart } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { type Dropped, refuse } from '../dropped.ts';
import type { ToolNames } from '../tool-names.ts';

export interface EncodedMessages {
  readonly messages: readonly JsonObject[];
  /** Texts that came as files: Cohere has them beside the conversation. */
  readonly documents: readonly JsonObject[];
}

interface Context {
  readonly names: ToolNames;
  readonly documents: JsonObject[];
  readonly dropped: Dropped;
}

export function encodeMessages({ messages }: ChatRequest, names: ToolNames, dropped: Dropped): EncodedMessages {
  const context: Context = { names, documents: [], dropped };
  const encoded = messages.flatMap((message, i) => encodeMessage(message, `messages[${i}]`, context));
  return { messages: encoded, documents: context.documents };
}

function encodeMessage(message: ChatMessage, path: string, context: Context): readonly JsonObject[] {
  const { dropped } = context;
  dropped.noteExtra(path, message);
  if (message.role === 'assistant') {
    dropped.note(`${path}.name`, message.name);
    return encodeAssistant(message.parts, path, context);
  }
  if (message.role === 'tool') {
    dropped.note(`${path}.is_error`, message.isError || undefined);
    dropped.note(`${path}.cache_control`, message.cache);
    const content = textsOnly(message.parts, path, context);
    return [{ role: 'tool', tool_call_id: message.callId, content }];
  }
  dropped.note(`${path}.name`, message.name);
  const isSystem = message.role === 'system';
  const content = isSystem ? textsOnly(message.parts, path, context) : encodeUser(message.parts, path, context);
  return content.length === 0 ? [] : [{ role: isSystem ? 'system' : 'user', content }];
}

/** One text stays a text, and so does none. */
function plain(blocks: readonly JsonObject[]): string | readonly JsonObject[] {
  if (blocks.length === 0) return '';
  const [only] = blocks;
  return blocks.length === 1 && only?.type === 'text' && typeof only.text === 'string' ? only.text : blocks;
}

function encodeUser(parts: readonly UserPart[], path: string, context: Context): string | readonly JsonObject[] {
  const blocks = parts.flatMap((part, i) => {
    const at = `${path}.content[${i}]`;
    const { dropped } = context;
    if (part.type === 'foreign') return foreignBlock(part, at, dropped);
    dropped.note(`${at}.cache_control`, part.cache);
    dropped.noteExtra(at, part);
    return part.type === 'text' ? [{ type: 'text', text: part.text }] : encodeMedia(part, at, context);
  });
  return plain(blocks);
}

function textsOnly(parts: readonly UserPart[], path: string, { dropped }: Context): string | readonly JsonObject[] {
  const blocks = parts.flatMap((part, i) => {
    const at = `${path}.content[${i}]`;
    if (part.type === 'foreign') return foreignBlock(part, at, dropped);
    if (part.type !== 'text') refuse(at, `Cohere takes no ${part.type} here, text only`);
    dropped.note(`${at}.cache_control`, part.cache);
    dropped.noteExtra(at, part);
    return [{ type: 'text', text: part.text }];
  });
  return plain(blocks);
}

function foreignBlock(
  part: Extract<UserPart, { type: 'foreign' }>,
  path: string,
  dropped: Dropped,
): readonly JsonObject[] {
  if (part.dialect === 'cohere') return [part.value];
  dropped.note(path);
  return [];
}

function encodeMedia(part: MediaPart, path: string, { documents }: Context): readonly JsonObject[] {
  const { type, source } = part;
  if (source.type === 'file') refuse(path, 'a file kept at another provider means nothing to Cohere');
  if (type === 'image') {
    const url = source.type === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`;
    return [{ type: 'image_url', image_url: { url, ...(part.detail === undefined ? {} : { detail: part.detail }) } }];
  }
  if (type !== 'document') refuse(path, `Cohere takes no ${type}`);
  if (source.type === 'url' || !source.mediaType.startsWith('text/'))
    refuse(path, 'Cohere takes documents as text only, and none by URL');
  const text = Buffer.from(source.data, 'base64').toString('utf8');
  documents.push({ data: { ...(part.name === undefined ? {} : { title: part.name }), text } });
  return [];
}

/**
 * What a message with calls says in words is its `tool_plan`, as which Cohere's models say it themselves.
 * A message of nothing but what was left out is no message.
 */
function encodeAssistant(parts: readonly AssistantPart[], path: string, context: Context): readonly JsonObject[] {
  const { names, dropped } = context;
  const content: JsonObject[] = [];
  const calls: JsonObject[] = [];
  const plans: string[] = [];
  const hasCalls = parts.some(({ type }) => type === 'tool-call');
  for (const [i, part] of parts.entries()) {
    const at = `${path}.content[${i}]`;
    switch (part.type) {
      case 'tool-call': {
        if (part.custom === true) refuse(at, 'Cohere has no tools whose input is free text');
        dropped.note(`${at}.cache_control`, part.cache);
        dropped.note(`${at}.signature`, part.signature);
        dropped.noteExtra(at, part);
        const name = names.toWire(part.name, part.namespace);
        const written = part.arguments.trim() === '' ? '{}' : part.arguments;
        calls.push({ id: part.id, type: 'function', function: { name, arguments: written } });
        break;
      }
      case 'reasoning':
        dropped.noteExtra(at, part);
        // Sealed or signed by somebody else: good there only.
        if (part.sealed !== undefined || part.signature !== undefined) dropped.note(at);
        else content.push({ type: 'thinking', thinking: part.text });
        break;
      case 'text':
      case 'refusal':
        if (part.type === 'text') dropped.note(`${at}.cache_control`, part.cache);
        dropped.noteExtra(at, part);
        if (hasCalls) plans.push(part.text);
        else content.push({ type: 'text', text: part.text });
        break;
      case 'foreign':
        content.push(...foreignBlock(part, at, dropped));
        break;
      default:
        refuse(at, `Cohere takes no ${part.type} in the model's own turn`);
    }
  }
  const message = {
    ...{ role: 'assistant' },
    ...(content.length === 0 ? {} : { content }),
    ...(plans.length === 0 ? {} : { tool_plan: plans.join('\n') }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  return Object.keys(message).length === 1 ? [] : [message];
}
