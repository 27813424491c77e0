/** Neutral events as chat completion chunks. */

import type { AssistantPart, ChatEvent, Usage } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import type { StreamEncoder } from '../models/dialect-edge.ts';
import {
  encodeCall,
  encodeImage,
  encodeUsage,
  finishReason,
  isLegacy,
  reasoningDetail,
  signed,
} from './encode-answer.ts';

interface OpenPart {
  readonly value: AssistantPart;
  /** Of a tool call, among those of its choice. */
  readonly call: number;
  /** Of reasoning, which is repeated whole with its signature. */
  text: string;
  signature: string;
  /** Whether the signature, as far as it is known, has been told. */
  isSigned: boolean;
}

/** A further piece of a call: strict clients want `function` in each. */
function moreOf({ custom }: { readonly custom?: boolean | undefined }, text: string): JsonObject {
  return custom === true ? { custom: { input: text } } : { function: { arguments: text } };
}

/** Made for one answer. The usage is told in a chunk of its own, and only to those who asked for it. */
export function createChatStreamEncoder(body: JsonObject): StreamEncoder {
  const legacy = isLegacy(body);
  const asksUsage = isObject(body.stream_options) && body.stream_options.include_usage === true;
  const parts = new Map<string, OpenPart>();
  /** Choices that have begun, and their calls so far. */
  const calls = new Map<number, number>();
  let head = '';
  let usage: Usage | undefined;

  const chunk = (choices: string, told = 'null'): string =>
    `data: ${head}"choices":[${choices}]${asksUsage ? `,"usage":${told}` : ''}}\n\n`;
  const delta = (choice: number, value: JsonObject, finish: string | null = null): string =>
    chunk(
      `{"index":${choice},"delta":${JSON.stringify(value)},"logprobs":null,"finish_reason":${JSON.stringify(finish)}}`,
    );
  /** The role comes first, and once. */
  const begin = (choice: number): string => {
    if (calls.has(choice)) return '';
    calls.set(choice, 0);
    return delta(choice, { role: 'assistant', content: '', refusal: null });
  };

  const startPart = (choice: number, part: number, value: AssistantPart): string => {
    const call = calls.get(choice) ?? 0;
    const signature = value.type === 'reasoning' || value.type === 'tool-call' ? (value.signature ?? '') : '';
    const open: OpenPart = { value, call, text: '', signature, isSigned: false };
    parts.set(`${choice} ${part}`, open);
    if (value.type === 'image') return delta(choice, { images: [encodeImage(value)] });
    if (value.type !== 'tool-call')
      return 'text' in value && value.text !== '' ? addText(choice, open, value.text) : '';
    calls.set(choice, call + 1);
    if (legacy)
      return call > 0 ? '' : delta(choice, { function_call: { name: value.name, arguments: value.arguments } });
    open.isSigned = true;
    const begun = { index: call, id: value.id, ...encodeCall(value, value.arguments), ...signed(value) };
    return delta(choice, { tool_calls: [begun] });
  };

  const addText = (choice: number, open: OpenPart, text: string): string => {
    const { value, call } = open;
    switch (value.type) {
      case 'text':
        return delta(choice, { content: text });
      case 'refusal':
        return delta(choice, { refusal: text });
      case 'reasoning':
        open.text += text;
        return delta(choice, { reasoning_content: text });
      case 'tool-call': {
        if (legacy) return call > 0 ? '' : delta(choice, { function_call: { arguments: text } });
        return delta(choice, { tool_calls: [{ index: call, ...moreOf(value, text) }] });
      }
      default:
        return '';
    }
  };

  const endPart = (choice: number, part: number): string => {
    const open = parts.get(`${choice} ${part}`);
    parts.delete(`${choice} ${part}`);
    if (open === undefined) return '';
    const { value, call, text } = open;
    const signature = open.signature === '' ? undefined : open.signature;
    if (value.type === 'tool-call' && signature !== undefined && !open.isSigned && !legacy)
      return delta(choice, { tool_calls: [{ index: call, ...moreOf(value, ''), ...signed({ signature }) }] });
    if (value.type !== 'reasoning') return '';
    const details = reasoningDetail({ ...value, text, signature });
    return details.length === 0 ? '' : delta(choice, { reasoning_details: details });
  };

  const encode = (event: ChatEvent): string => {
    switch (event.type) {
      case 'start': {
        const { id, model, createdAtS } = event;
        const members = JSON.stringify({ id, object: 'chat.completion.chunk', created: createdAtS, model });
        head = `${members.slice(0, -1)},`;
        return begin(0);
      }
      case 'part-start':
        return begin(event.choice) + startPart(event.choice, event.part, event.value);
      case 'delta': {
        const open = parts.get(`${event.choice} ${event.part}`);
        return open === undefined ? '' : addText(event.choice, open, event.text);
      }
      case 'signature': {
        const open = parts.get(`${event.choice} ${event.part}`);
        if (open !== undefined) {
          open.signature += event.signature;
          open.isSigned = false;
        }
        return '';
      }
      case 'part-end':
        return endPart(event.choice, event.part);
      case 'choice-end':
        return begin(event.choice) + delta(event.choice, {}, finishReason(event.stop, legacy));
      case 'usage':
        usage = event.usage;
        return '';
      case 'portcullis':
        return `data: ${head}"choices":[],"portcullis":${JSON.stringify(event.value)}}\n\n`;
      case 'end':
        return '';
    }
  };

  return {
    encode: (events) => events.map(encode).join(''),
    finish: () => {
      const told = asksUsage && usage !== undefined ? chunk('', JSON.stringify(encodeUsage(usage))) : '';
      return `${told}data: [DONE]\n\n`;
    },
  };
}
