/**
 * How many tokens a chat takes, by rule of thumb: for providers that do not count. A token is taken for four bytes of UTF-8,
 * which is near for English and code, and on the safe side of four characters for everything else; 30 % off either way is
 * ordinary, so it is good for reserving and for warnings, not for paying.
 */

import type { AssistantPart, ChatRequest, ChatTool, UserPart } from '../../contracts/chat.ts';
import type { InjectedTools } from '../../contracts/models.ts';

const BYTES_PER_TOKEN = 4;
/** Role, delimiters. */
const TOKENS_PER_MESSAGE = 4;
/** Name, description and schema are written into the prompt with some words around them. */
const TOKENS_PER_TOOL = 8;
/** An image of ordinary size; a page. Real ones are between 85 and 1,600. */
const TOKENS_PER_MEDIUM = 1_000;

export function estimateTokens(chat: ChatRequest, injected: InjectedTools | undefined): number {
  let bytes = 0;
  let tokens = 0;
  for (const message of chat.messages) {
    tokens += TOKENS_PER_MESSAGE;
    for (const part of message.parts) {
      bytes += bytesOf(part);
      if (isMedium(part)) tokens += TOKENS_PER_MEDIUM;
    }
  }
  for (const tool of chat.tools) {
    tokens += TOKENS_PER_TOOL;
    bytes += lengthOf(textOfTool(tool));
  }
  for (const { name, description, parameters } of injected?.tools ?? []) {
    tokens += TOKENS_PER_TOOL;
    bytes += lengthOf(name) + lengthOf(description) + lengthOf(parameters);
  }
  if (chat.output?.type === 'json-schema') bytes += lengthOf(JSON.stringify(chat.output.schema));
  return tokens + Math.ceil(bytes / BYTES_PER_TOKEN);
}

const lengthOf = (text: string): number => Buffer.byteLength(text);

function isMedium({ type }: UserPart | AssistantPart): boolean {
  return type === 'image' || type === 'audio' || type === 'document' || type === 'video';
}

function bytesOf(part: UserPart | AssistantPart): number {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      return lengthOf(part.text);
    case 'tool-call':
      return lengthOf(part.name) + lengthOf(part.arguments);
    case 'foreign':
      return lengthOf(JSON.stringify(part.value));
    default:
      return 0;
  }
}

function textOfTool(tool: ChatTool): string {
  switch (tool.type) {
    case 'function':
      return tool.name + (tool.description ?? '') + JSON.stringify(tool.parameters ?? {});
    case 'custom':
      return tool.name + (tool.description ?? '') + JSON.stringify(tool.format ?? {});
    case 'foreign':
      return JSON.stringify(tool.value);
  }
}
