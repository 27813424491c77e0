/** From a whole message of the Messages API to the neutral answer. */

import type { AssistantPart, ChatAnswer } from '../../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../../contracts/json.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { elementTexts, memberText } from '../../../lib/json-text.ts';
import { readStop, readUsage } from './read-usage.ts';
import type { WireNames } from './wire-names.ts';

/** Throws ProviderFailure `malformed`. */
export function decodeMessage(text: JsonText, names: WireNames, createdAtS: number): ChatAnswer {
  const message = parseMessage(text);
  const { content } = message;
  const texts = content.some(isCall) ? elementTexts(memberText(text, 'content') ?? '[]') : [];
  const parts = content.map((block, i) =>
    decodeBlock(block, () => memberText(texts[i] ?? '{}', 'input') ?? '{}', names),
  );
  const extra = Object.fromEntries(
    ['stop_details', 'container', 'context_management', 'diagnostics']
      .filter((key) => message.value[key] !== undefined && message.value[key] !== null)
      .map((key) => [key, message.value[key]]),
  );
  const { stop_sequence: stopSequence } = message.value;
  return {
    id: asText(message.value.id),
    model: asText(message.value.model),
    createdAtS,
    choices: [
      {
        parts,
        stop: readStop(message.value.stop_reason),
        ...(typeof stopSequence === 'string' ? { stopSequence } : {}),
      },
    ],
    usage: readUsage(message.value.usage),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/** The message and its blocks. Throws ProviderFailure `malformed` for what is none. */
function parseMessage(text: JsonText): { readonly value: JsonObject; readonly content: readonly JsonObject[] } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ProviderFailure('malformed', 'the answer is no JSON', { cause: error });
  }
  if (!isObject(value) || !Array.isArray(value.content) || !value.content.every(isObject))
    throw new ProviderFailure('malformed', 'the answer is no message');
  return { value, content: value.content };
}

/** What should be a text and is none says nothing. */
export const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

const isCall = ({ type }: JsonObject): boolean => type === 'tool_use';

/** `input`: the arguments of a call as they are spelt. */
export function decodeBlock(block: JsonObject, input: () => JsonText, names: WireNames): AssistantPart {
  switch (block.type) {
    case 'text': {
      const { citations } = block;
      const cites = Array.isArray(citations) && citations.length > 0 ? { extra: { citations } } : {};
      return { type: 'text', text: asText(block.text), ...cites };
    }
    case 'thinking': {
      const { signature } = block;
      const signed = typeof signature === 'string' && signature !== '' ? { signature } : {};
      return { type: 'reasoning', text: asText(block.thinking), ...signed };
    }
    case 'redacted_thinking':
      return { type: 'reasoning', text: '', sealed: asText(block.data) };
    case 'tool_use': {
      const { name, namespace, isCustom } = names.fromWire(asText(block.name));
      const members = Object.entries(block).filter(
        ([key, value]) => !['type', 'id', 'name', 'input'].includes(key) && value !== null,
      );
      return {
        ...{ type: 'tool-call', id: asText(block.id), name },
        ...(namespace === undefined ? {} : { namespace }),
        arguments: isCustom ? freeText(input()) : input(),
        ...(isCustom ? { custom: true as const } : {}),
        ...(members.length === 0 ? {} : { extra: Object.fromEntries(members) }),
      };
    }
    default:
      return { type: 'foreign', dialect: 'anthropic', value: block };
  }
}

/** The input of a tool that takes free text, out of the object it had to be wrapped in. */
export function freeText(input: JsonText): string {
  try {
    const value: unknown = JSON.parse(input);
    if (isObject(value) && typeof value.input === 'string') return value.input;
  } catch {
    // Cut off: all that came.
  }
  return input;
}
