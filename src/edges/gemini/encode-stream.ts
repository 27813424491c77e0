/**
 * From neutral events to Gemini's stream, whose pieces are answers in little. A call goes out when it is whole, since Gemini's
 * clients know no piece of one; reasons to stop and the usage are told together, in the last piece.
 */

import type { AssistantPart, ChatEvent, Usage } from '../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { StreamEncoder } from '../models/dialect-edge.ts';
import { encodePart, encodeUsage, finishReasonOf } from './encode-answer.ts';

type ToolCall = Extract<AssistantPart, { readonly type: 'tool-call' }>;

interface OpenPart {
  readonly value: AssistantPart;
  text: string;
  signature: string | undefined;
}

/** Clients take a piece without parts for a broken answer. */
const SILENCE = { content: { parts: [{ text: '' }], role: 'model' }, index: 0 };

/** `frame` writes one piece in the form of the stream; `tail` ends it. */
export function createStreamEncoder(frame: (piece: JsonText) => string, tail: () => string): StreamEncoder {
  const open = new Map<string, OpenPart>();
  const finishes: JsonObject[] = [];
  let head: JsonObject = {};
  let usage: Usage | undefined;
  let isOver = false;

  const write = (candidates: readonly JsonObject[]): string =>
    frame(
      JSON.stringify({
        candidates,
        ...(usage === undefined ? {} : { usageMetadata: encodeUsage(usage) }),
        ...head,
      }),
    );
  const writeParts = (index: number, parts: readonly JsonObject[]): string =>
    parts.length === 0 ? '' : write([{ content: { parts, role: 'model' }, index }]);

  const begin = (choice: number, part: number, value: AssistantPart): string => {
    const { type } = value;
    const isWhole = type !== 'text' && type !== 'refusal' && type !== 'reasoning' && type !== 'tool-call';
    if (isWhole) return writeParts(choice, encodePart(value));
    const signature = type === 'tool-call' || type === 'reasoning' ? value.signature : undefined;
    open.set(`${choice}.${part}`, { value, text: type === 'tool-call' ? value.arguments : '', signature });
    return type === 'tool-call' || value.text === '' ? '' : writeParts(choice, encodePart(value));
  };

  const end = (choice: number, part: number): string => {
    const key = `${choice}.${part}`;
    const ended = open.get(key);
    open.delete(key);
    if (ended === undefined) return '';
    const { value, signature } = ended;
    if (value.type === 'tool-call') {
      const call: ToolCall = { ...value, arguments: ended.text, signature };
      return writeParts(choice, encodePart(call));
    }
    if (value.type !== 'reasoning' || signature === undefined) return '';
    return writeParts(choice, [{ text: '', thought: true, thoughtSignature: signature }]);
  };

  const encode = (event: ChatEvent): string => {
    switch (event.type) {
      case 'start':
        head = { modelVersion: event.model, responseId: event.id };
        return '';
      case 'part-start':
        return begin(event.choice, event.part, event.value);
      case 'delta': {
        const part = open.get(`${event.choice}.${event.part}`);
        if (part === undefined || event.text === '') return '';
        if (part.value.type !== 'tool-call')
          return writeParts(
            event.choice,
            encodePart({ ...part.value, text: event.text, signature: undefined } as AssistantPart),
          );
        part.text += event.text;
        return '';
      }
      case 'signature': {
        const part = open.get(`${event.choice}.${event.part}`);
        if (part !== undefined) part.signature = (part.signature ?? '') + event.signature;
        return '';
      }
      case 'part-end':
        return end(event.choice, event.part);
      case 'choice-end':
        // A part, though an empty one: clients take a piece without parts for a broken answer.
        finishes.push({
          content: { parts: [{ text: '' }], role: 'model' },
          finishReason: finishReasonOf(event.stop),
          index: event.choice,
        });
        return '';
      case 'usage':
        usage = event.usage;
        return '';
      case 'portcullis':
        return frame(JSON.stringify({ candidates: [SILENCE], portcullis: event.value, ...head }));
      case 'end':
        isOver = true;
        return write(finishes);
    }
  };

  return {
    encode: (events) => events.map(encode).join(''),
    finish: () => (isOver || finishes.length === 0 ? '' : write(finishes)) + tail(),
  };
}
