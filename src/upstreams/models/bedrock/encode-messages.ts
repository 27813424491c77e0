/** The conversation as Converse has it: system apart, user and assistant in turn, results of tools inside the user's turn. */

import type { AssistantPart, ChatMessage, ChatRequest, UserPart } from '../../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import { parseExactly } from '../../../lib/exact-numbers.ts';
import { isObject } from '../../../lib/is-object.ts';
import { type Dropped, refuse } from '../dropped.ts';
import { createToolNames, type ToolNames } from '../tool-names.ts';
import { cachePoint, encodeMedia } from './encode-media.ts';

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: JsonObject[];
}

export interface EncodedMessages {
  readonly system: readonly JsonObject[];
  readonly messages: readonly Turn[];
}

interface Context {
  readonly names: ToolNames;
  readonly ids: ToolNames;
  /** Converse refuses calls and results in a conversation where no tools are shown. */
  readonly hasTools: boolean;
  readonly documents: { count: number };
  readonly dropped: Dropped;
}

const ID_RULES = { character: /[a-zA-Z0-9_.:-]/, maxChars: 64 };

export function encodeMessages(
  { messages }: ChatRequest,
  names: ToolNames,
  hasTools: boolean,
  dropped: Dropped,
): EncodedMessages {
  const context: Context = { names, ids: createToolNames(ID_RULES), hasTools, documents: { count: 0 }, dropped };
  const system: JsonObject[] = [];
  const turns: Turn[] = [];
  for (const [i, message] of messages.entries()) {
    const path = `messages[${i}]`;
    dropped.noteExtra(path, message);
    if (message.role !== 'tool') dropped.note(`${path}.name`, message.name);
    const isLeading = message.role === 'system' && turns.length === 0;
    if (message.role === 'system' && !isLeading) dropped.note(`${path}.role`);
    const content = isLeading ? encodeSystem(message, path, context) : encodeContent(message, path, context);
    if (isLeading) system.push(...content);
    else if (content.length > 0) append(turns, message.role === 'assistant' ? 'assistant' : 'user', content);
  }
  return { system, messages: turns };
}

/** Two of the same side in a row are one turn. */
function append(turns: Turn[], role: Turn['role'], content: readonly JsonObject[]): void {
  const last = turns.at(-1);
  if (last?.role === role) last.content.push(...content);
  else turns.push({ role, content: [...content] });
}

function encodeSystem(message: ChatMessage, path: string, { dropped }: Context): readonly JsonObject[] {
  return message.parts.flatMap((part, i) => {
    const at = `${path}.content[${i}]`;
    if (part.type === 'foreign' && part.dialect === 'bedrock') return [part.value];
    if (part.type !== 'text') refuse(at, 'Bedrock takes text only as system prompt');
    dropped.noteExtra(at, part);
    return [...textBlock(part.text), ...cachePoint(part.cache)];
  });
}

function encodeContent(message: ChatMessage, path: string, context: Context): readonly JsonObject[] {
  if (message.role === 'assistant')
    return message.parts.flatMap((part, i) => encodeAssistant(part, `${path}.content[${i}]`, context));
  const parts = message.parts.flatMap((part, i) => encodeUser(part, `${path}.content[${i}]`, context));
  if (message.role !== 'tool') return parts;
  const { callId, isError, value, cache } = message;
  if (!context.hasTools) {
    // Without tools there is no block for it: what was said is kept, as text.
    context.dropped.note(`${path}.role`);
    return [{ text: `Result of the tool call ${callId}${isError === true ? ' (an error)' : ''}:` }, ...parts];
  }
  const toolResult = {
    toolUseId: context.ids.toWire(callId),
    content: value === undefined ? parts : [{ json: value }],
    ...(isError === undefined ? {} : { status: isError ? 'error' : 'success' }),
  };
  return [{ toolResult }, ...cachePoint(cache)];
}

/** Blank texts make Bedrock refuse the whole request. */
function textBlock(text: string): readonly JsonObject[] {
  return text.trim() === '' ? [] : [{ text }];
}

function encodeUser(part: UserPart, path: string, { documents, dropped }: Context): readonly JsonObject[] {
  if (part.type === 'foreign') return foreignBlock(part, path, dropped);
  if (part.type !== 'text') return [encodeMedia(part, path, documents, dropped), ...cachePoint(part.cache)];
  dropped.noteExtra(path, part);
  return [...textBlock(part.text), ...cachePoint(part.cache)];
}

function foreignBlock(
  part: Extract<UserPart, { type: 'foreign' }>,
  path: string,
  dropped: Dropped,
): readonly JsonObject[] {
  if (part.dialect === 'bedrock') return [part.value];
  dropped.note(path);
  return [];
}

function encodeAssistant(part: AssistantPart, path: string, context: Context): readonly JsonObject[] {
  const { names, ids, hasTools, dropped } = context;
  switch (part.type) {
    case 'reasoning':
      dropped.noteExtra(path, part);
      if (part.sealed !== undefined) return [{ reasoningContent: { redactedContent: part.sealed } }];
      if (part.signature !== undefined)
        return [{ reasoningContent: { reasoningText: { text: part.text, signature: part.signature } } }];
      // The models that look at earlier thoughts take only such as they have signed.
      dropped.note(path);
      return [];
    case 'refusal':
      return textBlock(part.text);
    case 'tool-call': {
      dropped.noteExtra(path, part);
      if (!hasTools) {
        dropped.note(path);
        return [{ text: `Tool call ${part.id}: ${part.name} ${part.arguments}` }];
      }
      const toolUse = {
        toolUseId: ids.toWire(part.id),
        name: names.toWire(part.name, part.namespace),
        input: readInput(part.arguments, path, dropped),
      };
      return [{ toolUse }, ...cachePoint(part.cache)];
    }
    default:
      return encodeUser(part, path, context);
  }
}

/** What a model wrote wrongly must not end the conversation: it is shown to it as it was, as Anthropic has it. */
function readInput(text: JsonText, path: string, dropped: Dropped): object {
  if (text.trim() === '') return {};
  try {
    const input = parseExactly(text);
    if (isObject(input)) return input;
  } catch {
    // Said below.
  }
  dropped.note(`${path}.arguments`);
  return { INVALID_JSON: text };
}
