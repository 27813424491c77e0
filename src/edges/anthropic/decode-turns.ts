/** The conversation of a Messages request: its system prompt and its turns, one neutral message for each result of a tool. */

import type { ChatMessage, UserPart } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject, JsonText, ParsedJson } from '../../contracts/json.ts';
import { DuplicateMemberError, elementTexts, memberText } from '../../lib/json-text.ts';
import { blocksOf, decodeAssistantBlock, decodeUserBlock } from './decode-blocks.ts';
import { flagOf, invalid, objectsOf, optional, readCache, rest, textOf } from './read-members.ts';

/** Throws GatewayError `invalid_params` that names the field. */
export function decodeTurns(body: ParsedJson): readonly ChatMessage[] {
  const { system, messages } = body.value;
  if (!Array.isArray(messages)) throw invalid('messages', 'must be a list');
  if (messages.length === 0) throw invalid('messages', 'must not be empty');
  const turns = objectsOf(messages, 'messages');
  const inputOf = createInputReader(body.text);
  /** Names of tools by the id of their call, for results that follow. */
  const names = new Map<string, string>();
  const decoded = turns.flatMap((turn, i): readonly ChatMessage[] => {
    const path = `messages[${i}]`;
    if (turn.content === undefined || turn.content === null)
      throw invalid(`${path}.content`, 'must be a text or a list');
    const blocks = blocksOf(turn.content, `${path}.content`);
    const extra = rest(turn, ['role', 'content']);
    const at = (j: number): string => `${path}.content[${j}]`;
    switch (turn.role) {
      case 'system':
        return [{ role: 'system', parts: blocks.map((block, j) => decodeUserBlock(block, at(j))), ...extra }];
      case 'assistant': {
        const parts = blocks.map((block, j) => decodeAssistantBlock(block, at(j), () => inputOf(i, j)));
        for (const part of parts) if (part.type === 'tool-call') names.set(part.id, part.name);
        return [{ role: 'assistant', parts, ...extra }];
      }
      case 'user':
        return splitUserTurn(blocks, at, names).map((message) => ({ ...message, ...extra }));
      default:
        throw invalid(`${path}.role`, 'must be user, assistant or system');
    }
  });
  if (system === undefined || system === null) return decoded;
  const parts = blocksOf(system, 'system').map((block, j) => decodeUserBlock(block, `system[${j}]`));
  return parts.length === 0 ? decoded : [{ role: 'system', parts }, ...decoded];
}

/** Results of tools become messages of their own; what stands between and after them stays in its order. */
function splitUserTurn(
  blocks: readonly JsonObject[],
  at: (j: number) => string,
  names: ReadonlyMap<string, string>,
): readonly ChatMessage[] {
  const messages: ChatMessage[] = [];
  let parts: UserPart[] = [];
  const close = (): void => {
    if (parts.length > 0) messages.push({ role: 'user', parts });
    parts = [];
  };
  for (const [j, block] of blocks.entries()) {
    if (block.type !== 'tool_result') {
      parts.push(decodeUserBlock(block, at(j)));
      continue;
    }
    close();
    const callId = textOf(block.tool_use_id, `${at(j)}.tool_use_id`);
    const content = blocksOf(block.content, `${at(j)}.content`);
    messages.push({
      role: 'tool',
      callId,
      ...optional('name', names.get(callId)),
      parts: content.map((each, k) => decodeUserBlock(each, `${at(j)}.content[${k}]`)),
      ...optional('isError', flagOf(block.is_error, `${at(j)}.is_error`)),
      ...optional('cache', readCache(block.cache_control, `${at(j)}.cache_control`)),
      ...rest(block, ['type', 'tool_use_id', 'content', 'is_error', 'cache_control']),
    });
  }
  close();
  return messages;
}

/** Arguments of calls as they are spelt: a number that is parsed and written again may be another one. */
function createInputReader(text: JsonText): (message: number, block: number) => JsonText {
  let turns: readonly string[] | undefined;
  const blocks = new Map<number, readonly string[]>();
  return (message, block) => {
    try {
      turns ??= elementTexts(memberText(text, 'messages') ?? '[]');
      let contents = blocks.get(message);
      if (contents === undefined) {
        contents = elementTexts(memberText(turns[message] ?? '{}', 'content') ?? '[]');
        blocks.set(message, contents);
      }
      return memberText(contents[block] ?? '{}', 'input') ?? '{}';
    } catch (error) {
      if (error instanceof DuplicateMemberError)
        throw new GatewayError('invalid_params', `messages[${message}]: ${error.message}`);
      throw error;
    }
  };
}

/** Names of the tools that results of a client's own tool search refer to. */
export function foundTools(messages: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (blocks: unknown): void => {
    if (!Array.isArray(blocks)) return;
    for (const block of blocks as readonly (JsonObject | null)[]) {
      if (typeof block !== 'object' || block === null) continue;
      if (block.type === 'tool_reference' && typeof block.tool_name === 'string') found.add(block.tool_name);
      if (block.type === 'tool_result') visit(block.content);
    }
  };
  if (Array.isArray(messages)) for (const message of messages) visit((message as JsonObject | null)?.content);
  return found;
}
