/** Reading members of a chat completions request: what is absent or null is undefined, what is wrong is named. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';

/** `invalid_params`, with the member in OpenAI's `param`. */
export function wrong(param: string, what: string): GatewayError {
  return new GatewayError('invalid_params', `${param} ${what}`, { data: { param } });
}

export function readObject(value: unknown, path: string): JsonObject {
  if (isObject(value)) return value;
  throw wrong(path, 'must be an object');
}

export function readString(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  throw wrong(path, 'must be a string');
}

export function readList(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(path, 'must be a list');
}

/** The reader, or undefined where there is nothing to read. */
export function optional<T>(value: unknown, path: string, read: (value: unknown, path: string) => T): T | undefined {
  return value === undefined || value === null ? undefined : read(value, path);
}

export function readNumber(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw wrong(path, 'must be a number');
}

/** How many answers, tokens or whatever else is counted. */
export function readCount(value: unknown, path: string, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw wrong(path, `must be a whole number from 1 to ${max}`);
}

export function readBoolean(value: unknown, path: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(path, 'must be true or false');
}

export function oneOf<const T extends string>(words: readonly T[]): (value: unknown, path: string) => T {
  return (value, path) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw wrong(path, `must be one of ${words.join(', ')}`);
  };
}

/** Members that are not among `known`; undefined if there are none. */
export function restOf(value: JsonObject, known: ReadonlySet<string>): JsonObject | undefined {
  const rest = Object.entries(value).filter(
    ([member, each]) => !known.has(member) && each !== null && each !== undefined,
  );
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

/** The object without members that are undefined. */
export function compact<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
