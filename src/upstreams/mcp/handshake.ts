/** The two openings of the protocol, `initialize` (legacy) and `server/discover` (modern), and what they tell about a server. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { Era } from '../../contracts/peer.ts';
import { isObject } from '../../lib/is-object.ts';
import { memberText } from '../../lib/json-text.ts';
import type { Conversation } from './conversation.ts';
import type { Reply } from './json-rpc.ts';
import { LinkOpenError } from './link.ts';
import { SERVER_INFO_KEY, writeModernMeta } from './request-meta.ts';
import { HttpStatusError } from './transport.ts';

export const MODERN_VERSION = '2026-07-28';
export const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const;

const UNSUPPORTED_VERSION = -32022;

/** Requests wait for the server to have accepted notifications/initialized, but not for a server that never says so. */
const INITIALIZED_TIMEOUT_MS = 5_000;

export interface ServerFacts {
  readonly era: Era;
  readonly protocolVersion: string;
  readonly serverInfo: JsonText | undefined;
  readonly capabilities: { readonly [name: string]: unknown };
  readonly instructions: string | undefined;
}

/** What came of one opening. `refused`: the server is there, but this is not how it wants to be spoken to. */
export type Opening =
  | { readonly type: 'open'; readonly facts: ServerFacts }
  | {
      readonly type: 'refused';
      readonly reason: string;
      readonly status: number | undefined;
      readonly error: LinkOpenError;
    };

export interface OpeningOptions {
  readonly conversation: Conversation;
  readonly identity: { readonly name: string; readonly version: string };
  /** Client capabilities to declare, JSON object. */
  readonly capabilities: JsonText;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** Throws LinkOpenError if the server cannot be reached at all, or refuses our credentials; everything else is an opening. */
export async function initialize(options: OpeningOptions): Promise<Opening> {
  const params = `{"protocolVersion":"${LEGACY_VERSIONS[0]}","capabilities":${options.capabilities},"clientInfo":${JSON.stringify(options.identity)}}`;
  const answer = await openWith(options, 'initialize', params);
  if (!('reply' in answer)) return answer;
  const { reply } = answer;
  if (reply.type === 'rpc-error') return refuse(`initialize: ${describeRpcError(reply)}`);
  const version = reply.value.protocolVersion;
  if (typeof version !== 'string' || !(LEGACY_VERSIONS as readonly string[]).includes(version))
    return refuse(`initialize: the server speaks ${JSON.stringify(version) ?? 'no version'}, which we do not`);
  options.conversation.transport.begin?.(version);
  await within(INITIALIZED_TIMEOUT_MS, options.conversation.notify('notifications/initialized', undefined));
  return { type: 'open', facts: readFacts('legacy', version, reply, memberText(reply.text, 'serverInfo')) };
}

/** As `initialize`. */
export async function discover(options: OpeningOptions): Promise<Opening> {
  const params = writeModernMeta('{}', {
    protocolVersion: MODERN_VERSION,
    clientInfo: JSON.stringify(options.identity),
    capabilities: '{}',
    logLevel: undefined,
    progressToken: undefined,
    traceparent: undefined,
  });
  let answer = await openWith(options, 'server/discover', params);
  // Such a server is modern, and may have been asked too early, or through something that has an opinion of its own.
  if ('reply' in answer && refusesWhatItSupports(answer.reply))
    answer = await openWith(options, 'server/discover', params);
  if (!('reply' in answer)) return answer;
  const { reply } = answer;
  if (reply.type === 'rpc-error') return refuse(`server/discover: ${describeRpcError(reply)}`);
  const { supportedVersions } = reply.value;
  if (!Array.isArray(supportedVersions)) return refuse('server/discover: the answer names no supportedVersions');
  if (!supportedVersions.includes(MODERN_VERSION))
    return refuse(`server/discover: the server supports ${JSON.stringify(supportedVersions).slice(0, 200)}`);
  const info = memberText(memberText(reply.text, '_meta') ?? '{}', SERVER_INFO_KEY);
  return { type: 'open', facts: readFacts('modern', MODERN_VERSION, reply, info) };
}

function refusesWhatItSupports({ type, value }: Reply): boolean {
  if (type !== 'rpc-error' || value.code !== UNSUPPORTED_VERSION || !isObject(value.data)) return false;
  const { supported } = value.data;
  return Array.isArray(supported) && supported.includes(MODERN_VERSION);
}

async function within(timeoutMs: number, delivered: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([delivered, late]);
  clearTimeout(timer);
}

function readFacts(era: Era, protocolVersion: string, reply: Reply, serverInfo: JsonText | undefined): ServerFacts {
  const { capabilities, instructions } = reply.value;
  return {
    era,
    protocolVersion,
    serverInfo,
    capabilities: isObject(capabilities) ? capabilities : {},
    instructions: typeof instructions === 'string' ? instructions : undefined,
  };
}

function refuse(reason: string, status?: number, transient = false): Opening {
  return { type: 'refused', reason, status, error: new LinkOpenError('initialize', reason, { transient }) };
}

async function openWith(
  options: OpeningOptions,
  method: string,
  params: JsonText,
): Promise<{ reply: Reply } | Opening> {
  const { conversation, signal, timeoutMs } = options;
  try {
    const reply = await conversation.request({
      id: conversation.nextId(),
      method,
      params,
      peer: undefined,
      keyId: undefined,
      signal,
      timeoutMs,
    });
    return { reply };
  } catch (error) {
    return explain(conversation, method, error);
  }
}

/** An opening that brought no answer: is it the server, the network, the credentials or the wrong era? */
function explain(conversation: Conversation, method: string, error: unknown): Opening {
  const { failure } = conversation;
  if (failure !== undefined)
    throw new LinkOpenError(failure.stage === 'transport' ? 'start' : failure.stage, failure.message, {
      transient: failure.transient,
      needsAuth: failure.stage === 'credential',
      cause: error,
    });
  if (!(error instanceof GatewayError)) throw error;
  const { cause } = error;
  if (error.code === 'upstream_needs_auth' || error.code === 'connection_required')
    throw new LinkOpenError('credential', `${method}: ${messageOf(cause)}`, {
      transient: false,
      needsAuth: true,
      cause: error.code === 'connection_required' ? error : cause,
    });
  if (error.code === 'cancelled') throw new LinkOpenError('connect', 'given up', { transient: true, cause });
  if (cause instanceof HttpStatusError)
    return refuse(`${method}: ${cause.message}`, cause.status, cause.status >= 500 || cause.status === 429);
  if (error.code === 'upstream_timeout') return refuse(`${method}: no answer in time`, undefined, true);
  if (error.code === 'outcome_unknown') return refuse(`${method}: ${messageOf(cause)}`, undefined, true);
  if (error.code === 'upstream_failed') return refuse(`${method}: ${error.message}`);
  throw new LinkOpenError('connect', messageOf(cause), { transient: true, cause });
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no connection';
  const code = (error as NodeJS.ErrnoException).code;
  return code !== undefined && !error.message.includes(code)
    ? `${code} ${error.message}`.trim()
    : error.message || 'no connection';
}

function describeRpcError(reply: Reply): string {
  const message = typeof reply.value.message === 'string' ? reply.value.message.slice(0, 200) : '';
  return `error ${String(reply.value.code)} ${message}`.trim();
}
