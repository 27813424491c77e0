/** The body of a model request as JSON: one object that all readers read alike. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject, ParsedJson } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { DuplicateMemberError, measureDepth, scanMembers } from '../../lib/json-text.ts';

/** Throws GatewayError `parse_error`, `invalid_params`. Members of the object itself must not stand twice. */
export function readJsonObject(text: string, maxDepth: number): ParsedJson {
  if (measureDepth(text, maxDepth) > maxDepth)
    throw new GatewayError('invalid_params', `nested deeper than ${maxDepth} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new GatewayError('parse_error', undefined, { cause: error });
  }
  if (!isObject(value) || Array.isArray(value)) throw new GatewayError('invalid_params', 'the body must be an object');
  try {
    scanMembers(text);
  } catch (error) {
    if (error instanceof DuplicateMemberError) throw new GatewayError('invalid_params', error.message);
    throw error;
  }
  return { text, value: value as JsonObject };
}

/** The model's name. Throws GatewayError `invalid_params`. */
export function readModelName(value: unknown, member = 'model'): string {
  if (typeof value === 'string' && value !== '' && value.length <= 256) return value;
  throw new GatewayError('invalid_params', `${member} must be the name of a model`);
}
