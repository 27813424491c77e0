/** Builds the call a modern request stands for. */

import type { Call, CallKind, Endpoint, Watch } from '../../../contracts/call.ts';
import type { CallSignal } from '../../../contracts/call-signal.ts';
import type { ParsedJson } from '../../../contracts/json.ts';
import type { ClientPeer } from '../../../contracts/peer.ts';
import type { Exchange } from '../../http/exchange.ts';
import { readTraceparent } from '../../http/traceparent.ts';

export interface CallParts {
  readonly kind: CallKind;
  readonly name: string;
  readonly params: ParsedJson;
  readonly endpoint: Endpoint;
  /** `_meta` of the request, for its trace context. */
  readonly meta: unknown;
  readonly peer: ClientPeer;
  readonly paramHeaders?: ReadonlyMap<string, string> | undefined;
  readonly watch?: Watch;
  /** Default: the exchange's, so that a client that goes away cancels. */
  readonly signal?: CallSignal;
}

/** Throws GatewayError `unauthenticated` if two different credentials were presented. */
export function createCall(
  deps: { readonly now: () => number; readonly newId: () => string },
  exchange: Exchange,
  parts: CallParts,
): Call {
  const { kind, name, params, endpoint, peer } = parts;
  return {
    id: deps.newId(),
    kind,
    receivedAtMs: deps.now(),
    startedMs: exchange.receivedMs,
    surface: 'mcp',
    endpoint,
    credential: exchange.credential,
    client: exchange,
    narrowing: exchange.narrowing,
    params,
    name,
    peer,
    paramHeaders: parts.paramHeaders,
    watch: parts.watch,
    signal: parts.signal ?? exchange.signal,
    traceparent: readTraceparent(parts.meta, exchange),
    parentId: undefined,
    facts: {},
  };
}
