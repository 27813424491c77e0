/** Answers `initialize`: settles the version, has the gateway say what there is, and begins the session. */

import type { Call, WatchEvent } from '../../../contracts/call.ts';
import type { Caller, Narrowing } from '../../../contracts/caller.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText } from '../../../contracts/json.ts';
import { isObject } from '../../../lib/is-object.ts';
import { memberText } from '../../../lib/json-text.ts';
import { readTraceparent } from '../../http/traceparent.ts';
import { relayedCapabilities } from '../relayed-capabilities.ts';
import { renderRpcError } from '../render-error.ts';
import type { Answer, AnswerDeps, Arrival } from './answer-request.ts';
import type { RequestMessage } from './decode.ts';
import { encodeOutcome, encodeResult } from './encode.ts';
import type { ClientFacts, Session } from './session.ts';
import { negotiateVersion } from './versions.ts';

export interface InitializeDeps extends AnswerDeps {
  readonly identity: { readonly name: string; readonly version: string };
  /** One object for equal facts; see `createShareClient`. */
  readonly shareClient: (client: ClientFacts) => ClientFacts;
}

/** Most sessions narrow nothing: they need not each remember that. */
const NO_NARROWING: Narrowing = { servers: undefined, tools: undefined };

function sharedNarrowing(narrowing: Narrowing): Narrowing {
  const { servers, tools, mode } = narrowing;
  return servers === undefined && tools === undefined && mode === undefined ? NO_NARROWING : narrowing;
}

/** Never rejects. The session has begun if it has a `client` afterwards. */
export async function initialize(
  deps: InitializeDeps,
  session: Session,
  message: RequestMessage,
  arrival: Arrival & { readonly caller: Caller },
): Promise<Answer> {
  try {
    return { status: 200, body: await openGateway(deps, session, message, arrival) };
  } catch (error) {
    return renderRpcError(message.id, error, 'legacy', deps.log);
  }
}

function readClient(message: RequestMessage): ClientFacts {
  const params = message.params;
  if (params === undefined) throw new GatewayError('invalid_params', 'params must be an object');
  const { protocolVersion, capabilities, clientInfo } = params.value;
  if (typeof protocolVersion !== 'string') throw new GatewayError('invalid_params', 'protocolVersion must be a string');
  if (capabilities !== undefined && !isObject(capabilities))
    throw new GatewayError('invalid_params', 'capabilities must be an object');
  return {
    version: negotiateVersion(protocolVersion),
    info: isObject(clientInfo) ? memberText(params.text, 'clientInfo') : undefined,
    capabilities: relayedCapabilities(memberText(params.text, 'capabilities') ?? '{}', capabilities),
  };
}

async function openGateway(
  deps: InitializeDeps,
  session: Session,
  message: RequestMessage,
  arrival: Arrival & { readonly caller: Caller },
): Promise<JsonText> {
  const client = readClient(message);
  const signal = session.startCall(message.idKey);
  const { endpoint, credential, narrowing, caller } = arrival;
  const params = message.params ?? { text: '{}', value: {} };
  const call: Call = {
    id: deps.newId(),
    kind: 'session.open',
    receivedAtMs: deps.now(),
    startedMs: arrival.exchange.receivedMs,
    surface: 'mcp',
    endpoint,
    credential,
    client: arrival.exchange,
    narrowing,
    params,
    name: '',
    peer: {
      era: 'legacy',
      protocolVersion: client.version,
      info: client.info,
      capabilities: client.capabilities,
      session: session.peer,
      logLevel: undefined,
      progressToken: undefined,
      notify: () => {},
      ask: undefined,
    },
    watch: undefined,
    signal,
    traceparent: readTraceparent(params.value._meta, arrival.exchange),
    parentId: undefined,
    facts: {},
  };
  try {
    const outcome = await deps.gateway.call(call);
    if (outcome.type === 'rpc-error') return encodeOutcome(message.id, outcome);
    const onEvent = (event: WatchEvent): void => session.onWatchEvent(event);
    const watch = deps.gateway.watch({ caller, endpoint, narrowing: sharedNarrowing(narrowing), onEvent });
    session.begin(deps.shareClient(client), watch);
    return encodeResult(message.id, encodeInitializeResult(deps, client, outcome.text));
  } finally {
    session.endCall(message.idKey);
  }
}

function encodeInitializeResult({ identity }: InitializeDeps, client: ClientFacts, opened: JsonText): JsonText {
  const instructions = memberText(opened, 'instructions');
  const serverInfo = { name: identity.name, title: 'Portcullis', version: identity.version };
  const parts = [
    `"protocolVersion":"${client.version}"`,
    `"capabilities":${memberText(opened, 'capabilities') ?? '{}'}`,
    `"serverInfo":${JSON.stringify(serverInfo)}`,
  ];
  if (instructions !== undefined) parts.push(`"instructions":${instructions}`);
  return `{${parts.join(',')}}`;
}
