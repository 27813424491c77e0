/** Content blocks of a Messages request, one by one, in neutral words. */

import type { AssistantPart, MediaSource, UserPart } from '../../contracts/chat.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { invalid, objectOf, objectsOf, optional, readCache, rest, textOf, wordOf } from './read-members.ts';

/** Content as a text or as blocks. Throws GatewayError `invalid_params`. */
export function blocksOf(content: unknown, path: string): readonly JsonObject[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  const blocks = objectsOf(content, path);
  for (const [i, block] of blocks.entries()) textOf(block.type, `${path}[${i}].type`);
  return blocks;
}

const foreign = (value: JsonObject) => ({ type: 'foreign', dialect: 'anthropic', value }) as const;

const text = (block: JsonObject, path: string) =>
  ({
    type: 'text',
    text: textOf(block.text, `${path}.text`),
    ...optional('cache', readCache(block.cache_control, `${path}.cache_control`)),
    ...rest(block, ['type', 'text', 'cache_control']),
  }) as const;

/** What a person, the system or a tool said. What only Anthropic understands stays a foreign part. */
export function decodeUserBlock(block: JsonObject, path: string): UserPart {
  switch (block.type) {
    case 'text':
      return text(block, path);
    case 'image':
    case 'document': {
      const source = decodeSource(objectOf(block.source, `${path}.source`) ?? {}, `${path}.source`);
      if (source === undefined) return foreign(block);
      return {
        type: block.type,
        source,
        ...optional('name', typeof block.title === 'string' ? block.title : undefined),
        ...optional('cache', readCache(block.cache_control, `${path}.cache_control`)),
        ...rest(block, ['type', 'source', 'title', 'cache_control']),
      };
    }
    case 'search_result':
      return {
        type: 'text',
        text: renderSearchResult(block, path),
        ...optional('cache', readCache(block.cache_control, `${path}.cache_control`)),
      };
    // The tool itself is among the tools, and deferred no more; what is left to say is that it was found.
    case 'tool_reference':
      return { type: 'text', text: `Found the tool ${textOf(block.tool_name, `${path}.tool_name`)}.` };
    default:
      return foreign(block);
  }
}

/** What the model said. `input`: the arguments of a call as they are spelt. */
export function decodeAssistantBlock(block: JsonObject, path: string, input: () => JsonText): AssistantPart {
  switch (block.type) {
    case 'text':
      return text(block, path);
    case 'thinking':
      return {
        type: 'reasoning',
        text: textOf(block.thinking, `${path}.thinking`),
        ...optional('signature', wordOf(block.signature, `${path}.signature`)),
        ...rest(block, ['type', 'thinking', 'signature', 'cache_control']),
      };
    case 'redacted_thinking':
      return { type: 'reasoning', text: '', sealed: textOf(block.data, `${path}.data`) };
    case 'tool_use':
      objectOf(block.input, `${path}.input`);
      return {
        type: 'tool-call',
        id: textOf(block.id, `${path}.id`),
        name: textOf(block.name, `${path}.name`),
        arguments: input(),
        ...optional('cache', readCache(block.cache_control, `${path}.cache_control`)),
        ...rest(block, ['type', 'id', 'name', 'input', 'cache_control']),
      };
    case 'image':
    case 'document':
      return decodeUserBlock(block, path);
    default:
      return foreign(block);
  }
}

/** Undefined: a source that is made of blocks. */
function decodeSource(source: JsonObject, path: string): MediaSource | undefined {
  switch (source.type) {
    case 'base64':
      return {
        type: 'base64',
        mediaType: textOf(source.media_type, `${path}.media_type`),
        data: textOf(source.data, `${path}.data`),
      };
    case 'text':
      return {
        type: 'base64',
        mediaType: textOf(source.media_type ?? 'text/plain', `${path}.media_type`),
        data: Buffer.from(textOf(source.data, `${path}.data`), 'utf8').toString('base64'),
      };
    case 'url':
      return { type: 'url', url: textOf(source.url, `${path}.url`) };
    case 'file':
      return { type: 'file', fileId: textOf(source.file_id, `${path}.file_id`) };
    case 'content':
      return undefined;
    default:
      throw invalid(`${path}.type`, 'must be base64, text, url, file or content');
  }
}

/** Other models have no search results; its words do not get lost. */
function renderSearchResult(block: JsonObject, path: string): string {
  const words = blocksOf(block.content, `${path}.content`).map((each) =>
    isObject(each) ? String(each.text ?? '') : '',
  );
  return [block.title, block.source, ...words].filter((each) => typeof each === 'string' && each !== '').join('\n');
}
