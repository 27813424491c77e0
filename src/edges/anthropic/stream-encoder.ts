/**
 * A streamed neutral answer as the events of the Messages API. There one block is open at a time; here several parts may be:
 * texts are closed and go on in a new block, calls that begin meanwhile wait for the end of the one that is written.
 */

import type { AssistantPart, ChatEvent, StopReason, Usage } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { StreamEncoder } from '../models/dialect-edge.ts';
import { encodeBlock } from './encode-answer.ts';
import { encodeStop, encodeUsage } from './encode-usage.ts';

/** Of calls that wait for another's end. */
const MAX_WAITING_CHARS = 16_777_216;

/** One event of the wire; its name stands twice. */
function wireEvent(type: string, members: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
}

type PartEvent = Extract<ChatEvent, { readonly part: number }>;

export function createMessageStreamEncoder(): StreamEncoder {
  /** What each part is; whole parts and ended ones are forgotten. */
  const parts = new Map<number, AssistantPart>();
  let open: { readonly part: number; readonly index: number; readonly isCall: boolean } | undefined;
  let waiting: PartEvent[] = [];
  let waitingChars = 0;
  let blocks = 0;
  let calls = false;
  let stop: StopReason = 'other';
  let stopSequence: string | undefined;
  let usage: Usage | undefined;
  let isOver = false;

  const close = (): string => {
    if (open === undefined) return '';
    const { index } = open;
    open = undefined;
    return wireEvent('content_block_stop', { index });
  };

  const begin = (part: number, value: AssistantPart): string => {
    let out = close();
    for (const block of encodeBlock(value)) {
      const index = blocks++;
      // Arguments come as deltas of their own.
      const content_block = value.type === 'tool-call' ? { ...block, input: {} } : block;
      out += wireEvent('content_block_start', { index, content_block });
      open = { part, index, isCall: value.type === 'tool-call' };
    }
    return out;
  };

  /** Texts may be interrupted: what comes late for one gets a block of its own. */
  const reopen = (part: number): string => {
    if (open?.part === part) return '';
    const value = parts.get(part);
    return value === undefined ? '' : begin(part, value);
  };

  const delta = (content: JsonObject): string =>
    open === undefined ? '' : wireEvent('content_block_delta', { index: open.index, delta: content });

  const addText = (part: number, text: string): string => {
    const value = parts.get(part);
    if (value === undefined || text === '') return '';
    const opened = reopen(part);
    switch (value.type) {
      case 'tool-call':
        return opened + delta({ type: 'input_json_delta', partial_json: text });
      case 'reasoning':
        return opened + delta({ type: 'thinking_delta', thinking: text });
      default:
        return opened + delta({ type: 'text_delta', text });
    }
  };

  const onPart = (event: PartEvent): string => {
    // A call is written to its end: its arguments are one text.
    if (open?.isCall === true && open.part !== event.part) {
      waiting.push(event);
      waitingChars += event.type === 'delta' ? event.text.length : 1;
      if (waitingChars > MAX_WAITING_CHARS)
        throw new GatewayError('provider_failed', `more than ${MAX_WAITING_CHARS} characters of parallel calls wait`);
      return '';
    }
    switch (event.type) {
      case 'part-start': {
        const { value } = event;
        if (value.type === 'tool-call') calls = true;
        if (value.type === 'foreign' || 'source' in value) return begin(event.part, value) + close();
        parts.set(event.part, value);
        return begin(event.part, value);
      }
      case 'delta':
        return addText(event.part, event.text);
      case 'signature': {
        // Of a call: this dialect has no place for it.
        if (parts.get(event.part)?.type !== 'reasoning') return '';
        return reopen(event.part) + delta({ type: 'signature_delta', signature: event.signature });
      }
      case 'part-end': {
        parts.delete(event.part);
        if (open?.part !== event.part) return '';
        return close() + replay();
      }
    }
  };

  const replay = (): string => {
    const events = waiting;
    waiting = [];
    waitingChars = 0;
    return events.map(onPart).join('');
  };

  const start = ({ id, model }: Extract<ChatEvent, { readonly type: 'start' }>): string =>
    wireEvent('message_start', {
      message: {
        ...{ id, type: 'message', role: 'assistant', model, content: [] },
        ...{ stop_reason: null, stop_sequence: null, stop_details: null, container: null },
        usage: encodeUsage(usage),
      },
    }) + wireEvent('ping', {});

  const encodeOne = (event: ChatEvent): string => {
    switch (event.type) {
      case 'start':
        return start(event);
      case 'usage':
        usage = event.usage;
        return '';
      case 'choice-end':
        if (event.choice !== 0) return '';
        stop = event.stop;
        stopSequence = event.stopSequence;
        return '';
      case 'portcullis':
        // The one event that every client of this dialect passes over, whatever else stands in it.
        return wireEvent('ping', { portcullis: event.value });
      case 'end':
        return '';
      default:
        return event.choice === 0 ? onPart(event) : '';
    }
  };

  return {
    encode: (events) => {
      // Known before the head is written only where the provider told at once.
      for (const event of events) if (event.type === 'usage') usage = event.usage;
      return events.map(encodeOne).join('');
    },
    finish() {
      if (isOver) return '';
      isOver = true;
      let out = close();
      while (waiting.length > 0) out += replay() + close();
      return (
        out +
        wireEvent('message_delta', {
          delta: {
            stop_reason: encodeStop(stop, calls),
            stop_sequence: stopSequence ?? null,
            stop_details: null,
            container: null,
          },
          usage: encodeUsage(usage),
        }) +
        wireEvent('message_stop', {})
      );
    },
  };
}
