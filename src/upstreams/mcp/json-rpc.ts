/** JSON-RPC 2.0 as MCP servers speak it: a message is scanned once, cut out as text, and only what is decided on is parsed. */

import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { PeerReply } from '../../contracts/peer.ts';
import { findMember, hasTwins, type JsonScan, type ScannedMember } from '../../lib/json-scanner.ts';

/** The `result` or `error` object of an answer. */
export class Reply {
  readonly type: 'result' | 'rpc-error';
  /** Verbatim. */
  readonly text: JsonText;
  readonly #message: JsonText;
  readonly #members: readonly ScannedMember[];
  #value: JsonObject | undefined;

  /** `members`: where its members stand in `message`, which it is a part of. */
  constructor(type: Reply['type'], text: JsonText, message: JsonText, members: readonly ScannedMember[]) {
    this.type = type;
    this.text = text;
    this.#message = message;
    this.#members = members;
  }

  /** A member of it stands twice, so that two readers could read two answers. */
  get isAmbiguous(): boolean {
    return hasTwins(this.#members);
  }

  /** Parsed when it is first asked for; results that are only forwarded never are. */
  get value(): JsonObject {
    this.#value ??= JSON.parse(this.text) as JsonObject;
    return this.#value;
  }

  /** One member alone, parsed; undefined if it has none of this name. */
  valueOf(key: string): unknown {
    const member = findMember(this.#members, key);
    return member === undefined ? undefined : JSON.parse(cut(this.#message, member));
  }
}

export type Incoming =
  | { readonly type: 'response'; readonly id: unknown; readonly reply: Reply }
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

function cut(text: JsonText, member: ScannedMember): JsonText {
  return text.slice(member.valueStart, member.valueEnd);
}

/** The value of a member if it is a string or a number, which most ids are; undefined for everything else. */
function readScalar(text: JsonText, member: ScannedMember | undefined): string | number | undefined {
  if (member === undefined) return undefined;
  const first = text.charCodeAt(member.valueStart);
  if (first === 0x22) return JSON.parse(cut(text, member)) as string;
  // A number as JSON spells it is one that Number reads.
  return first === 0x2d || (first >= 0x30 && first <= 0x39) ? Number(cut(text, member)) : undefined;
}

/** The id of a response or of garbage: null and odd ones count too. */
function readId(text: JsonText, member: ScannedMember | undefined): unknown {
  return readScalar(text, member) ?? (member === undefined ? undefined : JSON.parse(cut(text, member)));
}

/** Reads one message, which `scan` found to be JSON. */
export function decodeMessage(text: JsonText, scan: JsonScan): Incoming {
  const { members } = scan;
  if (scan.kind !== 'object') return { type: 'garbage', reason: 'not an object', id: undefined };
  const idMember = findMember(members, 'id');
  if (hasTwins(members)) return { type: 'garbage', reason: 'a member stands twice', id: readId(text, idMember) };

  const method = readScalar(text, findMember(members, 'method'));
  if (typeof method === 'string') {
    if (scan.isTooDeep) return { type: 'garbage', reason: 'nested too deeply', id: undefined };
    const member = findMember(members, 'params');
    if (member !== undefined && member.inner === undefined)
      return { type: 'garbage', reason: 'params is not an object', id: undefined };
    const params = member === undefined ? undefined : cut(text, member);
    const message = { method, params, value: params === undefined ? {} : (JSON.parse(params) as JsonObject) };
    if (idMember === undefined) return { type: 'notification', ...message };
    if (readScalar(text, idMember) === undefined)
      return { type: 'garbage', reason: 'the id of a request is neither string nor number', id: undefined };
    return { type: 'request', idText: cut(text, idMember), ...message };
  }
  const id = readId(text, idMember);
  if (scan.isTooDeep) return { type: 'garbage', reason: 'nested too deeply', id };
  const result = findMember(members, 'result');
  const error = findMember(members, 'error');
  // Some servers write the other one as null, which nobody can misread.
  if (result?.inner !== undefined && error?.inner !== undefined)
    return { type: 'garbage', reason: 'both result and error', id };
  if (result?.inner !== undefined)
    return { type: 'response', id, reply: new Reply('result', cut(text, result), text, result.inner) };
  if (error?.inner !== undefined && typeof readScalar(text, findMember(error.inner, 'code')) === 'number')
    return { type: 'response', id, reply: new Reply('rpc-error', cut(text, error), text, error.inner) };
  return { type: 'garbage', reason: 'neither method nor result nor error', id };
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
