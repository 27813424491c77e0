/**
 * Calls without arguments: some providers write nothing at all for them (Anthropic streams no piece, some vLLM templates an
 * empty text), and clients of every dialect parse what is there. So it is an empty object, for all edges in one place.
 */

import type { AssistantPart, ChatAnswer, ChatEvent } from '../../contracts/chat.ts';

const NO_ARGUMENTS = '{}';

function isBare(part: AssistantPart): boolean {
  return part.type === 'tool-call' && part.custom !== true && part.arguments.trim() === '';
}

/** The same answer if every call has arguments. */
export function fillAnswer(answer: ChatAnswer): ChatAnswer {
  if (!answer.choices.some(({ parts }) => parts.some(isBare))) return answer;
  const fill = (part: AssistantPart): AssistantPart =>
    part.type === 'tool-call' && isBare(part) ? { ...part, arguments: NO_ARGUMENTS } : part;
  return { ...answer, choices: answer.choices.map((choice) => ({ ...choice, parts: choice.parts.map(fill) })) };
}

/** Made for one stream. */
export function createFillEvents(): (events: readonly ChatEvent[]) => readonly ChatEvent[] {
  /** Calls that began with nothing, and of which nothing has come yet. */
  const bare = new Set<string>();

  const fill = (event: ChatEvent): ChatEvent | readonly ChatEvent[] => {
    if (!('part' in event)) return event;
    const { choice, part } = event;
    const id = `${choice} ${part}`;
    if (event.type === 'part-start' && isBare(event.value)) bare.add(id);
    else if (event.type === 'delta' && event.text.trim() !== '') bare.delete(id);
    else if (event.type === 'part-end' && bare.delete(id))
      return [{ type: 'delta', choice, part, text: NO_ARGUMENTS }, event];
    return event;
  };

  return (events) =>
    bare.size > 0 || events.some(({ type }) => type === 'part-start') ? events.flatMap(fill) : events;
}
