/** A neutral conversation as the Messages API wants it: `system` apart, turns by turns, all results of tools in one turn. */

import type { ChatMessage } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import {
  type Encoding,
  encodeAssistantPart,
  encodeCache,
  encodeExtra,
  encodeUserPart,
  unsupported,
} from './encode-parts.ts';

export interface EncodedTurns {
  readonly system: readonly JsonObject[];
  readonly messages: readonly JsonObject[];
}

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: JsonObject[];
  readonly extra: JsonObject;
}

/** Throws ProviderFailure `unsupported`. */
export function encodeTurns(encoding: Encoding, messages: readonly ChatMessage[]): EncodedTurns {
  const system: JsonObject[] = [];
  const turns: Turn[] = [];
  for (const [i, message] of messages.entries()) {
    const path = `messages[${i}]`;
    if ('name' in message && message.name !== undefined && message.role !== 'tool')
      encoding.dropped.push(`${path}.name`);
    if (message.role === 'system') {
      // System words in mid-conversation need a beta that not every model has: they are put before it.
      if (turns.length > 0) encoding.dropped.push(`${path}.position`);
      encodeExtra({ ...encoding, isOwn: false }, message.extra, path);
      for (const [j, part] of message.parts.entries()) {
        if (part.type !== 'text') throw unsupported(`${path}.content[${j}]`, 'a system prompt holds text only');
        system.push(...encodeUserPart(encoding, part, `${path}.content[${j}]`));
      }
      continue;
    }
    const content = encodeContent(encoding, message, path);
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const extra = message.role === 'tool' ? {} : encodeExtra(encoding, message.extra, path);
    if (content.length > 0) addTurn(turns, { role, content: [...content], extra });
  }
  return { system, messages: turns.map(({ role, content, extra }) => ({ role, content, ...extra })) };
}

/** Turns have to alternate. Results of tools go before what is said with them. */
function addTurn(turns: Turn[], turn: Turn): void {
  const last = turns.at(-1);
  if (last === undefined || last.role !== turn.role) {
    turns.push(turn);
    return;
  }
  Object.assign(last.extra, turn.extra);
  const results = turn.content.filter(({ type }) => type === 'tool_result');
  const at = last.content.findLastIndex(({ type }) => type === 'tool_result') + 1;
  last.content.splice(at, 0, ...results);
  last.content.push(...turn.content.filter(({ type }) => type !== 'tool_result'));
}

function encodeContent(
  encoding: Encoding,
  message: Exclude<ChatMessage, { readonly role: 'system' }>,
  path: string,
): readonly JsonObject[] {
  const at = (j: number): string => `${path}.content[${j}]`;
  switch (message.role) {
    case 'user':
      return message.parts.flatMap((part, j) => encodeUserPart(encoding, part, at(j)));
    case 'assistant':
      return message.parts.flatMap((part, j) => encodeAssistantPart(encoding, part, at(j)));
    case 'tool': {
      const content = message.parts.flatMap((part, j) => encodeUserPart(encoding, part, at(j)));
      return [
        {
          type: 'tool_result',
          tool_use_id: encoding.names.callId(message.callId),
          ...(content.length === 0 ? {} : { content }),
          ...(message.isError === undefined ? {} : { is_error: message.isError }),
          ...encodeCache(message.cache),
          ...encodeExtra(encoding, message.extra, path),
        },
      ];
    }
  }
}
