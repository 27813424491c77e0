/** One JSON-RPC message on its way through the bridge: its text, and the little the bridge has to know about it. */

import type { JsonObject } from '../../../contracts/json.ts';
import { isObject } from '../../../lib/is-object.ts';

export type MessageId = string | number;

export interface Message {
  readonly text: string;
  readonly kind: 'request' | 'notification' | 'response' | 'batch';
  readonly id: MessageId | undefined;
  readonly method: string;
  readonly params: JsonObject;
  /** The revision a 2026-07-28 message names in its `_meta`; undefined in the legacy era. */
  readonly modernVersion: string | undefined;
}

const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion';

/** Undefined if the text is no JSON or no JSON-RPC message. */
export function parseMessage(text: string): Message | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (Array.isArray(value))
    return { text, kind: 'batch', id: undefined, method: '', params: {}, modernVersion: undefined };
  if (!isObject(value)) return undefined;
  const rawId = value.id;
  const id = typeof rawId === 'string' || typeof rawId === 'number' ? rawId : undefined;
  const method = typeof value.method === 'string' ? value.method : '';
  const params = isObject(value.params) ? value.params : {};
  if (method === '' && !('result' in value) && !('error' in value)) return undefined;
  const version = isObject(params._meta) ? params._meta[VERSION_KEY] : undefined;
  return {
    text,
    kind: method === '' ? 'response' : id === undefined ? 'notification' : 'request',
    id,
    method,
    params,
    modernVersion: typeof version === 'string' ? version : undefined,
  };
}

/** The error code of a response, if it is one. */
export function errorCodeOf(message: Message | undefined): number | undefined {
  if (message?.kind !== 'response') return undefined;
  const error = (JSON.parse(message.text) as JsonObject).error;
  return isObject(error) && typeof error.code === 'number' ? error.code : undefined;
}

/** An error answer of the bridge's own. */
export function errorText(id: MessageId | undefined, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id: id ?? null, error: { code, message } });
}

/** Key of an id in a map: `1` and `"1"` are two ids. */
export const idKey = (id: MessageId | undefined): string => JSON.stringify(id ?? null);
