/** What a stream of neutral events adds up to; fails where the stream breaks a rule of `ChatEvent`. */

import assert from 'node:assert/strict';
import type { AssistantPart, ChatEvent, StopReason, Usage } from '../../../src/contracts/chat.ts';

export interface JoinedAnswer {
  readonly parts: readonly AssistantPart[];
  readonly stop: StopReason | undefined;
  readonly stopSequence: string | undefined;
  readonly usage: Usage | undefined;
}

/** Of a stream with one choice. */
export function joinEvents(events: readonly ChatEvent[]): JoinedAnswer {
  const parts: AssistantPart[] = [];
  const open = new Set<number>();
  let ended: Extract<ChatEvent, { type: 'choice-end' }> | undefined;
  let usage: Usage | undefined;
  assert.equal(events[0]?.type, 'start', 'a stream begins with start');
  assert.equal(events.at(-1)?.type, 'end', 'a stream ends with end');
  const partOf = (index: number): AssistantPart => {
    const part = parts[index];
    assert.ok(part !== undefined && open.has(index), `part ${index} is not open`);
    return part;
  };
  for (const event of events)
    switch (event.type) {
      case 'part-start':
        assert.equal(event.part, parts.length, 'parts are numbered as they begin');
        open.add(event.part);
        parts.push(event.value);
        break;
      case 'delta': {
        const part = partOf(event.part);
        if (part.type === 'tool-call') parts[event.part] = { ...part, arguments: part.arguments + event.text };
        else if ('text' in part) parts[event.part] = { ...part, text: part.text + event.text };
        else assert.fail(`a ${part.type} part takes no deltas`);
        break;
      }
      case 'signature': {
        const part = partOf(event.part);
        assert.ok(part.type === 'reasoning' || part.type === 'tool-call');
        parts[event.part] = { ...part, signature: event.signature };
        break;
      }
      case 'part-end':
        partOf(event.part);
        open.delete(event.part);
        break;
      case 'choice-end':
        assert.equal(open.size, 0, 'every part is ended before its choice');
        ended = event;
        break;
      case 'usage':
        usage = event.usage;
    }
  return { parts, stop: ended?.stop, stopSequence: ended?.stopSequence, usage };
}
