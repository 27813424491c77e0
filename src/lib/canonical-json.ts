/** One text for all spellings of the same JSON: members sorted, no white space, strings written one way. */

import { isObject } from './is-object.ts';
import { scanElements, scanMembers } from './json-text.ts';

/**
 * `text` must be valid JSON. Numbers keep their spelling, since two that are different may be one to JavaScript; so `1` and
 * `1.0` give two texts, which is the safe side. Throws DuplicateMemberError, as it would be read in two ways.
 */
export function canonicalJson(text: string): string {
  const value = text.trim();
  switch (value[0]) {
    case '"':
      return JSON.stringify(JSON.parse(value));
    case '[':
      return `[${scanElements(value)
        .map(({ start, end }) => canonicalJson(value.slice(start, end)))
        .join(',')}]`;
    case '{':
      return `{${scanMembers(value)
        .toSorted((a, b) => (a.key < b.key ? -1 : 1))
        .map(
          ({ key, valueStart, valueEnd }) =>
            `${JSON.stringify(key)}:${canonicalJson(value.slice(valueStart, valueEnd))}`,
        )
        .join(',')}}`;
    default:
      return value;
  }
}

/**
 * The same of a value: keys sorted by code units; members that are undefined are none. Numbers are JavaScript's, so `1` and
 * `1.0` give one text. `open` says what stands for a value, before it is looked at.
 */
export function canonicalValue(value: unknown, open: (value: unknown) => unknown = (same) => same): string {
  const opened = open(value);
  if (Array.isArray(opened)) return `[${opened.map((part) => canonicalValue(part, open)).join(',')}]`;
  if (!isObject(opened)) return JSON.stringify(opened) ?? 'null';
  const keys = Object.keys(opened).filter((key) => opened[key] !== undefined);
  const members = keys.sort().map((key) => `${JSON.stringify(key)}:${canonicalValue(opened[key], open)}`);
  return `{${members.join(',')}}`;
}
