/** The calls of tools in an answer, whole or as it comes. */

import type { ChatAnswer, ChatEvent, ToolCallPart } from '../../contracts/chat.ts';

export function callsIn({ choices }: ChatAnswer): readonly ToolCallPart[] {
  return choices.flatMap(({ parts }) => parts.filter((part): part is ToolCallPart => part.type === 'tool-call'));
}

/** Made for one stream: the calls that these events complete. */
export function createCollectCalls(): (events: readonly ChatEvent[]) => readonly ToolCallPart[] {
  const open = new Map<string, ToolCallPart & { arguments: string }>();
  return (events) => {
    let whole: ToolCallPart[] | undefined;
    for (const event of events) {
      if (!('part' in event)) continue;
      const place = `${event.choice} ${event.part}`;
      if (event.type === 'part-start') {
        if (event.value.type === 'tool-call') open.set(place, { ...event.value });
        continue;
      }
      const call = open.get(place);
      if (call === undefined) continue;
      if (event.type === 'delta') open.set(place, { ...call, arguments: call.arguments + event.text });
      else if (event.type === 'part-end') {
        open.delete(place);
        whole ??= [];
        whole.push(call);
      }
    }
    return whole ?? [];
  };
}
