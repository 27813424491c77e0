/** Results of tools as messages that can be appended to the conversation as they are, in each dialect. */

import type { JsonText } from '../../contracts/json.ts';
import type { ClientDialect } from './read-calls.ts';
import { imageNote, type ReadResult, type ResultPart } from './read-result.ts';

/** Which call it answers. */
export interface Answered {
  /** Undefined: nobody knows it any more; the message is without. */
  readonly toolCallId: string | undefined;
  readonly name: string;
}

/** What providers take as an image in a result. */
const ANTHROPIC_IMAGES: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

/**
 * Chat: a message; Responses: an input item; Anthropic: a block of a user message, in which all of one turn stand; Gemini: a
 * part of a user content.
 */
export function renderMessage(dialect: ClientDialect, { toolCallId, name }: Answered, result: ReadResult): JsonText {
  const { parts, isError } = result;
  switch (dialect) {
    case 'openai-chat':
      return JSON.stringify({ role: 'tool', tool_call_id: toolCallId, content: textOf(parts) });
    case 'openai-responses':
      return JSON.stringify({ type: 'function_call_output', call_id: toolCallId, output: textOf(parts) });
    case 'anthropic':
      return JSON.stringify({
        type: 'tool_result',
        tool_use_id: toolCallId,
        content: parts.map(anthropicBlock),
        ...(isError && { is_error: true }),
      });
    case 'gemini': {
      const said = JSON.stringify(textOf(parts));
      const response = isError ? `{"error":${said}}` : `{"output":${result.structured ?? said}}`;
      const id = toolCallId === undefined ? '' : `"id":${JSON.stringify(toolCallId)},`;
      return `{"functionResponse":{${id}"name":${JSON.stringify(name)},"response":${response}}}`;
    }
  }
}

function textOf(parts: readonly ResultPart[]): string {
  return parts.map((part) => (part.type === 'text' ? part.text : imageNote(part))).join('\n');
}

function anthropicBlock(part: ResultPart): object {
  if (part.type === 'text') return part;
  const { mimeType, base64 } = part;
  return ANTHROPIC_IMAGES.has(mimeType)
    ? { type: 'image', source: { type: 'base64', media_type: mimeType, data: base64 } }
    : { type: 'text', text: imageNote(part) };
}
