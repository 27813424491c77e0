/** Turns a body into JSON-RPC messages: depth bound, parsing, and no member that two readers could read differently. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText, ParamsScan, ParsedJson, TextMember } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import {
  countKeys,
  countMembers,
  DuplicateMemberError,
  elementTexts,
  scanMembers,
  scanPath,
} from '../../lib/json-text.ts';

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

/**
 * Members we decide on. A server whose parser ignores case, or ends a name at a NUL, must not see another value than we
 * did, so variants are refused.
 */
const ENVELOPE_MEMBERS = policyMembers('jsonrpc', 'id', 'method', 'params', 'result', 'error');
const PARAMS_MEMBERS = policyMembers(
  ...['name', 'uri', 'arguments', 'ref', 'cursor', '_meta'],
  ...['taskId', 'inputResponses', 'requestState'],
);
const REF_MEMBERS = policyMembers('type', 'name', 'uri');
const META_MEMBERS = policyMembers(
  'progressToken',
  'traceparent',
  'io.modelcontextprotocol/protocolVersion',
  'io.modelcontextprotocol/clientCapabilities',
  'io.modelcontextprotocol/clientInfo',
  'io.modelcontextprotocol/logLevel',
);

interface PolicyMembers {
  readonly names: readonly string[];
  /** The same, by what all variants of a name have in common. */
  readonly byFolded: ReadonlyMap<string, string>;
}

function policyMembers(...names: string[]): PolicyMembers {
  return { names, byFolded: new Map(names.map((name) => [fold(name), name])) };
}

/** Folds as case-insensitive decoders do, the long s and the Kelvin sign included, and as C strings end. */
function fold(key: string): string {
  const end = key.indexOf('\0');
  return (end === -1 ? key : key.slice(0, end)).toUpperCase().toLowerCase();
}

function refuseVariants(members: readonly TextMember[], known: PolicyMembers): void {
  for (const { key } of members) {
    if (known.names.includes(key)) continue;
    const name = known.byFolded.get(fold(key));
    if (name !== undefined)
      throw new GatewayError('invalid_request', `the member ${JSON.stringify(key)} must be written ${name}`);
  }
}

/** Parses a body. Throws GatewayError `parse_error`, or `invalid_request` for what is too deep, no message, or ambiguous. */
export function readMessages(text: string, maxDepth: number): Body {
  const members = countMembers(text, maxDepth);
  if (members === -1) throw new GatewayError('invalid_request', `nested deeper than ${maxDepth} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new GatewayError('parse_error');
  }
  if (Array.isArray(value)) return { type: 'batch', text, values: value };
  return { type: 'single', envelope: readEnvelope(text, value, members) };
}

/** The elements of a batch, each read on its own: one bad element is an error in its place, not of the whole. */
export function readBatch(batch: Body & { type: 'batch' }): readonly (Envelope | GatewayError)[] {
  const texts = elementTexts(batch.text);
  return batch.values.map((value, i) => {
    try {
      const text = texts[i] ?? '';
      // The depth of the whole batch was looked at.
      return readEnvelope(text, value, countMembers(text, Number.POSITIVE_INFINITY));
    } catch (error) {
      if (error instanceof GatewayError) return error;
      throw error;
    }
  });
}

/** `written`: how many members the text has, those of all objects together and each time they stand there. */
function readEnvelope(text: JsonText, value: unknown, written: number): Envelope {
  if (!isObject(value)) throw new GatewayError('invalid_request', 'a message is an object');
  try {
    const [members = [], inParams, inMeta] = scanPath(text, PARAMS_META);
    refuseVariants(members, ENVELOPE_MEMBERS);
    // Rules look into arguments as deep as they go. Answers to questions of servers hold nothing that is decided on.
    if (typeof value.method === 'string' && written !== countKeys(value))
      throw new GatewayError('invalid_request', 'a member of an object in it stands twice');
    const params = textOf(text, members, 'params');
    if (params !== undefined && inParams !== undefined) {
      refuseVariants(inParams, PARAMS_MEMBERS);
      if (inMeta !== undefined) refuseVariants(inMeta, META_MEMBERS);
      for (const { key, valueStart } of inParams)
        if (key === 'ref') refuseVariants(scanMembers(params, valueStart), REF_MEMBERS);
    }
    return {
      text,
      value,
      members,
      id: textOf(text, members, 'id'),
      params,
      result: textOf(text, members, 'result'),
      error: textOf(text, members, 'error'),
      paramsScan: inParams && { members: inParams, meta: inMeta },
    };
  } catch (error) {
    if (error instanceof DuplicateMemberError) throw new GatewayError('invalid_request', error.message);
    throw error;
  }
}

/** The way to what is decided on. */
const PARAMS_META = ['params', '_meta'] as const;

/** The text of one of those members. */
export function textOf(text: JsonText, members: readonly TextMember[], key: string): JsonText | undefined {
  for (const member of members) if (member.key === key) return text.slice(member.valueStart, member.valueEnd);
  return undefined;
}
