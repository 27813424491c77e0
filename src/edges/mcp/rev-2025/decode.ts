/** The three kinds of legacy message, told apart and checked in shape. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText, ParsedJson } from '../../../contracts/json.ts';
import type { PeerReply } from '../../../contracts/peer.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { Envelope } from '../read-message.ts';

export interface RequestMessage {
  readonly type: 'request';
  /** As the client spelled it. */
  readonly id: JsonText;
  /** Equal for equal ids, however they are spelled. */
  readonly idKey: string;
  readonly method: string;
  /** `{}` where there were none; `undefined` where they are no object. */
  readonly params: ParsedJson | undefined;
}

export type Message =
  | RequestMessage
  | { readonly type: 'notification'; readonly method: string; readonly params: ParsedJson }
  | { readonly type: 'response'; readonly id: unknown; readonly reply: PeerReply };

const NO_PARAMS: ParsedJson = { text: '{}', value: {} };

/** A string's value or a number's spelling (2^53 + 1 is not 2^53). Undefined if it is no request id. */
export function idKey(value: unknown, text: JsonText | undefined): string | undefined {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'number' && Number.isInteger(value) ? text : undefined;
}

/** Throws GatewayError `invalid_request`. */
export function decodeMessage(envelope: Envelope): Message {
  const { jsonrpc, id, method, params } = envelope.value;
  if (jsonrpc !== '2.0') throw new GatewayError('invalid_request', 'jsonrpc must be "2.0"');
  if (method === undefined) return decodeResponse(envelope);
  if (typeof method !== 'string') throw new GatewayError('invalid_request', 'method must be a string');

  const parsed = isObject(params)
    ? { text: envelope.params ?? '{}', value: params, scan: envelope.paramsScan }
    : undefined;
  const given = params === undefined ? NO_PARAMS : parsed;
  if (id === undefined) {
    if (given === undefined) throw new GatewayError('invalid_request', 'params must be an object');
    return { type: 'notification', method, params: given };
  }
  const key = idKey(id, envelope.id);
  if (key === undefined || envelope.id === undefined)
    throw new GatewayError('invalid_request', 'id must be a string or an integer');
  return { type: 'request', id: envelope.id, idKey: key, method, params: given };
}

function decodeResponse({ value, result, error }: Envelope): Message {
  if ((result === undefined) === (error === undefined))
    throw new GatewayError('invalid_request', 'a message has a method, a result or an error');
  if (!isObject(result === undefined ? value.error : value.result))
    throw new GatewayError('invalid_request', 'result and error must be objects');
  // Both were looked at above; the empty object is only for the type.
  const reply = result === undefined ? { error: error ?? '{}' } : { result };
  return { type: 'response', id: value.id, reply };
}
