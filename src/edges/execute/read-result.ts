/** Results of tools, taken apart for dialects that have no such thing. */

import type { McpOutcome } from '../../contracts/call.ts';
import type { JsonText } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { memberText } from '../../lib/json-text.ts';

export type ResultPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly mimeType: string; readonly base64: string };

export interface ReadResult {
  /** None is empty. */
  readonly parts: readonly ResultPart[];
  /** `structuredContent` to the byte, an object; undefined: there is none. */
  readonly structured: JsonText | undefined;
  /** The tool says that it failed, or its server does. */
  readonly isError: boolean;
}

/** What a dialect cannot carry is told as a text in its place. */
export function readResult(outcome: McpOutcome): ReadResult {
  const value: unknown = JSON.parse(outcome.text);
  if (outcome.type === 'rpc-error') {
    const message =
      isObject(value) && typeof value.message === 'string' ? value.message : 'The server refused the call';
    return { parts: [{ type: 'text', text: message }], structured: undefined, isError: true };
  }
  const { isError } = outcome;
  if (!isObject(value)) return { parts: [], structured: undefined, isError };
  const structured = isObject(value.structuredContent) ? memberText(outcome.text, 'structuredContent') : undefined;
  const parts = Array.isArray(value.content) ? value.content.flatMap(readPart) : [];
  if (parts.length === 0 && structured !== undefined) parts.push({ type: 'text', text: structured });
  return { parts, structured, isError };
}

function readPart(content: unknown): ResultPart[] {
  if (!isObject(content)) return [];
  const { type, text, data, mimeType, uri, resource } = content;
  switch (type) {
    case 'text':
      return typeof text === 'string' && text !== '' ? [{ type: 'text', text }] : [];
    case 'image':
      return [{ type: 'image', mimeType: textOr(mimeType, 'image/png'), base64: textOr(data, '') }];
    case 'resource_link':
      return [note(`resource ${textOr(uri, '')}`)];
    case 'resource': {
      if (!isObject(resource)) return [];
      if (typeof resource.text === 'string') return resource.text === '' ? [] : [{ type: 'text', text: resource.text }];
      const kind = textOr(resource.mimeType, 'application/octet-stream');
      if (kind.startsWith('image/') && typeof resource.blob === 'string')
        return [{ type: 'image', mimeType: kind, base64: resource.blob }];
      return [note(`${kind} resource ${textOr(resource.uri, '')}, ${bytesOf(resource.blob)} bytes, not shown`)];
    }
    default:
      return [note(`${textOr(mimeType, textOr(type, 'content'))}, ${bytesOf(data)} bytes, not shown`)];
  }
}

/** In the place of an image where only text can stand. */
export function imageNote({ mimeType, base64 }: Extract<ResultPart, { type: 'image' }>): string {
  return `[${mimeType}, ${bytesOf(base64)} bytes, not shown]`;
}

const note = (what: string): ResultPart => ({ type: 'text', text: `[${what}]` });

const textOr = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);

const bytesOf = (base64: unknown): number =>
  typeof base64 === 'string' ? Math.floor((base64.replace(/=+$/, '').length * 3) / 4) : 0;
