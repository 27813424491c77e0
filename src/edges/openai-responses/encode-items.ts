/** From the parts of an answer to output items; each is written twice in a stream: empty when it begins, and whole. */

import type { AssistantPart, RefusalPart, TextPart } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { encodeSeal } from './seals.ts';

export type SaidPart = TextPart | RefusalPart;
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

/** Text and declining stand in messages; everything else is an item of its own. */
export const isSaid = (part: AssistantPart): part is SaidPart => part.type === 'text' || part.type === 'refusal';

/** Ids of the items of one answer: made from its own, so that they differ from those of every other. */
export function createItemIds(responseId: string): (prefix: string, index: number) => string {
  const base = responseId.replace(/^resp_/, '').replace(/[^a-zA-Z0-9]/g, '');
  return (prefix, index) => `${prefix}_${base}${String(index).padStart(3, '0')}`;
}

export function encodeMessage(id: string, content: readonly SaidPart[], status: ItemStatus): JsonObject {
  const phase = content[0]?.extra?.phase;
  return {
    ...{ id, type: 'message', role: 'assistant', status, content: content.map(encodeSaid) },
    ...(phase === undefined ? {} : { phase }),
  };
}

export function encodeSaid(part: SaidPart): JsonObject {
  if (part.type === 'refusal') return { type: 'refusal', refusal: part.text };
  const { annotations = [], logprobs = [] } = part.extra ?? {};
  return { type: 'output_text', text: part.text, annotations, logprobs };
}

/** Undefined: Responses cannot say it. */
export function encodeItem(
  part: Exclude<AssistantPart, SaidPart>,
  newId: (prefix: string) => string,
  status: ItemStatus,
): JsonObject | undefined {
  switch (part.type) {
    case 'reasoning': {
      const seal =
        part.sealed !== undefined
          ? encodeSeal({ type: 'redacted', sealed: part.sealed })
          : part.signature !== undefined
            ? encodeSeal({ type: 'signature', signature: part.signature })
            : undefined;
      return {
        ...{ id: part.id ?? newId('rs'), type: 'reasoning' },
        summary: part.text === '' ? [] : [{ type: 'summary_text', text: part.text }],
        ...(seal === undefined ? {} : { encrypted_content: seal }),
      };
    }
    case 'tool-call': {
      const call = { call_id: part.id, name: part.name, ...(part.namespace && { namespace: part.namespace }) };
      return part.custom
        ? { id: newId('ctc'), type: 'custom_tool_call', status, ...call, input: part.arguments }
        : { id: newId('fc'), type: 'function_call', status, ...call, arguments: part.arguments };
    }
    case 'image': {
      if (part.source.type !== 'base64') return undefined;
      const { mediaType, data } = part.source;
      const output_format = mediaType.replace(/^image\//, '');
      return { id: newId('ig'), type: 'image_generation_call', status: 'completed', output_format, result: data };
    }
    case 'audio':
    case 'document':
    case 'video':
      return undefined;
    case 'foreign':
      return part.dialect === 'openai-responses' ? part.value : undefined;
  }
}

/** A call's own signature goes in an item after it, where clients keep and return what they cannot read. */
export function encodeCallSeal(part: AssistantPart, newId: (prefix: string) => string): JsonObject | undefined {
  if (part.type !== 'tool-call' || part.signature === undefined) return undefined;
  const encrypted_content = encodeSeal({ type: 'call', callId: part.id, signature: part.signature });
  return { id: newId('rs'), type: 'reasoning', summary: [], encrypted_content };
}
