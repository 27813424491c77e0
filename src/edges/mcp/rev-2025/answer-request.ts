/** Answers one request of a legacy session: what is local here, what is governed through the gateway, verbatim. */

import type { Call, Endpoint, Gateway, McpOutcome } from '../../../contracts/call.ts';
import type { Credential, Narrowing } from '../../../contracts/caller.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText, ParsedJson } from '../../../contracts/json.ts';
import type { Log } from '../../../contracts/log.ts';
import { type ClientPeer, LOG_LEVELS, type LogLevel } from '../../../contracts/peer.ts';
import type { Exchange } from '../../http/exchange.ts';
import { readTraceparent } from '../../http/traceparent.ts';
import { callName, type GovernedMethod, governedMethod } from '../kinds.ts';
import { isShared, type ReadyResults, resultPieces } from '../ready-results.ts';
import { renderRpcError } from '../render-error.ts';
import { CallPeer, type Channel } from './call-peer.ts';
import type { RequestMessage } from './decode.ts';
import { encodeOutcome } from './encode.ts';
import type { ClientFacts, Session } from './session.ts';

export interface AnswerDeps {
  readonly gateway: Gateway;
  readonly log: Log;
  readonly now: () => number;
  readonly newId: () => string;
  readonly readyResults: ReadyResults;
}

/** Facts of the HTTP request a call came in with. */
export interface Arrival {
  readonly endpoint: Endpoint;
  readonly credential: Credential | undefined;
  readonly narrowing: Narrowing;
  readonly exchange: Exchange;
}

export interface Answer {
  readonly status: number;
  readonly body: JsonText;
  /** The same as bytes, where they stand ready. */
  readonly pieces?: readonly Uint8Array[] | undefined;
  /** The governed call behind it, if there was one. */
  readonly call?: Call | undefined;
}

const EMPTY: McpOutcome = { type: 'result', text: '{}', isError: false };

/** Never rejects. Undefined: the client cancelled it and wants no answer. */
export async function answerRequest(
  deps: AnswerDeps,
  session: Session,
  message: RequestMessage,
  arrival: Arrival,
  channel: Channel,
): Promise<Answer | undefined> {
  let call: Call | undefined;
  let peer: CallPeer | undefined;
  try {
    const decided = decide(session, message);
    if (decided.type !== 'governed') return { status: 200, body: encodeOutcome(message.id, decided) };
    peer = new CallPeer(session, decided.client, decided.params, channel);
    call = createCall(deps, session, message.idKey, { ...decided, arrival, peer });
    const outcome = await runCall(deps.gateway, session, message.idKey, call);
    const pieces = isShared(outcome) ? resultPieces(message.id, deps.readyResults(outcome, message.method)) : undefined;
    return { status: 200, body: encodeOutcome(message.id, outcome), pieces, call };
  } catch (thrown) {
    const signal = call?.signal;
    const error = signal?.aborted ? signal.reason : thrown;
    if (signal?.aborted && error instanceof GatewayError && error.code === 'cancelled') return undefined;
    return { ...renderRpcError(message.id, error, 'legacy', deps.log), call };
  } finally {
    peer?.end();
  }
}

interface Governed {
  readonly type: 'governed';
  readonly method: GovernedMethod;
  readonly name: string;
  readonly params: ParsedJson;
  readonly client: ClientFacts;
}

/** What is answered here at once, or what the gateway is to be called with. Throws GatewayError. */
function decide(session: Session, { method, params }: RequestMessage): McpOutcome | Governed {
  const { client } = session;
  if (params === undefined) throw new GatewayError('invalid_params', 'params must be an object');
  if (method === 'ping') return EMPTY;
  if (method === 'initialize') throw new GatewayError('invalid_request', 'the session is initialized already');
  if (client === undefined) throw new GatewayError('invalid_request', 'initialize comes first');
  if (method === 'logging/setLevel') return setLogLevel(session, params);
  const governed = governedMethod(method, 'legacy');
  if (governed === undefined) throw new GatewayError('unknown_method', method.slice(0, 100));
  return { type: 'governed', method: governed, name: callName(governed, params.value), params, client };
}

function setLogLevel(session: Session, params: ParsedJson): McpOutcome {
  const level = LOG_LEVELS.find((known) => known === params.value.level);
  if (level === undefined) throw new GatewayError('invalid_params', `level must be one of ${LOG_LEVELS.join(', ')}`);
  session.logLevel = level satisfies LogLevel;
  session.watch?.setLogLevel(level);
  return EMPTY;
}

interface CallParts extends Governed {
  readonly arrival: Arrival;
  readonly peer: ClientPeer;
}

function createCall(
  deps: AnswerDeps,
  session: Session,
  idKey: string,
  { method, name, params, arrival, peer }: CallParts,
): Call {
  return {
    signal: session.startCall(idKey),
    id: deps.newId(),
    kind: method.kind,
    receivedAtMs: deps.now(),
    startedMs: arrival.exchange.receivedMs,
    surface: 'mcp',
    endpoint: arrival.endpoint,
    credential: arrival.credential,
    client: arrival.exchange,
    narrowing: arrival.narrowing,
    params,
    name,
    peer,
    watch: session.watch,
    traceparent: readTraceparent(params.value._meta, arrival.exchange),
    parentId: undefined,
    facts: {},
  };
}

/** Ends with the call, or as soon as it is cancelled; the call itself may take longer to wind down, and keeps its id until then. */
function runCall(gateway: Gateway, session: Session, idKey: string, call: Call): Promise<McpOutcome> {
  return new Promise((resolve, reject) => {
    const onOutcome = (outcome: McpOutcome): void => {
      session.endCall(idKey);
      resolve(outcome);
    };
    const onError = (error: unknown): void => {
      session.endCall(idKey);
      reject(error);
    };
    call.signal.addEventListener('abort', () => reject(call.signal.reason));
    try {
      // Never ends in this turn: of two requests of a batch with one id the second is refused, however quick the first.
      Promise.resolve(gateway.call(call)).then(onOutcome, onError);
    } catch (error) {
      onError(error);
    }
  });
}
