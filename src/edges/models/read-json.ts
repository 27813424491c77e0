/** The body of a model request as JSON: one object that all readers read alike. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject, ParsedJson } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { countKeys, countMembers, findDuplicate } from '../../lib/json-text.ts';
import { readLargeBody } from './large-body.ts';

/**
 * Throws GatewayError `parse_error`, `invalid_params`. No object in it may have a member twice: what we decide by and what a
 * provider reads could be two things.
 */
export function readJsonObject(text: string, maxDepth: number): ParsedJson {
  const members = countMembers(text, maxDepth);
  if (members === -1) throw new GatewayError('invalid_params', `nested deeper than ${maxDepth} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new GatewayError('parse_error', undefined, { cause: error });
  }
  if (!isObject(value)) throw new GatewayError('invalid_params', 'the body must be an object');
  if (members !== countKeys(value)) throw standsTwice(text);
  return { text, value: value as JsonObject };
}

/** `readJsonObject` for a body in UTF-8; of a large one, no value is made before somebody needs it. Throws alike. */
export function readJsonBytes(bytes: Buffer, maxDepth: number): ParsedJson {
  return readLargeBody(bytes, maxDepth) ?? readJsonObject(bytes.toString('utf8'), maxDepth);
}

/** Of what a client wrote, as much is repeated. */
const MAX_TOLD_CHARS = 100;

function standsTwice(text: string): GatewayError {
  const { path = '', key = '' } = findDuplicate(text) ?? {};
  const where = path.slice(0, MAX_TOLD_CHARS);
  const name = key.slice(0, MAX_TOLD_CHARS);
  const told = `${where === '' ? '' : `${where}: `}the member ${JSON.stringify(name)} stands twice`;
  return new GatewayError('invalid_params', told, { data: { param: where === '' ? name : where } });
}

/** Control characters, line separators and halves of surrogate pairs: no name has any, and paths and headers take none. */
const NO_NAME = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;
const MAX_NAME_CHARS = 256;

/** The model's name. Throws GatewayError `invalid_params`. */
export function readModelName(value: unknown, member = 'model'): string {
  if (typeof value === 'string' && value !== '' && value.length <= MAX_NAME_CHARS && !NO_NAME.test(value)) return value;
  throw new GatewayError('invalid_params', `${member} must be the name of a model`, { data: { param: member } });
}

/** Whether the answer is to be streamed. Throws GatewayError `invalid_params`: half a yes is not for us to interpret. */
export function readStream(stream: unknown): boolean {
  if (stream === undefined || stream === null) return false;
  if (typeof stream === 'boolean') return stream;
  throw new GatewayError('invalid_params', 'stream must be true or false', { data: { param: 'stream' } });
}
