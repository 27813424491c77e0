/** `POST /v1/mcp/tool/execute`: calls of tools as models made them go in, messages for the model come out. */

import type { ProtectedPlace } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import { withMembers } from '../../lib/json-text.ts';
import type { AnswerHeaders, Exchange, Route } from '../http/exchange.ts';
import { errorHeaders, methodNotAllowed } from '../http/render-error.ts';
import { requestIdHeaders } from '../models/answer-headers.ts';
import type { DialectEdge, RenderedError } from '../models/dialect-edge.ts';
import { readModelPath } from '../models/model-path.ts';
import { asGatewayError } from '../models/serve-model.ts';
import { type ExecuteDeps, type Executed, executeCall } from './execute-call.ts';
import { type AskedCall, type AskedCalls, type ClientDialect, readCalls, readFormat } from './read-calls.ts';
import { readResult } from './read-result.ts';
import { renderMessage } from './render-message.ts';
import { readWaitMs } from './wait-for-decision.ts';

export interface ExecuteEdgeDeps extends ExecuteDeps {
  readonly log: Log;
  readonly limits: () => { readonly maxJsonDepth: number; readonly maxWaitMs: number };
  /** How each dialect tells errors. */
  readonly dialects: { readonly [dialect in ClientDialect]: Pick<DialectEdge, 'renderError'> };
}

/** What a token has to be for: a call of a tool is one, wherever it comes in. */
const MCP: ProtectedPlace = { type: 'all' };
/** Of one request at once. */
const MAX_PARALLEL = 8;

export function createExecuteRoutes(deps: ExecuteEdgeDeps): readonly Route[] {
  return [
    (exchange) => {
      const path = readModelPath(exchange.segments);
      if (path === undefined || path.api !== undefined || path.rest.join('/') !== 'mcp/tool/execute') return false;
      return serve(deps, exchange);
    },
  ];
}

/** One as it is told: the message or the error, and what the gateway knows of it. */
interface Told {
  readonly message: JsonText | undefined;
  readonly error: RenderedError | undefined;
  /** Members are left out where they are not known. */
  readonly about: { readonly [member: string]: unknown };
  readonly headers: AnswerHeaders;
}

async function serve(deps: ExecuteEdgeDeps, exchange: Exchange): Promise<void> {
  const requestId = deps.newId();
  let dialect: ClientDialect = 'openai-chat';
  try {
    // Before its body is read: who has no key shall not make us read one.
    const admission = deps.gateway.admit(exchange.credential, MCP);
    if (admission !== undefined) await admission;
    deps.gateway.identify(exchange.credential);
    deps.gateway.checkScope(exchange.credential, 'tools.call', MCP);
    if (exchange.method !== 'POST') throw methodNotAllowed('POST');
    const format = readFormat(exchange.query.get('format'));
    dialect = format ?? dialect;
    const { maxJsonDepth, maxWaitMs } = deps.limits();
    const waitMs = readWaitMs(exchange, maxWaitMs);
    const asked = readCalls(await exchange.body(), format, maxJsonDepth);
    const inTurn = createTurns();
    const executed = await executeAll(asked.calls, (each) =>
      inTurn(each, () => executeCall(deps, exchange, each, waitMs)),
    );
    send(deps, exchange, asked, executed, requestId);
    if (!exchange.gone) for (const { call } of executed) call?.facts.onSent?.(call);
  } catch (error) {
    if (exchange.answered) throw error;
    const { status, body } = render(deps, dialect, error, requestId);
    exchange.sendJson(status, body, { ...requestIdHeaders(requestId), ...errorHeaders(error) });
  }
}

function send(
  deps: ExecuteEdgeDeps,
  exchange: Exchange,
  { calls, isList }: AskedCalls,
  executed: readonly Executed[],
  requestId: string,
): void {
  const told = executed.map((each, index) => tell(deps, calls[index], each, requestId));
  const [first] = told;
  if (!isList && first !== undefined) {
    const { message, error, headers } = first;
    exchange.sendJson(error?.status ?? 200, error?.body ?? message ?? '{}', {
      ...requestIdHeaders(requestId),
      ...headers,
    });
    return;
  }
  const results = told.map(({ message, error, about }) =>
    error === undefined
      ? `{"message":${message},"portcullis":${JSON.stringify(about)}}`
      : withMembers(error.body, { portcullis: JSON.stringify({ ...about, httpStatus: error.status }) }),
  );
  exchange.sendJson(200, `{"results":[${results.join(',')}]}`, requestIdHeaders(requestId));
}

function tell(deps: ExecuteEdgeDeps, asked: AskedCall | undefined, executed: Executed, requestId: string): Told {
  const { dialect, call, end } = executed;
  const suggestion = call?.facts.suggestion;
  const execution = suggestion?.executionId ?? call?.id;
  const isRepeated = suggestion !== undefined && suggestion.state !== 'open';
  const about = {
    suggestion: suggestion?.id ?? (asked?.type === 'suggestion' ? asked.id : undefined),
    execution: 'outcome' in end ? execution : undefined,
    ...(isRepeated && { repeated: true }),
  };
  const headers: { [name: string]: string } = {};
  if (call !== undefined) headers['x-portcullis-call-id'] = call.id;
  if (suggestion !== undefined) {
    headers['x-portcullis-suggestion'] = suggestion.id;
    headers['x-portcullis-run'] = suggestion.runId;
  }
  if ('error' in end) {
    const error = render(deps, dialect, end.error, requestId);
    return { message: undefined, error, about: { ...about, status: 'error', ...dataOf(end.error) }, headers };
  }
  const result = readResult(end.outcome);
  const asTold = asked?.type === 'tool-call' ? asked.toolCallId : undefined;
  const toolCallId = asTold ?? suggestion?.toolCallId;
  const status = result.isError ? 'tool-error' : 'ok';
  if (execution !== undefined) headers['x-portcullis-execution'] = execution;
  headers['x-portcullis-status'] = status;
  if (isRepeated) headers['x-portcullis-repeated'] = 'true';
  const message = renderMessage(dialect, { toolCallId, name: call?.name ?? '' }, result);
  return { message, error: undefined, about: { ...about, status }, headers };
}

/** In the dialect's words; what the gateway knows besides stands beside the error, as `portcullis`. */
function render(deps: ExecuteEdgeDeps, dialect: ClientDialect, error: unknown, requestId: string): RenderedError {
  const known = asGatewayError(deps, error, requestId);
  const rendered = deps.dialects[dialect].renderError(known, requestId);
  const about = { code: known.code, ...dataOf(known) };
  return { ...rendered, body: withMembers(rendered.body, { portcullis: JSON.stringify(about) }) };
}

const dataOf = (error: unknown): { readonly [member: string]: unknown } =>
  error instanceof GatewayError ? { code: error.code, ...error.data } : { code: 'internal' };

/**
 * Calls that nothing tells apart, since they bring no id, one after the other: each then finds the suggestion that the one
 * before has left. In the order they are started in.
 */
function createTurns(): <R>(asked: AskedCall, run: () => Promise<R>) => Promise<R> {
  const last = new Map<string, Promise<unknown>>();
  return (asked, run) => {
    if (asked.type === 'suggestion' || asked.toolCallId !== undefined) return run();
    const key = JSON.stringify([asked.name, asked.arguments]);
    const turn = (last.get(key) ?? Promise.resolve()).then(run);
    last.set(key, turn);
    return turn;
  };
}

/** In order, as many at once as may be. */
async function executeAll<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(MAX_PARALLEL, items.length) }, work));
  return results;
}
