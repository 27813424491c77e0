/** Reads members of a request, and names the one that is of another kind than it should be. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';

export function wrong(path: string, expected: string): GatewayError {
  return new GatewayError('invalid_params', `${path} must be ${expected}`);
}

/** Each of these: undefined if it is not there or null. Throws GatewayError `invalid_params`. */
export function readString(object: JsonObject, key: string, path: string): string | undefined {
  const value = object[key] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(`${path}${key}`, 'a string');
}

/** Numbers are also taken as text, as Google does with 64-bit ones. */
export function readNumber(object: JsonObject, key: string, path: string): number | undefined {
  const value = object[key] ?? undefined;
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  throw wrong(`${path}${key}`, 'a number');
}

export function readCount(object: JsonObject, key: string, path: string, max: number): number | undefined {
  const count = readNumber(object, key, path);
  if (count === undefined || (Number.isInteger(count) && count >= 1 && count <= max)) return count;
  throw wrong(`${path}${key}`, `a whole number from 1 to ${max}`);
}

export function readBoolean(object: JsonObject, key: string, path: string): boolean | undefined {
  const value = object[key] ?? undefined;
  if (value === undefined || typeof value === 'boolean') return value;
  throw wrong(`${path}${key}`, 'true or false');
}

export function readObject(object: JsonObject, key: string, path: string): JsonObject | undefined {
  const value = object[key] ?? undefined;
  if (value === undefined || isObject(value)) return value;
  throw wrong(`${path}${key}`, 'an object');
}

export function readStrings(object: JsonObject, key: string, path: string): readonly string[] | undefined {
  const value = object[key] ?? undefined;
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value as readonly string[];
  throw wrong(`${path}${key}`, 'a list of strings');
}

/** A list of objects; a single one stands for a list of it. Undefined and null: an empty list. */
export function readObjects(object: JsonObject, key: string, path: string): readonly JsonObject[] {
  const value = object[key] ?? undefined;
  if (value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.every(isObject)) return list as readonly JsonObject[];
  throw wrong(`${path}${key}`, 'a list of objects');
}

/** What is left of `object` without these members; undefined: nothing. */
export function restOf(object: JsonObject, known: ReadonlySet<string>): JsonObject | undefined {
  const rest = Object.entries(object).filter(([key, value]) => !known.has(key) && value !== undefined);
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}
