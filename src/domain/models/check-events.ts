/**
 * Holds a stream of neutral events to what `ChatEvent` promises, whatever its provider sent: it begins once, parts are open
 * while something is added to them, every choice ends, and nothing comes after. Made for one stream.
 */

import type { ChatEvent } from '../../contracts/chat.ts';
import { ProviderFailure } from '../../contracts/models.ts';
import { type CheckDeps, checkHead, createCallCheck } from './check-answer.ts';
import { checkUsage } from './check-usage.ts';

/** Gives back the same list where every event may go on as it is. Throws ProviderFailure `malformed`. */
export type CheckEvents = (events: readonly ChatEvent[]) => readonly ChatEvent[];

interface Choice {
  readonly index: number;
  readonly checkCall: ReturnType<typeof createCallCheck>;
  readonly open: Set<number>;
  parts: number;
  isOver: boolean;
}
type PartEvent = Extract<ChatEvent, { readonly part: number }>;

/** More than anybody asks for. */
const MAX_CHOICES = 128;

export function createEventCheck(deps: CheckDeps): CheckEvents {
  const choices: Choice[] = [];
  let last: Choice | undefined;
  let hasBegun = false;
  let isOver = false;

  /** Most events are of the choice of the one before. */
  const choiceAt = (index: number): Choice => {
    if (last?.index === index) return last;
    last = choices.find((each) => each.index === index);
    if (last !== undefined) return last;
    if (!Number.isInteger(index) || index < 0 || index >= MAX_CHOICES) throw malformed('a choice without a place');
    last = { index, checkCall: createCallCheck(deps), open: new Set(), parts: 0, isOver: false };
    choices.push(last);
    return last;
  };

  const endAll = (event: ChatEvent): ChatEvent | readonly ChatEvent[] => {
    if (choices.length === 0) throw malformed('a stream without an answer');
    isOver = true;
    const ends = choices
      .filter((choice) => !choice.isOver)
      .flatMap((choice) => endChoice(choice, { type: 'choice-end', choice: choice.index, stop: 'other' }));
    return ends.length === 0 ? event : [...ends, event];
  };

  /** One event as it may go on; an empty list where it says nothing. */
  const check = (event: ChatEvent): ChatEvent | readonly ChatEvent[] => {
    if (isOver) return NOTHING;
    if (event.type === 'start') {
      if (hasBegun) throw malformed('a stream that begins twice');
      hasBegun = true;
      return checkHead(event, deps);
    }
    if (!hasBegun) throw malformed('a stream that goes on before it began');
    switch (event.type) {
      case 'usage': {
        const usage = checkUsage(event.usage);
        if (usage === event.usage) return event;
        return usage === undefined ? NOTHING : { type: 'usage', usage };
      }
      case 'portcullis':
        return event;
      case 'end':
        return endAll(event);
      case 'choice-end': {
        const choice = choiceAt(event.choice);
        return choice.isOver ? NOTHING : endChoice(choice, event);
      }
      default:
        return checkPart(choiceAt(event.choice), event);
    }
  };

  return (events) => {
    let checked: ChatEvent[] | undefined;
    let same = 0;
    for (const event of events) {
      const result = check(event);
      if (checked === undefined) {
        if (result === event) {
          same++;
          continue;
        }
        checked = events.slice(0, same);
      }
      if ('type' in result) checked.push(result);
      else checked.push(...result);
    }
    return checked ?? events;
  };
}

const NOTHING: readonly ChatEvent[] = Object.freeze([]);

function checkPart(choice: Choice, event: PartEvent): ChatEvent | readonly ChatEvent[] {
  // Some close what they have closed already.
  if (event.type === 'part-end') return choice.open.delete(event.part) ? event : NOTHING;
  if (choice.isOver) throw malformed('a choice that goes on after its end');
  if (event.type === 'part-start') {
    if (event.part !== choice.parts) throw malformed('a part out of its order');
    choice.open.add(choice.parts++);
    const value = choice.checkCall(event.value);
    return value === event.value ? event : { ...event, value };
  }
  if (choice.open.has(event.part)) return event;
  if (event.type === 'signature') return NOTHING;
  throw malformed('more of a part that is over');
}

/** With the ends of what is open still. */
function endChoice(choice: Choice, event: ChatEvent): ChatEvent | readonly ChatEvent[] {
  choice.isOver = true;
  if (choice.open.size === 0) return event;
  const ends = [...choice.open].map((part): ChatEvent => ({ type: 'part-end', choice: choice.index, part }));
  choice.open.clear();
  return [...ends, event];
}

const malformed = (what: string): ProviderFailure => new ProviderFailure('malformed', what);
