/** One call of a tool that somebody else's model made, carried out through the gateway's one door. */

import type { ApprovalStore } from '../../contracts/approvals.ts';
import type { Call, Endpoint, Gateway, McpOutcome, OwnSuggestion, SuggestionGateway } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { ClientPeer } from '../../contracts/peer.ts';
import type { SuggestionRef } from '../../contracts/suggestions.ts';
import { describeClient } from '../http/describe-client.ts';
import type { Exchange } from '../http/exchange.ts';
import { readTraceparent } from '../http/traceparent.ts';
import { readEndpoint } from '../models/read-wishes.ts';
import type { AskedCall, ClientDialect } from './read-calls.ts';
import { waitForDecision } from './wait-for-decision.ts';

export interface ExecuteDeps {
  readonly gateway: Pick<Gateway, 'admit' | 'call' | 'checkScope' | 'identify'> & SuggestionGateway;
  /** Undefined: nobody can be waited for. */
  readonly approvals: Pick<ApprovalStore, 'find' | 'onChange'> | undefined;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
  readonly newId: () => string;
}

/** What became of one. `call` is the last that was made for it; undefined: none was. */
export interface Executed {
  readonly dialect: ClientDialect;
  readonly call: Call | undefined;
  readonly end: { readonly outcome: McpOutcome } | { readonly error: unknown };
}

interface Prepared {
  readonly dialect: ClientDialect;
  readonly endpoint: Endpoint;
  readonly name: string;
  readonly arguments: JsonText;
  readonly execution: SuggestionRef;
}

/** Never rejects. `waitMs`: how long it may wait for people. */
export async function executeCall(
  deps: ExecuteDeps,
  exchange: Exchange,
  asked: AskedCall,
  waitMs: number | undefined,
): Promise<Executed> {
  const dialect = asked.dialect ?? 'openai-chat';
  let prepared: Prepared;
  try {
    prepared = await prepare(deps, exchange, asked);
  } catch (error) {
    return { dialect, call: undefined, end: { error } };
  }
  const untilMs = deps.now() + (waitMs ?? 0);
  for (;;) {
    const call = createCall(deps, exchange, prepared);
    try {
      return { dialect: prepared.dialect, call, end: { outcome: await deps.gateway.call(call) } };
    } catch (error) {
      const pending = pendingOf(error);
      const leftMs = untilMs - deps.now();
      if (pending === undefined || deps.approvals === undefined || leftMs <= 0 || exchange.gone)
        return { dialect: prepared.dialect, call, end: { error } };
      await waitForDecision(deps.approvals, pending.approvalId, leftMs, exchange.signal);
      // What was held back stands in the ledger by now, also where no model had suggested it.
      prepared = {
        ...prepared,
        execution: { type: 'id', id: pending.suggestionId },
      };
    }
  }
}

function pendingOf(error: unknown): { readonly approvalId: string; readonly suggestionId: string } | undefined {
  if (!(error instanceof GatewayError) || error.code !== 'approval_required') return undefined;
  const { approvalId, suggestionId } = error.data ?? {};
  return typeof approvalId === 'string' && typeof suggestionId === 'string' ? { approvalId, suggestionId } : undefined;
}

async function prepare(deps: ExecuteDeps, exchange: Exchange, asked: AskedCall): Promise<Prepared> {
  if (asked.type === 'tool-call') {
    const { dialect, name, toolCallId } = asked;
    const execution: SuggestionRef = { type: 'tool-call', toolCallId };
    return { dialect, name, arguments: asked.arguments, execution, endpoint: readEndpoint(exchange) };
  }
  const { id } = asked;
  const own = await deps.gateway.suggestion(exchange.credential, id);
  const text = asked.arguments ?? own.arguments;
  if (text === undefined)
    throw new GatewayError(
      'invalid_params',
      'the arguments of this suggestion were not kept: bring them as `arguments`',
    );
  return {
    dialect: asked.dialect ?? dialectOf(own.dialect),
    endpoint: own.endpoint,
    name: own.name,
    arguments: text.trim() || '{}',
    execution: { type: 'id', id },
  };
}

/** The caller's own; what no client speaks is told as chat. */
function dialectOf(dialect: OwnSuggestion['dialect']): ClientDialect {
  return dialect === undefined || dialect === 'bedrock' || dialect === 'cohere' ? 'openai-chat' : dialect;
}

function createCall(deps: ExecuteDeps, exchange: Exchange, prepared: Prepared): Call {
  const { name, arguments: text, endpoint, execution } = prepared;
  const params = `{"name":${JSON.stringify(name)},"arguments":${text}}`;
  return {
    id: deps.newId(),
    kind: 'tools.call',
    receivedAtMs: deps.now(),
    startedMs: exchange.receivedMs,
    surface: 'execute',
    endpoint,
    credential: exchange.credential,
    client: exchange,
    narrowing: exchange.narrowing,
    params: { text: params, value: JSON.parse(params) as Call['params']['value'] },
    name,
    peer: createPeer(exchange.header('user-agent')),
    watch: undefined,
    // Not the connection's: what was begun has to end, so that whoever asks again hears how.
    signal: new AbortController().signal,
    traceparent: readTraceparent(undefined, exchange),
    parentId: undefined,
    execution,
    facts: {},
  };
}

/** Whoever executes cannot be told or asked anything but by the answer. */
function createPeer(userAgent: string | undefined): ClientPeer {
  return {
    ...{ era: 'modern', protocolVersion: '', capabilities: '{}', session: undefined, logLevel: undefined },
    info: describeClient(userAgent),
    ...{ progressToken: undefined, ask: undefined },
    notify: () => {},
  };
}
