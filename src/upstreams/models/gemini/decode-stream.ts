/** From the pieces of Gemini's stream, each an answer in little, to neutral events. */

import type { AssistantPart, ChatEvent } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import {
  blockedOr,
  candidatesOf,
  type DecodeContext,
  decodePart,
  decodeUsage,
  headOf,
  partsOf,
  stopOf,
} from './decode-answer.ts';

export interface StreamDecoder {
  /** Throws ProviderFailure `content-filtered` where the prompt was blocked. */
  decode(piece: JsonObject): readonly ChatEvent[];
  /** What follows from the end of the stream; without `end` among it the answer was cut off. */
  finish(): readonly ChatEvent[];
}

interface OpenChoice {
  /** Number of the next part. */
  parts: number;
  /** The text or reasoning part that is being added to. */
  open: { readonly part: number; readonly type: 'text' | 'reasoning' } | undefined;
  hasCalls: boolean;
  isOver: boolean;
}

export function createStreamDecoder(context: DecodeContext): StreamDecoder {
  const choices = new Map<number, OpenChoice>();
  let isBegun = false;

  const close = (choice: number, state: OpenChoice, events: ChatEvent[]): void => {
    if (state.open === undefined) return;
    events.push({ type: 'part-end', choice, part: state.open.part });
    state.open = undefined;
  };

  const add = (choice: number, state: OpenChoice, value: AssistantPart, events: ChatEvent[]): void => {
    if (value.type === 'text' || value.type === 'reasoning') {
      const signature = value.type === 'reasoning' ? value.signature : undefined;
      if (value.text === '' && signature === undefined) return;
      if (state.open?.type !== value.type) {
        close(choice, state, events);
        state.open = { part: state.parts++, type: value.type };
        events.push({ type: 'part-start', choice, part: state.open.part, value: { type: value.type, text: '' } });
      }
      const { part } = state.open;
      if (value.text !== '') events.push({ type: 'delta', choice, part, text: value.text });
      if (signature !== undefined) events.push({ type: 'signature', choice, part, signature });
      return;
    }
    close(choice, state, events);
    const part = state.parts++;
    if (value.type !== 'tool-call') {
      events.push({ type: 'part-start', choice, part, value });
    } else {
      state.hasCalls = true;
      events.push({ type: 'part-start', choice, part, value: { ...value, arguments: '' } });
      events.push({ type: 'delta', choice, part, text: value.arguments });
    }
    events.push({ type: 'part-end', choice, part });
  };

  return {
    decode(piece) {
      const events: ChatEvent[] = [];
      const candidates = candidatesOf(piece);
      if (candidates.length === 0 && choices.size === 0 && piece.promptFeedback !== undefined)
        throw blockedOr(piece, 'an answer without candidates');
      if (!isBegun) events.push({ type: 'start', ...headOf(piece, context) });
      isBegun = true;
      for (const candidate of candidates) {
        const choice = typeof candidate.index === 'number' ? candidate.index : 0;
        let state = choices.get(choice);
        if (state === undefined) {
          state = { parts: 0, open: undefined, hasCalls: false, isOver: false };
          choices.set(choice, state);
        }
        for (const part of partsOf(candidate)) add(choice, state, decodePart(part, context), events);
        if (typeof candidate.finishReason !== 'string' || state.isOver) continue;
        close(choice, state, events);
        state.isOver = true;
        events.push({ type: 'choice-end', choice, stop: stopOf(candidate.finishReason, state.hasCalls) });
      }
      const usage = decodeUsage(piece.usageMetadata);
      if (usage !== undefined) events.push({ type: 'usage', usage });
      return events;
    },
    finish: () => (choices.size > 0 && [...choices.values()].every(({ isOver }) => isOver) ? [{ type: 'end' }] : []),
  };
}
