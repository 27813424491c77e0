/** Reading members of a Messages request: what has the wrong type is refused by its path. */

import type { CacheMark, Extra } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';

export function invalid(path: string, what: string): GatewayError {
  return new GatewayError('invalid_params', `${path} ${what}`);
}

/** The objects of a list; a list that is not there is empty. Throws GatewayError `invalid_params`. */
export function objectsOf(value: unknown, path: string): readonly JsonObject[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(path, 'must be a list');
  for (const [i, each] of value.entries()) if (!isObject(each)) throw invalid(`${path}[${i}]`, 'must be an object');
  return value as JsonObject[];
}

/** Throws GatewayError `invalid_params`. */
export function textOf(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  throw invalid(path, 'must be a text');
}

/** Undefined where it is absent or null. Throws GatewayError `invalid_params`. */
export function numberOf(value: unknown, path: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw invalid(path, 'must be a number');
}

/** Undefined where it is absent or null. Throws GatewayError `invalid_params`. */
export function wordOf(value: unknown, path: string): string | undefined {
  return value === undefined || value === null ? undefined : textOf(value, path);
}

/** Undefined where it is absent or null. Throws GatewayError `invalid_params`. */
export function flagOf(value: unknown, path: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  throw invalid(path, 'must be true or false');
}

/** Undefined where it is absent or null. Throws GatewayError `invalid_params`. */
export function objectOf(value: unknown, path: string): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (isObject(value)) return value;
  throw invalid(path, 'must be an object');
}

/** The member, or nothing at all: neutral objects hold no member that was not sent. */
export function optional<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: V });
}

/** Members of `object` that nobody has read, as `extra`; nothing where there are none. */
export function rest(object: JsonObject, read: readonly string[]): Extra {
  const left = Object.entries(object).filter(
    ([key, value]) => !read.includes(key) && value !== null && value !== undefined,
  );
  return left.length === 0 ? {} : { extra: Object.fromEntries(left) };
}

/** Throws GatewayError `invalid_params`. */
export function readCache(value: unknown, path: string): CacheMark | undefined {
  const mark = objectOf(value, path);
  if (mark === undefined) return undefined;
  wordOf(mark.ttl, `${path}.ttl`);
  return mark.ttl === '5m' || mark.ttl === '1h' ? { ttl: mark.ttl } : {};
}
