/** A stream's events put together into the answer they tell of; throws where they are out of order. */

import assert from 'node:assert/strict';
import type { AssistantPart, ChatAnswer, ChatChoice, ChatEvent } from '../../src/contracts/chat.ts';

interface OpenChoice {
  readonly parts: AssistantPart[];
  readonly open: Set<number>;
  end: Omit<ChatChoice, 'parts'> | undefined;
}

export function foldEvents(events: readonly ChatEvent[]): ChatAnswer {
  const choices: OpenChoice[] = [];
  let head: Extract<ChatEvent, { readonly type: 'start' }> | undefined;
  let usage: ChatAnswer['usage'];
  let isOver = false;
  const choiceAt = (i: number): OpenChoice => {
    const known = choices[i];
    if (known !== undefined) return known;
    const made: OpenChoice = { parts: [], open: new Set(), end: undefined };
    choices[i] = made;
    return made;
  };
  const at = (event: { readonly choice: number; readonly part: number }): OpenChoice => {
    const choice = choices[event.choice];
    assert.ok(choice !== undefined, `choice ${event.choice} has not begun`);
    assert.ok(choice.open.has(event.part), `part ${event.part} is not open`);
    return choice;
  };
  for (const event of events) {
    assert.ok(!isOver, 'something came after the end');
    assert.ok(head !== undefined || event.type === 'start', `${event.type} before the start`);
    switch (event.type) {
      case 'start':
        assert.equal(head, undefined);
        head = event;
        break;
      case 'part-start': {
        const choice = choiceAt(event.choice);
        assert.equal(choice.end, undefined);
        assert.equal(event.part, choice.parts.length);
        choice.parts.push(event.value);
        choice.open.add(event.part);
        break;
      }
      case 'delta': {
        const { parts } = at(event);
        const part = parts[event.part] as AssistantPart;
        assert.ok('text' in part || 'arguments' in part);
        parts[event.part] =
          'arguments' in part
            ? { ...part, arguments: part.arguments + event.text }
            : { ...part, text: part.text + event.text };
        break;
      }
      case 'signature': {
        const { parts } = at(event);
        const part = parts[event.part] as Extract<AssistantPart, { readonly type: 'reasoning' | 'tool-call' }>;
        parts[event.part] = { ...part, signature: (part.signature ?? '') + event.signature };
        break;
      }
      case 'part-end':
        at(event).open.delete(event.part);
        break;
      case 'choice-end': {
        const choice = choiceAt(event.choice);
        assert.equal(choice.open.size, 0, 'a part is still open');
        const { stop, stopSequence } = event;
        choice.end = stopSequence === undefined ? { stop } : { stop, stopSequence };
        break;
      }
      case 'usage':
        usage = event.usage;
        break;
      case 'end':
        isOver = true;
    }
  }
  assert.ok(head !== undefined && isOver, 'no start, or no end');
  const { id, model, createdAtS } = head;
  return {
    ...{ id, model, createdAtS, usage },
    choices: choices.map(({ parts, end }) => {
      assert.ok(end !== undefined, 'a choice without its end');
      return { parts, ...end };
    }),
  };
}
