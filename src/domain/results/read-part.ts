/** A piece of a kept result, as the answer to resources/read: the piece, and where to go on. */

import type { JsonText } from '../../contracts/json.ts';
import { scanElements, scanMembers } from '../../lib/json-text.ts';
import { type ResultPart, resultUri } from './result-uri.ts';

/** Of our own in `_meta` of such an answer. */
const PAGE_KEY = 'portcullis.dev/page';

/** The value a JSON pointer (RFC 6901) leads to, or undefined. Throws DuplicateMemberError. */
export function followPointer(text: JsonText, pointer: string): JsonText | undefined {
  let at: JsonText | undefined = text;
  for (const token of pointer.split('/').slice(1)) {
    if (at === undefined) return undefined;
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    const value: JsonText = at;
    const found: { readonly start: number; readonly end: number } | undefined = value.startsWith('[')
      ? /^(0|[1-9]\d*)$/.test(key)
        ? scanElements(value)[Number(key)]
        : undefined
      : member(value, key);
    at = found && value.slice(found.start, found.end);
  }
  return at;
}

function member(text: JsonText, key: string): { readonly start: number; readonly end: number } | undefined {
  const found = scanMembers(text).find((each) => each.key === key);
  return found && { start: found.valueStart, end: found.valueEnd };
}

function isInside(bytes: Buffer, at: number): boolean {
  const byte = bytes[at];
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** From the start of the character at `from`, at most `count` bytes (but one character at least), never part of one. */
export function sliceCharacters(
  bytes: Buffer,
  from: number,
  count: number,
): { readonly from: number; readonly to: number } {
  let start = Math.min(from, bytes.length);
  while (isInside(bytes, start)) start--;
  let to = Math.min(start + count, bytes.length);
  while (to > start && isInside(bytes, to)) to--;
  if (to === start && start < bytes.length) for (to = start + 1; isInside(bytes, to); ) to++;
  return { from: start, to };
}

/** The answer to resources/read of `uri`; undefined if nothing is at the path. Throws DuplicateMemberError. */
export function readPart(text: JsonText, uri: string, part: ResultPart): JsonText | undefined {
  const value = followPointer(text, part.path);
  if (value === undefined) return undefined;
  const isText = value.startsWith('"');
  const bytes = Buffer.from(isText ? (JSON.parse(value) as string) : value);
  const { from, to } = sliceCharacters(bytes, part.from, part.bytes);
  const isWhole = from === 0 && to === bytes.length;
  const next = to < bytes.length ? resultUri(part.id, { ...part, from: to }) : undefined;
  const contents = [
    { uri, mimeType: isWhole && !isText ? 'application/json' : 'text/plain', text: bytes.toString('utf8', from, to) },
  ];
  // Not every client shows `_meta` to its model.
  if (next !== undefined)
    contents.push({
      uri: next,
      mimeType: 'text/plain',
      text: `[Bytes ${from} to ${to} of ${bytes.length}. Go on with ${next}]`,
    });
  return JSON.stringify({ contents, _meta: { [PAGE_KEY]: { from, to, of: bytes.length, next } } });
}
