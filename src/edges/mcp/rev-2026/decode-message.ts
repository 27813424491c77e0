/** Reads one posted JSON-RPC message of the modern era: its shape first, then the envelope each request carries in `_meta`. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonObject, JsonText, ParamsScan, ParsedJson, TextMember } from '../../../contracts/json.ts';
import { LOG_LEVELS, type LogLevel } from '../../../contracts/peer.ts';
import { isObject } from '../../../lib/is-object.ts';
import { DuplicateMemberError, scanMembers } from '../../../lib/json-text.ts';
import { textOf } from '../read-message.ts';
import { relayedCapabilities } from '../relayed-capabilities.ts';
import { META } from './wire.ts';

export interface ModernRequest {
  readonly type: 'request';
  /** JSON text of the id, to be echoed verbatim. */
  readonly id: JsonText;
  readonly method: string;
  readonly params: ParsedJson;
}
export interface ModernNotification {
  readonly type: 'notification';
  readonly method: string;
  readonly params: ParsedJson;
}
/** One posted message. What its reader found in its text already is not looked for again. */
export interface Posted extends ParsedJson {
  readonly members?: readonly TextMember[];
  readonly paramsScan?: ParamsScan | undefined;
}
export type ModernMessage = ModernRequest | ModernNotification;

/** What the client says about itself and this one request; texts are slices of what it sent. */
export interface Envelope {
  readonly capabilities: JsonText;
  readonly info: JsonText | undefined;
  readonly logLevel: LogLevel | undefined;
  readonly progressToken: JsonText | undefined;
}

const NO_PARAMS: ParsedJson = { text: '{}', value: {} };

/** `scanMembers`, with the client to blame for a member that stands twice. */
function readMembers(text: JsonText, at = 0): readonly TextMember[] {
  try {
    return scanMembers(text, at);
  } catch (error) {
    if (error instanceof DuplicateMemberError) throw new GatewayError('invalid_request', error.message);
    throw error;
  }
}

/** The id as text if it is one a response may carry (string or integer), else undefined. */
export function readableId(message: ParsedJson): JsonText | undefined {
  const id = message.value.id;
  if (typeof id !== 'string' && !Number.isInteger(id)) return undefined;
  try {
    return textOf(message.text, scanMembers(message.text), 'id');
  } catch {
    return undefined;
  }
}

/** Throws GatewayError `invalid_request`. */
export function decodeMessage(message: Posted): ModernMessage {
  const { text, value } = message;
  const members = message.members ?? readMembers(text);
  if (value.jsonrpc !== '2.0') throw new GatewayError('invalid_request', 'jsonrpc must be "2.0"');
  const method = value.method;
  if (typeof method !== 'string') {
    const isResponse = Object.hasOwn(value, 'result') || Object.hasOwn(value, 'error');
    throw new GatewayError('invalid_request', isResponse ? 'responses cannot be posted' : 'method must be a string');
  }
  const given = value.params;
  if (given !== undefined && !isObject(given)) throw new GatewayError('invalid_request', 'params must be an object');
  const params =
    given === undefined
      ? NO_PARAMS
      : { text: textOf(text, members, 'params') ?? '{}', value: given, scan: message.paramsScan };
  const id = textOf(text, members, 'id');
  if (id === undefined) return { type: 'notification', method, params };
  if (typeof value.id !== 'string' && !Number.isInteger(value.id))
    throw new GatewayError('invalid_request', 'id must be a string or an integer');
  return { type: 'request', id, method, params };
}

/** The protocol version a message claims in `_meta`; undefined if it claims none. */
export function claimedVersion(params: ParsedJson): string | undefined {
  const meta = params.value._meta;
  const version = isObject(meta) ? meta[META.version] : undefined;
  return typeof version === 'string' ? version : undefined;
}

/** Version first, because what else has to be there depends on it. Throws GatewayError `invalid_params`. */
export function requireVersion(params: ParsedJson): string {
  if (!isObject(params.value._meta)) throw new GatewayError('invalid_params', 'params._meta is required');
  const version = claimedVersion(params);
  if (version === undefined) throw new GatewayError('invalid_params', `_meta must hold "${META.version}" (a string)`);
  return version;
}

function refuse(key: string, expected: string): never {
  throw new GatewayError('invalid_params', `_meta "${key}" must be ${expected}`);
}

/** Where the members of `_meta` stand in the text of the params. */
function readMeta(params: JsonText): readonly TextMember[] {
  const meta = readMembers(params).find(({ key }) => key === '_meta');
  return meta === undefined ? [] : readMembers(params, meta.valueStart);
}

/** The rest of the envelope of 2026-07-28. Throws GatewayError `invalid_params`. */
export function decodeEnvelope(params: ParsedJson): Envelope {
  const { text } = params;
  const members = params.scan?.meta ?? readMeta(text);
  const given = params.value._meta;
  const meta: JsonObject = isObject(given) ? given : {};
  if (!isObject(meta[META.capabilities])) refuse(META.capabilities, 'an object');
  const info = meta[META.clientInfo];
  if (info !== undefined && !isObject(info)) refuse(META.clientInfo, 'an object');
  const level = meta[META.logLevel];
  const logLevel = level === undefined ? undefined : LOG_LEVELS.find((known) => known === level);
  if (logLevel === undefined && level !== undefined) refuse(META.logLevel, `one of ${LOG_LEVELS.join(', ')}`);
  const token = meta.progressToken;
  if (token !== undefined && typeof token !== 'string' && !Number.isInteger(token))
    refuse('progressToken', 'a string or an integer');

  return {
    capabilities: relayedCapabilities(textOf(text, members, META.capabilities) ?? '{}', meta[META.capabilities]),
    info: textOf(text, members, META.clientInfo),
    logLevel,
    progressToken: textOf(text, members, 'progressToken'),
  };
}
