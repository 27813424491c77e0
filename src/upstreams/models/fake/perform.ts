/** A script as an answer: whole, or as the events of a stream. */

import type { AssistantPart, ChatChoice, ChatEvent, ChatRequest, Usage } from '../../../contracts/chat.ts';
import { cutText, type Script, type ScriptPart, usageOf } from './script.ts';

/** Random hex digits, for ids. */
type RandomHex = (digits: number) => string;

export function usageFrom(script: Script, inputText: string): Usage | undefined {
  const told = usageOf(script, inputText);
  if (told === undefined) return undefined;
  return {
    ...{ inputTokens: told.input, outputTokens: told.output },
    ...(told.cached !== undefined && { cachedTokens: told.cached }),
    ...(told.reasoning !== undefined && { reasoningTokens: told.reasoning }),
  };
}

function partFrom(part: ScriptPart, { tools }: ChatRequest, randomHex: RandomHex): AssistantPart {
  if (part.type !== 'tool-call') return part;
  const tool = tools.find(({ name }) => name === part.name);
  return {
    ...{ type: 'tool-call', id: `call_${randomHex(24)}`, name: part.name, arguments: part.arguments },
    ...(tool?.type === 'function' && tool.namespace !== undefined && { namespace: tool.namespace }),
    ...(tool?.type === 'custom' && { custom: true }),
  };
}

export function choicesOf(script: Script, chat: ChatRequest, randomHex: RandomHex): ChatChoice[] {
  return Array.from({ length: chat.choices ?? 1 }, () => ({
    parts: script.parts.map((part) => partFrom(part, chat, randomHex)),
    stop: script.stop,
    ...(script.stop === 'stop-sequence' && chat.stop?.[0] !== undefined && { stopSequence: chat.stop[0] }),
  }));
}

/** What grows while a part is streamed. */
export function textIn(part: AssistantPart): string {
  if (part.type === 'tool-call') return part.arguments;
  return part.type === 'text' || part.type === 'reasoning' || part.type === 'refusal' ? part.text : '';
}

function emptied(part: AssistantPart): AssistantPart {
  if (part.type === 'tool-call') return { ...part, arguments: '' };
  return part.type === 'text' || part.type === 'reasoning' || part.type === 'refusal' ? { ...part, text: '' } : part;
}

/** The pieces of a stream, each what one read of the socket might bring. */
export function piecesOf(
  head: { readonly id: string; readonly model: string; readonly createdAtS: number },
  choices: readonly ChatChoice[],
  usage: Usage | undefined,
  chunks: number,
): ChatEvent[][] {
  const pieces: ChatEvent[][] = [[{ type: 'start', ...head }]];
  for (const [choice, { parts, stop, stopSequence }] of choices.entries()) {
    for (const [part, value] of parts.entries()) {
      const at = { choice, part };
      pieces.push([{ type: 'part-start', ...at, value: emptied(value) }]);
      for (const text of cutText(textIn(value), chunks)) pieces.push([{ type: 'delta', ...at, text }]);
      pieces.push([{ type: 'part-end', ...at }]);
    }
    pieces.push([{ type: 'choice-end', choice, stop, ...(stopSequence !== undefined && { stopSequence }) }]);
  }
  pieces.push([...(usage === undefined ? [] : [{ type: 'usage', usage } as const]), { type: 'end' }]);
  return pieces;
}
