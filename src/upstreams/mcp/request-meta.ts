/** The hop-local keys of a request's `_meta`, written for the era of the server; every other key keeps its bytes. */

import type { JsonText } from '../../contracts/json.ts';
import type { ClientPeer, LogLevel } from '../../contracts/peer.ts';
import { scanMembers, withMembers } from '../../lib/json-text.ts';
import { isOwnKey } from './own-keys.ts';

const PREFIX = 'io.modelcontextprotocol/';
const PROTOCOL_VERSION_KEY = `${PREFIX}protocolVersion`;
const CLIENT_INFO_KEY = `${PREFIX}clientInfo`;
const CLIENT_CAPABILITIES_KEY = `${PREFIX}clientCapabilities`;
const LOG_LEVEL_KEY = `${PREFIX}logLevel`;
export const SUBSCRIPTION_ID_KEY = `${PREFIX}subscriptionId`;
export const SERVER_INFO_KEY = `${PREFIX}serverInfo`;

type MetaChanges = { [key: string]: JsonText | undefined };

/** `params` with `changes` made to its `_meta`; texts around it stay where they are. */
function changeMeta(params: JsonText, changes: MetaChanges): JsonText {
  const members = scanMembers(params);
  const meta = members.find((member) => member.key === '_meta');
  if (meta === undefined) {
    const added = withMembers('{}', changes);
    if (added === '{}') return params;
    const first = members[0];
    return first === undefined ? `{"_meta":${added}}` : `{"_meta":${added},${params.slice(first.keyStart)}`;
  }
  const old = params.slice(meta.valueStart, meta.valueEnd);
  const all = { ...changes };
  let touches = false;
  for (const { key } of scanMembers(old)) {
    if (isOwnKey(key)) all[key] = undefined;
    if (Object.hasOwn(all, key)) touches = true;
  }
  if (!touches && Object.values(all).every((change) => change === undefined)) return params;
  return params.slice(0, meta.valueStart) + withMembers(old, all) + params.slice(meta.valueEnd);
}

export interface HopMeta {
  /** Our token for this request; undefined: the client wants no progress. */
  readonly progressToken: number | undefined;
  readonly traceparent: string | undefined;
}

function hopChanges(hop: HopMeta): MetaChanges {
  const changes: MetaChanges = {
    progressToken: hop.progressToken === undefined ? undefined : String(hop.progressToken),
  };
  if (hop.traceparent !== undefined) changes.traceparent = JSON.stringify(hop.traceparent);
  return changes;
}

/** For a server up to 2025-11-25: what only a modern server may see goes. */
export function writeLegacyMeta(params: JsonText, hop: HopMeta): JsonText {
  return changeMeta(params, {
    ...hopChanges(hop),
    [PROTOCOL_VERSION_KEY]: undefined,
    [CLIENT_INFO_KEY]: undefined,
    [CLIENT_CAPABILITIES_KEY]: undefined,
    [LOG_LEVEL_KEY]: undefined,
  });
}

export interface ModernMeta extends HopMeta {
  readonly protocolVersion: string;
  /** JSON text of the client's or our `clientInfo`. */
  readonly clientInfo: JsonText;
  readonly capabilities: JsonText;
  readonly logLevel: LogLevel | undefined;
}

/** For a server of 2026-07-28: every request describes itself. */
export function writeModernMeta(params: JsonText, meta: ModernMeta): JsonText {
  return changeMeta(params, {
    [PROTOCOL_VERSION_KEY]: JSON.stringify(meta.protocolVersion),
    [CLIENT_INFO_KEY]: meta.clientInfo,
    [CLIENT_CAPABILITIES_KEY]: meta.capabilities,
    [LOG_LEVEL_KEY]: meta.logLevel === undefined ? undefined : JSON.stringify(meta.logLevel),
    ...hopChanges(meta),
  });
}

/** The level of log messages this client wants: of the request (modern), or of its session (legacy). */
export function wantedLogLevel(peer: ClientPeer): LogLevel | undefined {
  return peer.era === 'modern' ? peer.logLevel : peer.session?.logLevel;
}
