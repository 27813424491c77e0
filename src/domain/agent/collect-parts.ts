/** Gathers what a stream says of one answer, so that the next round can be told it whole. */

import type { AssistantPart, ChatEvent } from '../../contracts/chat.ts';

export interface PartCollector {
  take(event: ChatEvent): void;
  /** In the order they began. */
  parts(): readonly AssistantPart[];
}

type Growing = { value: AssistantPart; text: string; signature: string };

/** Of choice 0. */
export function createPartCollector(): PartCollector {
  const growing = new Map<number, Growing>();
  return {
    take(event) {
      if (!('part' in event) || event.choice !== 0) return;
      if (event.type === 'part-start') growing.set(event.part, { value: event.value, text: '', signature: '' });
      const part = growing.get(event.part);
      if (part === undefined) return;
      if (event.type === 'delta') part.text += event.text;
      if (event.type === 'signature') part.signature += event.signature;
    },
    parts: () => [...growing.values()].map(whole),
  };
}

function whole({ value, text, signature }: Growing): AssistantPart {
  switch (value.type) {
    case 'text':
    case 'refusal':
      return { ...value, text: value.text + text };
    case 'reasoning':
      return { ...value, text: value.text + text, ...signed(value.signature, signature) };
    case 'tool-call':
      return { ...value, arguments: value.arguments + text, ...signed(value.signature, signature) };
    default:
      return value;
  }
}

function signed(told: string | undefined, added: string): { readonly signature?: string } {
  return added === '' ? {} : { signature: (told ?? '') + added };
}
