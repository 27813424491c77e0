/** A streamed answer as the events of Responses. */

import type { AssistantPart, ChatEvent, ReasoningPart, StopReason, ToolCallPart, Usage } from '../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { StreamEncoder } from '../models/dialect-edge.ts';
import {
  createItemIds,
  encodeCallSeal,
  encodeItem,
  encodeMessage,
  encodeSaid,
  isSaid,
  type SaidPart,
} from './encode-items.ts';
import { createResponseWriter, endOf, type ResponseEnd, type ResponseHead, responseId } from './response-object.ts';

type Mutable<P> = { -readonly [member in keyof P]: P[member] };

/** A message under way: the texts in it are told apart by their place. */
interface OpenMessage {
  readonly index: number;
  readonly id: string;
  readonly content: Mutable<SaidPart>[];
  open: number;
  /** Another item has begun: what is said next is a new message. */
  isLeft: boolean;
}

type OpenPart =
  | { readonly type: 'said'; readonly message: OpenMessage; readonly at: number; readonly part: Mutable<SaidPart> }
  | { readonly type: 'call'; readonly index: number; readonly id: string; readonly part: Mutable<ToolCallPart> }
  | { readonly type: 'reasoning'; readonly index: number; readonly id: string; readonly part: Mutable<ReasoningPart> }
  | { readonly type: 'whole' };

export function createStreamEncoder(body: JsonObject): StreamEncoder {
  const writeResponse = createResponseWriter(body);
  const nothing: readonly JsonObject[] = [];
  const output: JsonObject[] = [];
  const parts = new Map<number, OpenPart>();
  let head: ResponseHead = { id: '', model: '', createdAtS: 0 };
  let newItemId = createItemIds('');
  let message: OpenMessage | undefined;
  let items = 0;
  let sequence = 0;
  let stop: StopReason = 'other';
  let declined = false;
  let usage: Usage | undefined;
  let isOver = false;
  let out = '';

  const send = (type: string, members: JsonObject): void => {
    out += `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...members })}\n\n`;
  };
  const sendResponse = (type: string, response: JsonText): void => {
    out += `event: ${type}\ndata: {"type":"${type}","sequence_number":${sequence++},"response":${response}}\n\n`;
  };
  const beginItem = (index: number, item: JsonObject): void => {
    send('response.output_item.added', { output_index: index, item });
  };
  const endItem = (index: number, item: JsonObject): void => {
    output[index] = item;
    send('response.output_item.done', { output_index: index, item });
  };

  const endMessage = (ended: OpenMessage): void => {
    if (message === ended) message = undefined;
    endItem(ended.index, encodeMessage(ended.id, ended.content, 'completed'));
  };
  const leaveMessage = (): void => {
    if (message === undefined) return;
    message.isLeft = true;
    if (message.open === 0) endMessage(message);
    message = undefined;
  };
  const beginSaid = (part: SaidPart): OpenPart => {
    if (message !== undefined && message.content[0]?.extra?.phase !== part.extra?.phase) leaveMessage();
    if (message === undefined) {
      const index = items++;
      message = { index, id: newItemId('msg', index), content: [], open: 0, isLeft: false };
      beginItem(index, encodeMessage(message.id, part.extra?.phase === undefined ? [] : [part], 'in_progress'));
    }
    const at = message.content.length;
    const own = { ...part };
    message.content.push(own);
    message.open++;
    declined ||= part.type === 'refusal';
    const empty = encodeSaid({ ...own, text: '' });
    send('response.content_part.added', { ...placeOf(message, at), part: empty });
    return { type: 'said', message, at, part: own };
  };
  const placeOf = ({ id, index }: { id: string; index: number }, at: number): JsonObject => ({
    ...{ item_id: id, output_index: index, content_index: at },
  });

  const begin = (part: AssistantPart): OpenPart => {
    if (isSaid(part)) return beginSaid(part);
    leaveMessage();
    const index = items;
    const item = encodeItem(part, (prefix) => newItemId(prefix, index), 'in_progress');
    if (item === undefined) return { type: 'whole' };
    items++;
    beginItem(index, part.type === 'reasoning' ? { ...item, summary: [] } : item);
    const id = String(item.id);
    if (part.type === 'tool-call') return { type: 'call', index, id, part: { ...part } };
    if (part.type === 'reasoning') return { type: 'reasoning', index, id, part: { ...part } };
    endItem(index, item);
    return { type: 'whole' };
  };

  const add = (open: OpenPart, text: string): void => {
    if (open.type === 'whole') return;
    const isFirst = open.type === 'reasoning' && open.part.text === '';
    if (open.type === 'call') open.part.arguments += text;
    else open.part.text += text;
    if (open.type === 'said') {
      const { type } = open.part;
      const place = { ...placeOf(open.message, open.at), delta: text };
      if (type === 'text') send('response.output_text.delta', { ...place, logprobs: nothing });
      else send('response.refusal.delta', place);
      return;
    }
    const place = { item_id: open.id, output_index: open.index };
    if (open.type === 'call') return send(`response.${callEvent(open.part)}.delta`, { ...place, delta: text });
    if (isFirst) {
      const part = { type: 'summary_text', text: '' };
      send('response.reasoning_summary_part.added', { ...place, summary_index: 0, part });
    }
    send('response.reasoning_summary_text.delta', { ...place, summary_index: 0, delta: text });
  };

  const end = (open: OpenPart): void => {
    if (open.type === 'whole') return;
    if (open.type === 'said') return endSaid(open);
    const { index, part } = open;
    const place = { item_id: open.id, output_index: index };
    const item = encodeItem(part, () => open.id, 'completed') ?? {};
    if (open.type === 'call') {
      const text = open.part.arguments;
      const whole = open.part.custom ? { input: text } : { arguments: text, name: open.part.name };
      send(`response.${callEvent(open.part)}.done`, { ...place, ...whole });
    } else if (open.part.text !== '') {
      const { text } = open.part;
      send('response.reasoning_summary_text.done', { ...place, summary_index: 0, text });
      const summary = { type: 'summary_text', text };
      send('response.reasoning_summary_part.done', { ...place, summary_index: 0, part: summary });
    }
    endItem(index, item);
    const sealIndex = items;
    const seal = encodeCallSeal(part, (prefix) => newItemId(prefix, sealIndex));
    if (seal === undefined) return;
    items++;
    beginItem(sealIndex, seal);
    endItem(sealIndex, seal);
  };
  const endSaid = ({ message: said, at, part }: Extract<OpenPart, { readonly type: 'said' }>): void => {
    const place = placeOf(said, at);
    if (part.type === 'text') send('response.output_text.done', { ...place, text: part.text, logprobs: nothing });
    else send('response.refusal.done', { ...place, refusal: part.text });
    send('response.content_part.done', { ...place, part: encodeSaid(part) });
    said.open--;
    if (said.open === 0 && said.isLeft) endMessage(said);
  };

  const finish = (how: ResponseEnd): void => {
    if (isOver) return;
    isOver = true;
    for (const open of parts.values()) end(open);
    parts.clear();
    leaveMessage();
    sendResponse(`response.${how.status}`, writeResponse(head, how, Object.values(output), usage));
  };

  const take = (event: ChatEvent): void => {
    if ('choice' in event && event.choice !== 0) return;
    switch (event.type) {
      case 'start':
        head = event;
        newItemId = createItemIds(responseId(event.id));
        for (const type of ['response.created', 'response.in_progress'])
          sendResponse(type, writeResponse(head, { status: 'in_progress' }, nothing, undefined));
        return;
      case 'part-start':
        parts.set(event.part, begin(event.value));
        return;
      case 'delta': {
        const open = parts.get(event.part);
        if (open !== undefined) add(open, event.text);
        return;
      }
      case 'signature': {
        const open = parts.get(event.part);
        if (open?.type === 'call' || open?.type === 'reasoning')
          open.part.signature = (open.part.signature ?? '') + event.signature;
        return;
      }
      case 'part-end': {
        const open = parts.get(event.part);
        parts.delete(event.part);
        if (open !== undefined) end(open);
        return;
      }
      case 'choice-end':
        stop = event.stop;
        return;
      case 'usage':
        usage = event.usage;
        return;
      case 'portcullis':
        // OpenAI's client fails for types it does not know; this one says nothing to it, whatever else stands in it.
        send('keepalive', { portcullis: event.value });
        return;
      case 'end':
        finish(endOf(stop, declined));
        return;
    }
  };

  const flush = (): string => {
    const text = out;
    out = '';
    return text;
  };
  return {
    encode(events) {
      for (const event of events) take(event);
      return flush();
    },
    finish() {
      // Nothing said that this is all.
      finish({ status: 'failed', error: { code: 'server_error', message: 'The answer was cut off' } });
      return flush();
    },
  };
}

const callEvent = ({ custom }: ToolCallPart): string => (custom ? 'custom_tool_call_input' : 'function_call_arguments');
