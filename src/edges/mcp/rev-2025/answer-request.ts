/** Answers one request of a legacy session: what is local here, what is governed through the gateway, verbatim. */

import type { Call, Endpoint, Gateway, Outcome } from '../../../contracts/call.ts';
import type { Credential, Narrowing } from '../../../contracts/caller.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText, ParsedJson } from '../../../contracts/json.ts';
import type { Log } from '../../../contracts/log.ts';
import { type ClientPeer, LOG_LEVELS, type LogLevel } from '../../../contracts/peer.ts';
import { memberText } from '../../../lib/json-text.ts';
import type { Exchange } from '../../http/exchange.ts';
import { callName, type GovernedMethod, governedMethod } from '../kinds.ts';
import { isObject } from '../read-message.ts';
import { renderRpcError } from '../render-error.ts';
import { readTraceparent } from '../traceparent.ts';
import type { RequestMessage } from './decode.ts';
import { encodeNotification, encodeOutcome } from './encode.ts';
import type { ClientFacts, Session } from './session.ts';

export interface AnswerDeps {
  readonly gateway: Gateway;
  readonly log: Log;
  readonly now: () => number;
  readonly newId: () => string;
}

/** Where messages go that come before the answer. */
export interface Channel {
  /** Returns false where nobody can receive it any more. */
  send(message: JsonText): boolean;
  /** Whether the client can be asked here. */
  readonly canAsk: boolean;
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
}

const EMPTY: Outcome = { type: 'result', text: '{}', isError: false };

/** Never rejects. Undefined: the client cancelled it and wants no answer. */
export async function answerRequest(
  deps: AnswerDeps,
  session: Session,
  message: RequestMessage,
  arrival: Arrival,
  channel: Channel,
): Promise<Answer | undefined> {
  try {
    const outcome = await decideOutcome(deps, session, message, arrival, channel);
    return outcome === undefined ? undefined : { status: 200, body: encodeOutcome(message.id, outcome) };
  } catch (error) {
    return renderRpcError(message.id, error, 'legacy', deps.log);
  }
}

function decideOutcome(
  deps: AnswerDeps,
  session: Session,
  message: RequestMessage,
  arrival: Arrival,
  channel: Channel,
): Outcome | Promise<Outcome | undefined> {
  const { method, params } = message;
  if (params === undefined) throw new GatewayError('invalid_params', 'params must be an object');
  if (method === 'ping') return EMPTY;
  if (method === 'initialize') throw new GatewayError('invalid_request', 'the session is initialized already');
  if (session.client === undefined) throw new GatewayError('invalid_request', 'initialize comes first');
  if (method === 'logging/setLevel') return setLogLevel(session, params);
  const governed = governedMethod(method, 'legacy');
  if (governed === undefined) throw new GatewayError('unknown_method', method.slice(0, 100));
  return callGateway(deps, session, session.client, { message, params, governed, arrival, channel });
}

function setLogLevel(session: Session, params: ParsedJson): Outcome {
  const level = LOG_LEVELS.find((known) => known === params.value.level);
  if (level === undefined) throw new GatewayError('invalid_params', `level must be one of ${LOG_LEVELS.join(', ')}`);
  session.logLevel = level satisfies LogLevel;
  return EMPTY;
}

interface Governed {
  readonly message: RequestMessage;
  readonly params: ParsedJson;
  readonly governed: GovernedMethod;
  readonly arrival: Arrival;
  readonly channel: Channel;
}

/** Undefined as soon as the client cancels; the call itself may take longer to wind down, and keeps its id until then. */
async function callGateway(
  deps: AnswerDeps,
  session: Session,
  client: ClientFacts,
  { message, params, governed, arrival, channel }: Governed,
): Promise<Outcome | undefined> {
  const name = callName(governed, params.value);
  const signal = session.startCall(message.idKey);
  let answered = false;
  const meta = params.value._meta;
  const call: Call = {
    id: deps.newId(),
    kind: governed.kind,
    receivedAtMs: deps.now(),
    startedMs: performance.now(),
    surface: 'mcp',
    endpoint: arrival.endpoint,
    credential: arrival.credential,
    narrowing: arrival.narrowing,
    params,
    name,
    peer: createPeer(session, client, { params, channel, isAnswered: () => answered }),
    watch: session.watch,
    signal,
    traceparent: readTraceparent(meta, arrival.exchange),
    parentId: undefined,
    facts: {},
  };
  const run = async (): Promise<Outcome> => {
    try {
      return await deps.gateway.call(call);
    } finally {
      session.endCall(message.idKey);
    }
  };
  try {
    return await untilAborted(run(), signal);
  } catch (error) {
    if (signal.aborted && signal.reason instanceof GatewayError && signal.reason.code === 'cancelled') return undefined;
    throw signal.aborted ? signal.reason : error;
  } finally {
    answered = true;
  }
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function progressToken(params: ParsedJson): JsonText | undefined {
  const meta = params.value._meta;
  const token = isObject(meta) ? meta.progressToken : undefined;
  if (typeof token !== 'string' && typeof token !== 'number') return undefined;
  return memberText(memberText(params.text, '_meta') ?? '', 'progressToken');
}

function createPeer(
  session: Session,
  client: ClientFacts,
  call: { readonly params: ParsedJson; readonly channel: Channel; readonly isAnswered: () => boolean },
): ClientPeer {
  const { channel, isAnswered } = call;
  return {
    era: 'legacy',
    protocolVersion: client.version,
    info: client.info,
    capabilities: client.capabilities,
    session: session.peer,
    logLevel: undefined,
    progressToken: progressToken(call.params),
    notify(method, params) {
      if (!isAnswered() && session.wantsNotification(method, params)) channel.send(encodeNotification(method, params));
    },
    ask: channel.canAsk && session.mayAskAnything ? ask : undefined,
  };

  function ask(method: string, params: JsonText | undefined, signal: AbortSignal) {
    if (isAnswered() || session.closed)
      return Promise.reject(new GatewayError('cancelled', 'the call is over already'));
    if (!session.mayAsk(method)) return Promise.reject(new GatewayError('missing_capability', method));
    return session.asks.ask((text) => channel.send(text), method, params, signal);
  }
}
