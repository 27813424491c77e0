/** The hop-local keys of a request's `_meta`, written for the era of the server; every other key keeps its bytes. */

import type { JsonText, ParamsScan, TextMember } from '../../contracts/json.ts';
import type { ClientPeer, LogLevel } from '../../contracts/peer.ts';
import { scanMembers, withMembers } from '../../lib/json-text.ts';
import { isOwnKey } from './own-keys.ts';

const PREFIX = 'io.modelcontextprotocol/';
export const SUBSCRIPTION_ID_KEY = `${PREFIX}subscriptionId`;
export const SERVER_INFO_KEY = `${PREFIX}serverInfo`;

/** The keys that are ours to write; new ones are added in this order. */
const HOP_KEYS: readonly string[] = [
  `${PREFIX}protocolVersion`,
  `${PREFIX}clientInfo`,
  `${PREFIX}clientCapabilities`,
  `${PREFIX}logLevel`,
  'progressToken',
  'traceparent',
];
const HOP_KEY_TEXTS = HOP_KEYS.map((key) => `${JSON.stringify(key)}:`);
const TRACEPARENT = HOP_KEYS.indexOf('traceparent');

/** For each of HOP_KEYS: its value as JSON text; undefined: the server is not to see it. */
type HopValues = readonly (JsonText | undefined)[];

/** What else is known of the `params`, or to be done to them on the way. */
export interface ParamsHints {
  /** Where their members stand, if somebody looked already. */
  readonly scan?: ParamsScan | undefined;
  /** The value of the member `name`, in place of the one that stands there. */
  readonly name?: string | undefined;
}

export interface HopMeta {
  /** Our token for this request; undefined: the client wants no progress. */
  readonly progressToken: number | undefined;
  readonly traceparent: string | undefined;
}

export interface ModernMeta extends HopMeta {
  readonly protocolVersion: string;
  /** JSON text of the client's or our `clientInfo`. */
  readonly clientInfo: JsonText;
  readonly capabilities: JsonText;
  readonly logLevel: LogLevel | undefined;
}

/** For a server up to 2025-11-25: what only a modern server may see goes. */
export function writeLegacyMeta(params: JsonText, hop: HopMeta, hints: ParamsHints = {}): JsonText {
  return writeParams(params, hints, [undefined, undefined, undefined, undefined, tokenText(hop), traceText(hop)]);
}

/** For a server of 2026-07-28: every request describes itself. */
export function writeModernMeta(params: JsonText, meta: ModernMeta, hints: ParamsHints = {}): JsonText {
  return writeParams(params, hints, [
    JSON.stringify(meta.protocolVersion),
    meta.clientInfo,
    meta.capabilities,
    meta.logLevel === undefined ? undefined : JSON.stringify(meta.logLevel),
    tokenText(meta),
    traceText(meta),
  ]);
}

const tokenText = (hop: HopMeta): JsonText | undefined =>
  hop.progressToken === undefined ? undefined : String(hop.progressToken);
const traceText = (hop: HopMeta): JsonText | undefined =>
  hop.traceparent === undefined ? undefined : JSON.stringify(hop.traceparent);

/** One pass over the members: pieces that stay are copied as they stand, white space included. */
function writeParams(params: JsonText, hints: ParamsHints, values: HopValues): JsonText {
  const scan = hints.scan ?? scanParams(params);
  const meta = findMember(scan.members, '_meta');
  const name = hints.name === undefined ? undefined : findMember(scan.members, 'name');
  if (hints.name !== undefined && name === undefined)
    return writeParams(withMembers(params, { name: JSON.stringify(hints.name) }), {}, values);

  const first = scan.members[0];
  const metaStart = meta?.valueStart ?? first?.keyStart ?? params.length;
  const metaEnd = meta?.valueEnd ?? metaStart;
  let before = params.slice(0, metaStart);
  let after = params.slice(metaEnd);
  if (name !== undefined) {
    const text = JSON.stringify(hints.name);
    if (name.valueStart < metaStart)
      before = params.slice(0, name.valueStart) + text + params.slice(name.valueEnd, metaStart);
    else after = params.slice(metaEnd, name.valueStart) + text + params.slice(name.valueEnd);
  }

  if (meta !== undefined) return before + writeMeta(params, meta, scan.meta ?? [], values) + after;
  const added = addUnwritten('', values, 0);
  if (added === '') return before + after;
  return first === undefined ? `{"_meta":{${added}}}` : `${before}"_meta":{${added}},${after}`;
}

/** The value of `_meta` with `values` in it. */
function writeMeta(params: JsonText, meta: TextMember, members: readonly TextMember[], values: HopValues): JsonText {
  const last = members.at(-1);
  if (last === undefined) {
    const added = addUnwritten('', values, 0);
    return added === '' ? params.slice(meta.valueStart, meta.valueEnd) : `{${added}}`;
  }
  let out = '';
  let isEmpty = true;
  // From here to `keptEnd` the text is still to be copied; -1: nothing is.
  let keptStart = meta.valueStart;
  let keptEnd = members[0]?.keyStart ?? meta.valueStart;
  let written = 0;
  for (const { key, keyStart, valueStart, valueEnd } of members) {
    const index = HOP_KEYS.indexOf(key);
    const value = index === -1 ? undefined : values[index];
    const stays = index === -1 ? !isOwnKey(key) : index === TRACEPARENT && value === undefined;
    if (!stays && value === undefined) {
      if (keptStart !== -1) out += params.slice(keptStart, keptEnd);
      keptStart = -1;
      continue;
    }
    if (keptStart === -1) {
      keptStart = keyStart;
      if (!isEmpty) out += ',';
    }
    if (value !== undefined) {
      written |= 1 << index;
      // The same value needs no writing: a modern client has said of itself what its server is to hear.
      if (valueEnd - valueStart !== value.length || !params.startsWith(value, valueStart)) {
        out += params.slice(keptStart, valueStart) + value;
        keptStart = valueEnd;
      }
    }
    keptEnd = valueEnd;
    isEmpty = false;
  }
  if (keptStart !== -1) out += params.slice(keptStart, keptEnd);
  return out + addUnwritten(isEmpty ? '' : ',', values, written) + params.slice(last.valueEnd, meta.valueEnd);
}

/** Members for the values whose bit in `written` is not set, in front of the first of them `separator`. */
function addUnwritten(separator: string, values: HopValues, written: number): string {
  let out = '';
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === undefined || (written & (1 << i)) !== 0) continue;
    out += (out === '' ? separator : ',') + HOP_KEY_TEXTS[i] + value;
  }
  return out;
}

function scanParams(params: JsonText): ParamsScan {
  const members = scanMembers(params);
  const meta = findMember(members, '_meta');
  return { members, meta: meta === undefined ? undefined : scanMembers(params, meta.valueStart) };
}

function findMember(members: readonly TextMember[], key: string): TextMember | undefined {
  for (const member of members) if (member.key === key) return member;
  return undefined;
}
/** The level of log messages this client wants: of the request (modern), or of its session (legacy). */
export function wantedLogLevel(peer: ClientPeer): LogLevel | undefined {
  return peer.era === 'modern' ? peer.logLevel : peer.session?.logLevel;
}
