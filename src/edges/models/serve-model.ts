/** The way of a model request, the same for every dialect: who is it, read, through the gateway, answer in its own words. */

import type { Gateway, ModelCall, ModelGateway, ProtectedPlace } from '../../contracts/call.ts';
import type { Credential } from '../../contracts/caller.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ParsedJson } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import type { ModelCallKind, ModelOutcome, ModelRequest } from '../../contracts/models.ts';
import type { ClientPeer } from '../../contracts/peer.ts';
import { describeClient } from '../http/describe-client.ts';
import type { Exchange } from '../http/exchange.ts';
import { errorHeaders } from '../http/render-error.ts';
import { readTraceparent } from '../http/traceparent.ts';
import { answerHeaders, requestIdHeaders } from './answer-headers.ts';
import type { DialectEdge } from './dialect-edge.ts';
import { readRoutingHeaders } from './read-routing-headers.ts';
import { readEndpoint } from './read-wishes.ts';

export interface ModelEdgeDeps {
  readonly gateway: Pick<Gateway, 'admit' | 'identify'> & ModelGateway;
  readonly log: Log;
  readonly limits: () => { readonly maxJsonDepth: number };
  /** Wall clock in milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
}

const MODELS: ProtectedPlace = { type: 'models' };

/** What a dialect read out of a request. */
export interface ReadRequest {
  readonly kind: ModelCallKind;
  /** As the client named it; '' for the list of models. */
  readonly model: string;
  readonly body: ParsedJson;
  readonly request: ModelRequest;
}

/** Sends an outcome on; called with the call that is over, or has begun to stream. */
export type SendOutcome = (exchange: Exchange, call: ModelCall, outcome: ModelOutcome) => void | Promise<void>;

export const NO_BODY: ParsedJson = Object.freeze({ text: '{}', value: Object.freeze({}) });

/** Serves one request from beginning to end; never rejects, but where an answer under way cannot be saved. */
export async function serveModel(
  deps: ModelEdgeDeps,
  exchange: Exchange,
  edge: DialectEdge,
  read: () => ReadRequest | Promise<ReadRequest>,
  send: SendOutcome,
): Promise<void> {
  const id = deps.newId();
  try {
    // Before its body is read: who has no key shall not make us read one.
    const credential = edge.credentialOf === undefined ? exchange.credential : edge.credentialOf(exchange);
    const admission = deps.gateway.admit(credential, MODELS);
    if (admission !== undefined) await admission;
    deps.gateway.identify(credential);
    const reading = read();
    const { kind, model, body, request } = reading instanceof Promise ? await reading : reading;
    const call = createModelCall(deps, exchange, { id, credential, kind, model, body, request });
    let outcome: ModelOutcome;
    try {
      outcome = await deps.gateway.call(call);
    } catch (error) {
      refuse(deps, exchange, edge, error, id, answerHeaders(call, false));
      return;
    }
    await send(exchange, call, outcome);
    if (!exchange.gone) call.facts.onSent?.(call);
  } catch (error) {
    if (exchange.answered) throw error;
    refuse(deps, exchange, edge, error, id, requestIdHeaders(id));
  }
}

function refuse(
  deps: ModelEdgeDeps,
  exchange: Exchange,
  edge: DialectEdge,
  error: unknown,
  id: string,
  headers: { readonly [name: string]: string },
): void {
  const known = asGatewayError(deps, error, id);
  const { status, body } = edge.renderError(known, id);
  exchange.sendJson(status, body, { ...headers, ...errorHeaders(known), ...retryHeaders(known) });
}

/** What is no GatewayError is logged, and `internal`. */
export function asGatewayError(deps: Pick<ModelEdgeDeps, 'log'>, error: unknown, id: string): GatewayError {
  if (error instanceof GatewayError) return error;
  deps.log.error('a model request failed for an unexpected reason', { correlationId: id, error });
  return new GatewayError('internal', undefined, { data: { correlationId: id } });
}

function retryHeaders({ data }: GatewayError): { readonly [name: string]: string } {
  const retryAfterMs = data?.retryAfterMs;
  return typeof retryAfterMs === 'number'
    ? { 'Retry-After': String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }
    : {};
}

function createModelCall(
  deps: ModelEdgeDeps,
  exchange: Exchange,
  parts: ReadRequest & { readonly id: string; readonly credential: Credential | undefined },
): ModelCall {
  return {
    id: parts.id,
    kind: parts.kind,
    receivedAtMs: deps.now(),
    startedMs: exchange.receivedMs,
    surface: 'models',
    endpoint: readEndpoint(exchange),
    credential: parts.credential,
    client: exchange,
    narrowing: exchange.narrowing,
    params: parts.body,
    name: parts.model,
    peer: createModelPeer(exchange.header('user-agent')),
    watch: undefined,
    signal: exchange.signal,
    traceparent: readTraceparent(undefined, exchange),
    parentId: undefined,
    facts: {},
    model: parts.request,
    routingHeaders: () => readRoutingHeaders(exchange),
  };
}

/** A client of models cannot be told or asked anything but by its answer. */
function createModelPeer(userAgent: string | undefined): ClientPeer {
  return {
    ...{ era: 'modern', protocolVersion: '', info: describeClient(userAgent), capabilities: '{}', session: undefined },
    ...{ logLevel: undefined, progressToken: undefined, ask: undefined },
    notify: () => {},
  };
}
