/** Turns a body into JSON-RPC messages: depth bound, parsing, and no member that two readers could read differently. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText, ParamsScan, ParsedJson, TextMember } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { DuplicateMemberError, elementTexts, measureDepth, scanMembers } from '../../lib/json-text.ts';

/** One message and the texts of the members that are forwarded verbatim. */
export interface Envelope extends ParsedJson {
  /** Where its members stand; none stands twice. */
  readonly members: readonly TextMember[];
  readonly id: JsonText | undefined;
  readonly params: JsonText | undefined;
  readonly result: JsonText | undefined;
  readonly error: JsonText | undefined;
  /** Where the members of `params` stand, if it is an object. */
  readonly paramsScan: ParamsScan | undefined;
}

export type Body =
  | { readonly type: 'single'; readonly envelope: Envelope }
  | { readonly type: 'batch'; readonly text: JsonText; readonly values: readonly unknown[] };

/** Members we decide on. A server that ignores case must not see another value than we did, so variants are refused. */
const ENVELOPE_MEMBERS: readonly string[] = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'];
const PARAMS_MEMBERS: readonly string[] = ['name', 'uri', 'arguments', 'ref', 'cursor', '_meta'];

/** Folds as case-insensitive decoders do, the long s and the Kelvin sign included. */
const fold = (key: string): string => key.toUpperCase().toLowerCase();

function scanStrictly(text: JsonText, known: readonly string[]): readonly TextMember[] {
  const members = scanMembers(text);
  for (const { key } of members)
    if (!known.includes(key) && known.includes(fold(key)))
      throw new GatewayError('invalid_request', `the member ${JSON.stringify(key)} must be written ${fold(key)}`);
  return members;
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
    const members = scanStrictly(text, ENVELOPE_MEMBERS);
    const params = textOf(text, members, 'params');
    return {
      text,
      value,
      members,
      id: textOf(text, members, 'id'),
      params,
      result: textOf(text, members, 'result'),
      error: textOf(text, members, 'error'),
      paramsScan: params !== undefined && isObject(value.params) ? scanParams(params) : undefined,
    };
  } catch (error) {
    if (error instanceof DuplicateMemberError) throw new GatewayError('invalid_request', error.message);
    throw error;
  }
}

function scanParams(params: JsonText): ParamsScan {
  const members = scanStrictly(params, PARAMS_MEMBERS);
  let meta: readonly TextMember[] | undefined;
  for (const { key, valueStart } of members)
    if (key === '_meta') meta = scanMembers(params, valueStart);
    else if (key === 'ref') scanMembers(params, valueStart);
  return { members, meta };
}

/** The text of one of those members. */
export function textOf(text: JsonText, members: readonly TextMember[], key: string): JsonText | undefined {
  for (const member of members) if (member.key === key) return text.slice(member.valueStart, member.valueEnd);
  return undefined;
}
