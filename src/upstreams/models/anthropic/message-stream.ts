/** From the events of a streamed message to neutral ones, however the bytes are cut. */

import { StringDecoder } from 'node:string_decoder';
import type { AssistantPart, ChatEvent } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { createSseDecoder, type SseEvent, SseTooLargeError } from '../../../lib/sse.ts';
import type { StreamDecoder } from '../neutral-stream.ts';
import { asText, decodeBlock, freeText } from './decode-message.ts';
import { streamFailure } from './read-error.ts';
import { mergeUsage, readStop, readUsage } from './read-usage.ts';
import type { WireNames } from './wire-names.ts';

/** Of one event. */
const MAX_EVENT_CHARS = 67_108_864;

/** A block under way. Whole: it is handed out when it is over. */
interface OpenBlock {
  readonly part: number;
  readonly whole: JsonObject | undefined;
  readonly isCustom: boolean;
  text: string;
}

/** Throws ProviderFailure `malformed`, or what an error event says. */
export function createMessageStreamDecoder(names: WireNames, createdAtS: number): StreamDecoder {
  let out: ChatEvent[] = [];
  let usage: JsonObject | undefined;
  let parts = 0;
  const open = new Map<number, OpenBlock>();
  const utf8 = new StringDecoder('utf8');

  const tellUsage = (value: unknown): void => {
    usage = mergeUsage(usage, value);
    const read = readUsage(usage);
    if (read !== undefined) out.push({ type: 'usage', usage: read });
  };

  const startBlock = (index: number, block: JsonObject): void => {
    // What came twice would be two calls of a tool, one of them with nothing in it.
    if (open.has(index)) throw new ProviderFailure('malformed', `block ${index} begins while it is open`);
    const value = decodeBlock(block, () => '', names);
    const part = parts++;
    const isCustom = value.type === 'tool-call' && value.custom === true;
    if (value.type === 'foreign') {
      open.set(index, { part, whole: block, isCustom, text: '' });
      return;
    }
    open.set(index, { part, whole: undefined, isCustom, text: '' });
    const at = { choice: 0, part };
    out.push({ type: 'part-start', ...at, value: emptied(value) });
    // Some who speak this wire put the whole into the start.
    const early = earlyText(value, block);
    if (early !== '') addText(index, early);
    if (value.type === 'reasoning' && value.signature !== undefined)
      out.push({ type: 'signature', ...at, signature: value.signature });
  };

  const addText = (index: number, text: string): void => {
    const block = open.get(index);
    if (block === undefined) throw new ProviderFailure('malformed', `a delta for block ${index}, which is not open`);
    if (block.whole !== undefined || block.isCustom) block.text += text;
    else if (text !== '') out.push({ type: 'delta', choice: 0, part: block.part, text });
  };

  const addDelta = (index: number, delta: JsonObject): void => {
    switch (delta.type) {
      case 'text_delta':
        return addText(index, asText(delta.text));
      case 'thinking_delta':
        return addText(index, asText(delta.thinking));
      case 'input_json_delta':
        return addText(index, asText(delta.partial_json));
      case 'compaction_delta':
        return addText(index, asText(delta.content));
      case 'signature_delta': {
        const part = open.get(index)?.part;
        if (part !== undefined) out.push({ type: 'signature', choice: 0, part, signature: asText(delta.signature) });
        return;
      }
      // Citations have no neutral word in a stream; unknown deltas neither.
      default:
        return;
    }
  };

  const stopBlock = (index: number): void => {
    const block = open.get(index);
    if (block === undefined) return;
    open.delete(index);
    const at = { choice: 0, part: block.part };
    if (block.whole !== undefined) {
      const value: AssistantPart = { type: 'foreign', dialect: 'anthropic', value: complete(block.whole, block.text) };
      out.push({ type: 'part-start', ...at, value });
    } else if (block.isCustom && block.text !== '') out.push({ type: 'delta', ...at, text: freeText(block.text) });
    out.push({ type: 'part-end', ...at });
  };

  const take = (event: JsonObject): void => {
    const index = Number(event.index ?? 0);
    switch (event.type) {
      case 'message_start': {
        const message = isObject(event.message) ? event.message : {};
        const { id, model } = message;
        out.push({ type: 'start', id: asText(id), model: asText(model), createdAtS });
        return tellUsage(message.usage);
      }
      case 'content_block_start':
        return startBlock(index, isObject(event.content_block) ? event.content_block : {});
      case 'content_block_delta':
        return addDelta(index, isObject(event.delta) ? event.delta : {});
      case 'content_block_stop':
        return stopBlock(index);
      case 'message_delta': {
        const { stop_reason: reason, stop_sequence: sequence } = isObject(event.delta) ? event.delta : {};
        for (const each of [...open.keys()]) stopBlock(each);
        tellUsage(event.usage);
        if (reason === undefined || reason === null) return;
        const stopSequence = typeof sequence === 'string' ? { stopSequence: sequence } : {};
        out.push({ type: 'choice-end', choice: 0, stop: readStop(reason), ...stopSequence });
        return;
      }
      case 'message_stop':
        out.push({ type: 'end' });
        return;
      case 'error':
        throw streamFailure(JSON.stringify(event));
      // `ping`, and what later versions add.
      default:
        return;
    }
  };

  const onEvent = ({ data }: SseEvent): void => {
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch (error) {
      throw new ProviderFailure('malformed', 'an event is no JSON', { cause: error });
    }
    if (isObject(event)) take(event);
  };
  const events = createSseDecoder(onEvent, MAX_EVENT_CHARS);

  return {
    push(piece) {
      try {
        events.push(utf8.write(piece));
      } catch (error) {
        if (error instanceof SseTooLargeError) throw new ProviderFailure('malformed', error.message, { cause: error });
        throw error;
      }
      const emitted = out;
      out = [];
      return emitted;
    },
    // The event that is the last says so itself.
    finish: () => [],
  };
}

/** As a part begins: its text comes as deltas. */
function emptied(value: AssistantPart): AssistantPart {
  switch (value.type) {
    case 'text':
      return { type: 'text', text: '' };
    case 'reasoning':
      return value.sealed === undefined ? { type: 'reasoning', text: '' } : value;
    case 'tool-call':
      return { ...value, arguments: '' };
    default:
      return value;
  }
}

function earlyText(value: AssistantPart, { input }: JsonObject): string {
  if (value.type === 'text' || value.type === 'reasoning') return value.text;
  if (value.type === 'tool-call' && isObject(input) && Object.keys(input).length > 0) return JSON.stringify(input);
  return '';
}

/** A foreign block with what its deltas brought. */
function complete(block: JsonObject, text: string): JsonObject {
  if (text === '') return block;
  if (block.type === 'compaction') return { ...block, content: text };
  try {
    return { ...block, input: JSON.parse(text) };
  } catch {
    return { ...block, input: { INVALID_JSON: text } };
  }
}
