/** A whole neutral answer as a message of the Messages API. */

import type { AssistantPart, ChatAnswer } from '../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { nestsDeeper } from '../../lib/json-depth.ts';
import { MAX_DEPTH } from '../../lib/json-scanner.ts';
import { readyJson, writeJson } from '../../lib/write-json.ts';
import { encodeStop, encodeUsage } from './encode-usage.ts';

export function encodeAnswer({ id, model, choices, usage, portcullis }: ChatAnswer): JsonText {
  // The dialect knows one answer, and its requests ask for no more.
  const [choice] = choices;
  const parts = choice?.parts ?? [];
  return writeJson({
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: parts.flatMap(encodeBlock),
    stop_reason: encodeStop(
      choice?.stop ?? 'other',
      parts.some(({ type }) => type === 'tool-call'),
    ),
    stop_sequence: choice?.stopSequence ?? null,
    stop_details: null,
    container: null,
    usage: encodeUsage(usage),
    portcullis,
  });
}

/** The block of a part; none for what only another dialect understands. */
export function encodeBlock(part: AssistantPart): readonly JsonObject[] {
  switch (part.type) {
    case 'text':
      return [{ type: 'text', text: part.text, citations: readCitations(part.extra) }];
    case 'refusal':
      return [{ type: 'text', text: part.text, citations: null }];
    case 'reasoning':
      if (part.sealed !== undefined) return [{ type: 'redacted_thinking', data: part.sealed }];
      return [{ type: 'thinking', thinking: part.text, signature: part.signature ?? '' }];
    case 'tool-call':
      return [{ type: 'tool_use', id: part.id, name: part.name, input: readyJson(inputText(part.arguments)) }];
    case 'foreign':
      return part.dialect === 'anthropic' ? [part.value] : [];
    default:
      return [{ type: 'text', text: `[${part.type} that this API cannot carry]`, citations: null }];
  }
}

function readCitations(extra: JsonObject | undefined): unknown {
  return Array.isArray(extra?.citations) ? extra.citations : null;
}

/** Arguments that are no object, since the model was cut off or made a mistake, are kept where a reader sees them. */
export function inputText(text: JsonText): JsonText {
  if (text === '') return '{}';
  try {
    if (isObject(JSON.parse(text)) && !nestsDeeper(text, MAX_DEPTH)) return text;
  } catch {
    // No JSON at all.
  }
  return JSON.stringify({ INVALID_JSON: text });
}
