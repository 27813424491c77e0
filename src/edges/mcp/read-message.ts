/** Turns a body into JSON-RPC messages: depth bound, parsing, and no member that two readers could read differently. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject, JsonText, ParsedJson } from '../../contracts/json.ts';
import { DuplicateMemberError, elementTexts, type Member, measureDepth, scanMembers } from '../../lib/json-text.ts';

/** One message and the texts of the members that are forwarded verbatim. */
export interface Envelope extends ParsedJson {
  readonly id: JsonText | undefined;
  readonly params: JsonText | undefined;
  readonly result: JsonText | undefined;
  readonly error: JsonText | undefined;
}

export type Body =
  | { readonly type: 'single'; readonly envelope: Envelope }
  | { readonly type: 'batch'; readonly text: JsonText; readonly values: readonly unknown[] };

/** Members we decide on. A server that ignores case must not see another value than we did, so variants are refused. */
const ENVELOPE_MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);
const PARAMS_MEMBERS: ReadonlySet<string> = new Set(['name', 'uri', 'arguments', 'ref', 'cursor', '_meta']);

/** Folds as case-insensitive decoders do, the long s and the Kelvin sign included. */
const fold = (key: string): string => key.toUpperCase().toLowerCase();

function scanStrictly(text: JsonText, known: ReadonlySet<string>): readonly Member[] {
  const members = scanMembers(text);
  for (const { key } of members)
    if (!known.has(key) && known.has(fold(key)))
      throw new GatewayError('invalid_request', `the member ${JSON.stringify(key)} must be written ${fold(key)}`);
  return members;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses a body. Throws GatewayError `parse_error`, or `invalid_request` for what is too deep, no message, or ambiguous. */
export function readMessages(text: string, maxDepth: number): Body {
  if (measureDepth(text, maxDepth) > maxDepth)
    throw new GatewayError('invalid_request', `nested deeper than ${maxDepth} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new GatewayError('parse_error');
  }
  if (Array.isArray(value)) return { type: 'batch', text, values: value };
  return { type: 'single', envelope: readEnvelope(text, value) };
}

/** The elements of a batch, each read on its own: one bad element is an error in its place, not of the whole. */
export function readBatch(batch: Body & { type: 'batch' }): readonly (Envelope | GatewayError)[] {
  const texts = elementTexts(batch.text);
  return batch.values.map((value, i) => {
    try {
      return readEnvelope(texts[i] ?? '', value);
    } catch (error) {
      if (error instanceof GatewayError) return error;
      throw error;
    }
  });
}

function readEnvelope(text: JsonText, value: unknown): Envelope {
  if (!isObject(value)) throw new GatewayError('invalid_request', 'a message is an object');
  try {
    const found: { [key: string]: JsonText } = {};
    for (const { key, valueStart, valueEnd } of scanStrictly(text, ENVELOPE_MEMBERS))
      if (ENVELOPE_MEMBERS.has(key)) found[key] = text.slice(valueStart, valueEnd);
    const { id, params, result, error } = found;
    if (params !== undefined)
      for (const { key, valueStart } of scanStrictly(params, PARAMS_MEMBERS))
        if (key === '_meta' || key === 'ref') scanMembers(params, valueStart);
    return { text, value, id, params, result, error };
  } catch (error) {
    if (error instanceof DuplicateMemberError) throw new GatewayError('invalid_request', error.message);
    throw error;
  }
}
