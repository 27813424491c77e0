/** JSON-RPC 2.0 as MCP servers speak it: each message is parsed once to decide, and cut out as text to be forwarded. */

import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { PeerReply } from '../../contracts/peer.ts';
import { isObject } from '../../lib/is-object.ts';
import { type Member, scanMembers } from '../../lib/json-text.ts';

export type Incoming =
  | {
      readonly type: 'response';
      readonly id: unknown;
      readonly isError: boolean;
      /** The `result` or `error` object, verbatim. */
      readonly text: JsonText;
      readonly value: JsonObject;
    }
  | {
      readonly type: 'request';
      /** The server's id as JSON text, to be repeated in the answer. */
      readonly idText: JsonText;
      readonly method: string;
      readonly params: JsonText | undefined;
      readonly value: JsonObject;
    }
  | {
      readonly type: 'notification';
      readonly method: string;
      readonly params: JsonText | undefined;
      readonly value: JsonObject;
    }
  /** `id` is set when the message names one although it is otherwise useless. */
  | { readonly type: 'garbage'; readonly reason: string; readonly id: unknown };

/** JSON.parse that answers undefined (which no JSON text means) instead of throwing. */
export function parseJson(text: JsonText): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads one message whose text JSON.parse has accepted as `value`. */
export function decodeMessage(text: JsonText, value: unknown): Incoming {
  if (!isObject(value)) return { type: 'garbage', reason: 'not an object', id: undefined };
  let members: Member[];
  try {
    members = scanMembers(text);
  } catch {
    return { type: 'garbage', reason: 'a member stands twice', id: value.id };
  }
  const cut = (key: string): JsonText | undefined => {
    for (const member of members) if (member.key === key) return text.slice(member.valueStart, member.valueEnd);
    return undefined;
  };

  if (typeof value.method === 'string') {
    if (value.params !== undefined && !isObject(value.params))
      return { type: 'garbage', reason: 'params is not an object', id: undefined };
    const params = value.params === undefined ? undefined : cut('params');
    const message = { method: value.method, params, value: value.params ?? {} };
    if (value.id === undefined) return { type: 'notification', ...message };
    if (typeof value.id !== 'string' && typeof value.id !== 'number')
      return { type: 'garbage', reason: 'the id of a request is neither string nor number', id: undefined };
    return { type: 'request', idText: cut('id') ?? 'null', ...message };
  }
  if (isObject(value.result))
    return { type: 'response', id: value.id, isError: false, text: cut('result') ?? '{}', value: value.result };
  if (isObject(value.error) && typeof value.error.code === 'number')
    return { type: 'response', id: value.id, isError: true, text: cut('error') ?? '{}', value: value.error };
  return { type: 'garbage', reason: 'neither method nor result nor error', id: value.id };
}

export function encodeRequest(id: number, method: string, params: JsonText): JsonText {
  return `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)},"params":${params}}`;
}

export function encodeNotification(method: string, params: JsonText | undefined): JsonText {
  const rest = params === undefined ? '' : `,"params":${params}`;
  return `{"jsonrpc":"2.0","method":${JSON.stringify(method)}${rest}}`;
}

export function encodeReply(idText: JsonText, reply: PeerReply): JsonText {
  const rest = 'result' in reply ? `"result":${reply.result}` : `"error":${reply.error}`;
  return `{"jsonrpc":"2.0","id":${idText},${rest}}`;
}

/** A JSON-RPC error object of ours. */
export function encodeError(code: number, message: string): JsonText {
  return JSON.stringify({ code, message });
}
