/** Shortening JSON so that it stays JSON of the same shape: fewer elements, shorter texts, the same members as far as they fit. */

import type { JsonText } from '../../contracts/json.ts';
import { scanElements, scanMembers } from '../../lib/json-text.ts';
import { countFitting, fairShares } from './fair-shares.ts';
import { takeText } from './take-text.ts';

/** What was left out where: characters of a text, elements of an array, members of an object. */
export interface Cut {
  /** JSON pointer. */
  readonly path: string;
  readonly kept: number;
  readonly of: number;
}

/** What lies deeper is emptied rather than looked into. */
const MAX_DEPTH = 64;
const ELLIPSIS = '…';
const ELLIPSIS_BYTES = 3;

/** An element worth less than this part of the room that is left is not begun, if there are others before it. */
const WORTH = 0.5;

const bytesOf = (text: string): number => Buffer.byteLength(text);

/** The shortest value of the same type; a number or literal cannot be shortened. */
export function emptyOf(text: JsonText): JsonText {
  switch (text[0]) {
    case '"':
      return '""';
    case '[':
      return '[]';
    case '{':
      return '{}';
    default:
      return text;
  }
}

const escapeToken = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * `text`, a valid value without white space around it, in at most `maxBytes` of UTF-8 (but never less than an empty value
 * of its type needs). What was cut is added to `cuts`, outermost first. Throws DuplicateMemberError.
 */
export function cutJson(text: JsonText, maxBytes: number, cuts: Cut[], path = '', depth = 0): JsonText {
  // A character is at least a byte, so most texts need no counting.
  if (text.length <= maxBytes && bytesOf(text) <= maxBytes) return text;
  const empty = emptyOf(text);
  const cut = { maxBytes, cuts, path, depth };
  if (text[0] === '"') return cutText(text, cut);
  if (empty === text || depth >= MAX_DEPTH || maxBytes <= empty.length) {
    if (empty !== text) cuts.push({ path, kept: 0, of: countInside(text) });
    return empty;
  }
  return text[0] === '[' ? cutArray(text, cut) : cutObject(text, cut);
}

interface Where {
  readonly maxBytes: number;
  readonly cuts: Cut[];
  readonly path: string;
  readonly depth: number;
}

function countInside(text: JsonText): number {
  return text[0] === '[' ? scanElements(text).length : scanMembers(text).length;
}

function cutText(text: JsonText, { maxBytes, cuts, path }: Where): JsonText {
  const whole = JSON.parse(text) as string;
  const kept = takeText(whole, Math.max(0, maxBytes - 2 - ELLIPSIS_BYTES));
  if (kept.length === whole.length) return JSON.stringify(whole);
  cuts.push({ path, kept: kept.length, of: whole.length });
  return maxBytes < 2 + ELLIPSIS_BYTES ? '""' : JSON.stringify(kept + ELLIPSIS);
}

function cutArray(text: JsonText, { maxBytes, cuts, path, depth }: Where): JsonText {
  const elements = scanElements(text);
  const room = maxBytes - 2;
  const kept: JsonText[] = [];
  const inner: Cut[] = [];
  let used = 0;
  for (const { start, end } of elements) {
    const element = text.slice(start, end);
    const left = room - used - (kept.length > 0 ? 1 : 0);
    const size = bytesOf(element);
    const isWorthIt = left >= 2 && (kept.length === 0 || left > room * WORTH);
    const fits = size <= left;
    if (!fits && !(isWorthIt && emptyOf(element).length <= left)) break;
    const piece = fits ? element : cutJson(element, left, inner, `${path}/${kept.length}`, depth + 1);
    used += bytesOf(piece) + (kept.length > 0 ? 1 : 0);
    kept.push(piece);
    if (!fits) break;
  }
  if (kept.length < elements.length) cuts.push({ path, kept: kept.length, of: elements.length });
  cuts.push(...inner);
  return `[${kept.join(',')}]`;
}

function cutObject(text: JsonText, { maxBytes, cuts, path, depth }: Where): JsonText {
  const members = scanMembers(text).map(({ key, keyStart, valueStart, valueEnd }) => {
    const label = text.slice(keyStart, valueStart);
    const value = text.slice(valueStart, valueEnd);
    const fixed = bytesOf(label) + 1;
    return { key, label, value, want: fixed + bytesOf(value), min: fixed + bytesOf(emptyOf(value)), fixed };
  });
  const mins = members.map(({ min }) => min);
  // One comma less than there are members.
  const room = maxBytes - 2 + 1;
  const count = countFitting(mins, room);
  const head = members.slice(0, count);
  const shares = fairShares(
    head.map(({ want }) => want),
    mins.slice(0, count),
    room,
  );
  if (count < members.length) cuts.push({ path, kept: count, of: members.length });
  const parts = head.map(
    ({ key, label, value, fixed }, i) =>
      label + cutJson(value, (shares[i] ?? 0) - fixed, cuts, `${path}/${escapeToken(key)}`, depth + 1),
  );
  return `{${parts.join(',')}}`;
}
