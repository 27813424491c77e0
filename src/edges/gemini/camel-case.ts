/** Google reads `inline_data` like `inlineData`: member names are brought to one spelling, but not those of the caller's own data. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';

/** Members whose value is the caller's own. */
const OPAQUE: ReadonlySet<string> = new Set([
  ...['args', 'response', 'parameters', 'parametersJsonSchema', 'responseJsonSchema', 'responseSchema'],
  ...['partMetadata', 'labels'],
]);

const SNAKE = /_([a-z0-9])/g;

/** Throws GatewayError `invalid_params` where a member stands in both spellings. */
export function toCamelCase(object: JsonObject): JsonObject {
  return convertObject(object);
}

function convertObject(object: JsonObject): JsonObject {
  const out: { [key: string]: unknown } = {};
  for (const [given, value] of Object.entries(object)) {
    const key = given.startsWith('_') ? given : given.replace(SNAKE, (_, letter: string) => letter.toUpperCase());
    if (Object.hasOwn(out, key)) throw new GatewayError('invalid_params', `${key} stands twice`);
    define(out, key, OPAQUE.has(key) ? value : convert(value));
  }
  return out;
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  return isObject(value) ? convertObject(value) : value;
}

/** Also for `__proto__`, which is a name like any other here. */
function define(object: { [key: string]: unknown }, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}
