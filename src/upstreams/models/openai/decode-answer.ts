/** A whole chat completion as a neutral answer. */

import type { AssistantPart, ChatAnswer, ChatChoice, MediaPart, ToolCallPart } from '../../../contracts/chat.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { ProviderDeps } from '../provider-codec.ts';
import type { ToolNames } from '../tool-names.ts';
import { readStop, usageIn } from './read-usage.ts';

type Wire = { readonly [member: string]: unknown };

export interface DecodeOptions {
  readonly names: ToolNames;
  readonly ids: Pick<ProviderDeps, 'now' | 'randomHex'>;
}

export function decodeAnswer(wire: Wire, options: DecodeOptions): ChatAnswer {
  const choices = Array.isArray(wire.choices) ? wire.choices.filter(isObject) : [];
  return {
    ...decodeHead(wire, options),
    choices: choices.map((choice) => decodeChoice(choice, options)),
    usage: usageIn(wire),
  };
}

/** Members that some servers leave out are made up. */
export function decodeHead(
  wire: Wire,
  { ids }: DecodeOptions,
): { readonly id: string; readonly model: string; readonly createdAtS: number } {
  return {
    id: typeof wire.id === 'string' && wire.id !== '' ? wire.id : `chatcmpl-${ids.randomHex(24)}`,
    model: typeof wire.model === 'string' ? wire.model : '',
    createdAtS: typeof wire.created === 'number' ? Math.floor(wire.created) : Math.floor(ids.now() / 1_000),
  };
}

function decodeChoice(choice: Wire, options: DecodeOptions): ChatChoice {
  const message = isObject(choice.message) ? choice.message : {};
  const parts: AssistantPart[] = [];
  const thought = reasoningOf(message);
  if (thought !== '') parts.push({ type: 'reasoning', text: thought });
  for (const piece of contentPieces(message.content)) {
    if (piece.text !== '') parts.push({ type: piece.type, text: piece.text });
  }
  if (typeof message.refusal === 'string' && message.refusal !== '')
    parts.push({ type: 'refusal', text: message.refusal });
  parts.push(...imagesOf(message.images));
  for (const call of callsOf(message)) parts.push(decodeCall(call, options));
  const stop = stopOf(choice.finish_reason, parts);
  const sequence = choice.stop_reason;
  return {
    parts,
    ...(stop === 'end' && typeof sequence === 'string' && choice.finish_reason === 'stop' && sequence !== 'stop'
      ? { stop: 'stop-sequence' as const, stopSequence: sequence }
      : { stop }),
    ...(isObject(choice.logprobs) ? { logprobs: choice.logprobs } : {}),
  };
}

/** Several vendors say `stop` where tools are to be called, or something was refused. */
export function stopOf(reason: unknown, parts: readonly { readonly type: string }[]): ChatChoice['stop'] {
  const stop = readStop(reason);
  if (stop !== 'end') return stop;
  if (parts.some(({ type }) => type === 'tool-call')) return 'tool-calls';
  return parts.some(({ type }) => type === 'refusal') ? 'refusal' : 'end';
}

/** As DeepSeek and vLLM name it, or as OpenRouter and Groq do; never both. */
export function reasoningOf(message: Wire): string {
  if (typeof message.reasoning_content === 'string') return message.reasoning_content;
  return typeof message.reasoning === 'string' ? message.reasoning : '';
}

export interface ContentPiece {
  readonly type: 'text' | 'reasoning' | 'refusal';
  readonly text: string;
}

/** A string, or Mistral's list: `text`, and `thinking` with a list of its own. */
export function contentPieces(content: unknown): readonly ContentPiece[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) return [];
  return content.filter(isObject).flatMap((piece): readonly ContentPiece[] => {
    if (piece.type === 'thinking') {
      const text = contentPieces(piece.thinking)
        .map((each) => each.text)
        .join('');
      return [{ type: 'reasoning', text }];
    }
    if (piece.type === 'refusal') return [{ type: 'refusal', text: String(piece.refusal ?? '') }];
    return typeof piece.text === 'string' ? [{ type: 'text', text: piece.text }] : [];
  });
}

/** Images as OpenRouter answers them. */
export function imagesOf(images: unknown): readonly MediaPart[] {
  if (!Array.isArray(images)) return [];
  return images.filter(isObject).flatMap((image): readonly MediaPart[] => {
    const url = isObject(image.image_url) ? image.image_url.url : undefined;
    if (typeof url !== 'string') return [];
    const [, mediaType, data] = /^data:([^;,]+);base64,(.*)$/s.exec(url) ?? [];
    if (mediaType === undefined || data === undefined) return [{ type: 'image', source: { type: 'url', url } }];
    return [{ type: 'image', source: { type: 'base64', mediaType, data } }];
  });
}

/** `tool_calls`, or the one call of old. */
function callsOf(message: Wire): readonly Wire[] {
  if (Array.isArray(message.tool_calls)) return message.tool_calls.filter(isObject);
  return isObject(message.function_call) ? [{ type: 'function', function: message.function_call }] : [];
}

function decodeCall(call: Wire, { names, ids }: DecodeOptions): ToolCallPart {
  const isCustom = isObject(call.custom);
  const inner: Wire = isObject(call.custom) ? call.custom : isObject(call.function) ? call.function : {};
  const { name, namespace } = names.fromWire(typeof inner.name === 'string' ? inner.name : '');
  return {
    ...{ type: 'tool-call', id: typeof call.id === 'string' && call.id !== '' ? call.id : `call_${ids.randomHex(24)}` },
    ...{ name, ...(namespace === undefined ? {} : { namespace }) },
    arguments: argumentsText(isCustom ? inner.input : inner.arguments),
    ...(isCustom ? { custom: true as const } : {}),
  };
}

/** Text; servers that send the object itself are found, too. */
export function argumentsText(value: unknown): string {
  if (typeof value === 'string') return value;
  return isObject(value) ? JSON.stringify(value) : '';
}
