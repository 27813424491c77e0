/** A whole answer as the object `response`. */

import type { AssistantPart, ChatAnswer } from '../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import {
  createItemIds,
  encodeCallSeal,
  encodeItem,
  encodeMessage,
  type ItemStatus,
  isSaid,
  type SaidPart,
} from './encode-items.ts';
import { createResponseWriter, endOf, responseId } from './response-object.ts';

/** Responses knows one answer, not several to choose from: the first. `body`: the request, parts of which are repeated. */
export function encodeAnswer(answer: ChatAnswer, body: JsonObject): JsonText {
  const { parts = [], stop = 'other' } = answer.choices[0] ?? {};
  const end = endOf(
    stop,
    parts.some(({ type }) => type === 'refusal'),
  );
  const status = end.status === 'incomplete' ? 'incomplete' : 'completed';
  const text = createResponseWriter(body)(answer, end, encodeParts(answer.id, parts, status), answer.usage);
  if (answer.portcullis === undefined) return text;
  return `${text.slice(0, -1)},"portcullis":${JSON.stringify(answer.portcullis)}}`;
}

/** `status`: of the last item; those before it are complete. */
function encodeParts(answerId: string, parts: readonly AssistantPart[], status: ItemStatus): readonly JsonObject[] {
  const items: JsonObject[] = [];
  const idOf = createItemIds(responseId(answerId));
  const newId = (prefix: string): string => idOf(prefix, items.length);
  let said: SaidPart[] = [];
  const endMessage = (how: ItemStatus): void => {
    if (said.length > 0) items.push(encodeMessage(newId('msg'), said, how));
    said = [];
  };
  for (const [i, part] of parts.entries()) {
    const how = i === parts.length - 1 ? status : 'completed';
    if (isSaid(part)) {
      if (said.length > 0 && said[0]?.extra?.phase !== part.extra?.phase) endMessage('completed');
      said.push(part);
      continue;
    }
    endMessage('completed');
    const item = encodeItem(part, newId, how);
    if (item !== undefined) items.push(item);
    const seal = encodeCallSeal(part, newId);
    if (seal !== undefined) items.push(seal);
  }
  endMessage(status);
  return items;
}
