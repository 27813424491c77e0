/** A JSON value without certain members, at any depth. */

import { isObject } from './is-object.ts';

/** The same value where it has none of them. Not for values nested without bound. */
export function withoutMembers<T>(value: T, names: readonly string[]): T;
export function withoutMembers(value: unknown, names: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => withoutMembers(each, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) =>
      names.includes(name) ? [] : [[name, withoutMembers(each, names)] as const],
    ),
  );
}
