/** What a script gets of a tool's answer: the value itself where there is one, text, and handles in the place of media. */

import type { JsonText } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { elementTexts, memberText } from '../../lib/json-text.ts';

/** A block that is no text, as its server sent it; a script holds its name. */
export interface MediaBlock {
  readonly name: string;
  readonly block: JsonText;
}

export type Unwrapped =
  | { readonly type: 'value'; readonly value: JsonText; readonly media: readonly MediaBlock[] }
  /** What its server says went wrong. */
  | { readonly type: 'error'; readonly message: string };

/** The member that says that an object of a script stands for a block. */
const MEDIA_MEMBER = 'media';

/**
 * `text`: the result of tools/call, or its JSON-RPC error. Structured content wins; else a text that is a JSON object or array is
 * that; else text. Several blocks become a list, unless all of them are plain text. `nameMedia` gives each handle its name.
 */
export function unwrapResult(type: 'result' | 'rpc-error', text: JsonText, nameMedia: () => string): Unwrapped {
  const parsed: unknown = JSON.parse(text);
  if (!isObject(parsed)) return { type: 'error', message: 'the tool gave no result that could be understood' };
  if (type === 'rpc-error')
    return { type: 'error', message: typeof parsed.message === 'string' ? parsed.message : 'an error without words' };
  if (parsed.resultType !== undefined && parsed.resultType !== 'complete')
    return { type: 'error', message: 'the tool asks its caller for more, which a script cannot answer' };
  const contentText = memberText(text, 'content');
  const blocks = contentText?.startsWith('[') === true ? elementTexts(contentText) : [];
  const media: MediaBlock[] = [];
  const values = blocks.map((block) => readBlock(block, nameMedia, media));
  if (parsed.isError === true) return { type: 'error', message: wordsOf(values) };
  const structured = memberText(text, 'structuredContent');
  if (structured !== undefined && structured !== 'null') return { type: 'value', value: structured, media };
  return { type: 'value', value: joined(values), media };
}

interface BlockValue {
  readonly value: JsonText;
  /** Undefined: it is no plain text. */
  readonly plain: string | undefined;
}

function joined(values: readonly BlockValue[]): JsonText {
  const [only] = values;
  if (only === undefined) return 'null';
  if (values.length === 1) return only.value;
  const plains = values.map(({ plain }) => plain);
  if (plains.every((plain) => plain !== undefined)) return JSON.stringify(plains.join('\n'));
  return `[${values.map(({ value }) => value).join(',')}]`;
}

function wordsOf(values: readonly BlockValue[]): string {
  const words = values.map(({ plain, value }) => plain ?? value).join('\n');
  return words.trim() === '' ? 'the tool failed and did not say why' : words;
}

function readBlock(block: JsonText, nameMedia: () => string, media: MediaBlock[]): BlockValue {
  const parsed: unknown = JSON.parse(block);
  if (!isObject(parsed)) return { value: block, plain: undefined };
  if (parsed.type === 'text' && typeof parsed.text === 'string') return readText(parsed.text);
  if (parsed.type === 'resource' && isObject(parsed.resource)) {
    if (typeof parsed.resource.text === 'string') return readText(parsed.resource.text);
    return handle(parsed.resource, parsed.resource.blob);
  }
  if (parsed.type === 'resource_link') {
    const { uri, name, mimeType, description } = parsed;
    return { value: JSON.stringify({ uri, name, mimeType, description }), plain: undefined };
  }
  return handle(parsed, parsed.data);

  function handle(of: { readonly [name: string]: unknown }, data: unknown): BlockValue {
    const name = nameMedia();
    media.push({ name, block });
    const bytes = typeof data === 'string' ? Math.floor((data.length * 3) / 4) : undefined;
    const value = JSON.stringify({ [MEDIA_MEMBER]: name, type: of.type, mimeType: of.mimeType, uri: of.uri, bytes });
    return { value, plain: undefined };
  }
}

/** Only objects and arrays are taken for JSON: a text that reads `123` or `true` may be an id, or a word. */
function readText(text: string): BlockValue {
  const trimmed = text.trim();
  if (/^[[{]/.test(trimmed)) {
    try {
      JSON.parse(trimmed);
      return { value: trimmed, plain: undefined };
    } catch {
      // It only looks like it.
    }
  }
  return { value: JSON.stringify(text), plain: text };
}

/** The blocks whose handles stand anywhere in `value`, each once. */
export function mediaIn(value: JsonText, known: ReadonlyMap<string, MediaBlock>): readonly MediaBlock[] {
  if (known.size === 0) return [];
  return [...known.values()].filter(({ name }) => value.includes(JSON.stringify(name)));
}
