/** Hands a call to its server and times it; what call-tool, get-prompt, read-resource and complete-argument share. */

import type { Call, McpOutcome } from '../contracts/call.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { JsonText, ParsedJson } from '../contracts/json.ts';
import type { UpstreamReply, UpstreamRequest, UpstreamServer } from '../contracts/upstream.ts';
import { type Catalog, shownUri } from '../domain/tools/catalog.ts';
import { mayHoldUris, showUriMember, showUrisInResult } from '../domain/tools/show-uris.ts';
import { isObject } from '../lib/is-object.ts';
import { DuplicateMemberError, memberText, withMembers } from '../lib/json-text.ts';
import type { Continuations } from './continuations.ts';
import { callerOf, userOf } from './grants.ts';
import type { TaskIds } from './task-ids.ts';

export interface ForwardDeps {
  readonly servers: () => ReadonlyMap<string, UpstreamServer>;
  readonly monotonicMs: () => number;
  readonly catalog: () => Catalog;
  readonly continuations: Continuations;
  readonly taskIds: TaskIds;
}

/** `isError: true` at the top of a tool result. Looks only where the words occur at all. */
export function isToolError(text: JsonText): boolean {
  return text.includes('"isError"') && memberText(text, 'isError') === 'true';
}

/**
 * The server's answer as an endpoint of several servers shows it: URIs in it lead back to the server they came from. Only
 * looks where the words occur at all. Throws GatewayError `upstream_failed` if the answer could be read in two ways.
 */
function withShownUris(
  deps: ForwardDeps,
  call: Call,
  method: UpstreamRequest['method'],
  reply: Extract<UpstreamReply, { type: 'result' | 'rpc-error' }>,
): JsonText {
  const { type, text } = reply;
  const isError = type === 'rpc-error';
  if (isError ? !ABOUT_A_RESOURCE.has(method) || !text.includes('"uri"') : !mayHoldUris(method, text)) return text;
  const server = deps.catalog().servers.get(call.facts.serverId ?? '');
  if (server === undefined) return text;
  try {
    if (!isError)
      return asPrivate(
        method,
        showUrisInResult(method, text, (uri) => shownUri(server, uri)),
      );
    const data = memberText(text, 'data');
    // "Not found" names the resource; the client knows it by what it wrote itself.
    const rename = (uri: string): string => (uri === call.facts.target ? call.name : uri);
    return data === undefined ? text : withMembers(text, { data: showUriMember('uri', data, rename) });
  } catch (cause) {
    if (!(cause instanceof DuplicateMemberError)) throw cause;
    throw new GatewayError('upstream_failed', 'its answer is ambiguous', { cause });
  }
}

const ABOUT_A_RESOURCE: ReadonlySet<UpstreamRequest['method']> = new Set([
  'resources/read',
  'skills/get',
  'resources/directory/read',
]);

/** What one key may read is not everybody's: a shared cache must not hand it to the next. */
function asPrivate(method: UpstreamRequest['method'], text: JsonText): JsonText {
  if (method === 'tools/call' || !text.includes('"cacheScope"')) return text;
  return memberText(text, 'cacheScope') === '"public"' ? withMembers(text, { cacheScope: '"private"' }) : text;
}

/** The client gets what it is asked, and one state of ours: never the server's own. */
function renderQuestions(
  deps: ForwardDeps,
  call: Call,
  { text, continuation }: Extract<UpstreamReply, { type: 'input-required' }>,
): McpOutcome {
  const state = continuation === undefined ? undefined : JSON.stringify(deps.continuations.seal(call, continuation));
  return { type: 'result', text: withMembers(text, { requestState: state }), isError: false };
}

/** The task as the server made it, under an id that only this caller can use. */
function renderTask(
  deps: ForwardDeps,
  call: Call,
  { text, taskId }: Extract<UpstreamReply, { type: 'task' }>,
): McpOutcome {
  const sealed = JSON.stringify(deps.taskIds.seal(call, taskId));
  try {
    return { type: 'result', text: withMembers(text, { taskId: sealed }), isError: false };
  } catch (cause) {
    if (!(cause instanceof DuplicateMemberError)) throw cause;
    throw new GatewayError('upstream_failed', 'its answer is ambiguous', { cause });
  }
}

/** Methods whose `params` name their target by `name`, which the server knows by its own. */
const NAMED: ReadonlySet<UpstreamRequest['method']> = new Set(['tools/call', 'prompts/get']);

/**
 * Sends `params` and turns the reply into an outcome. Where `name` has to become the server's own one the upstream does it,
 * in the same splice as its other changes. Not async: a promise of its own would only wait for the server's.
 */
export function forward(
  deps: ForwardDeps,
  call: Call,
  method: UpstreamRequest['method'],
  params: Pick<ParsedJson, 'text' | 'scan'>,
  repeatable: boolean,
): Promise<McpOutcome> {
  const { serverId, target, tool, traceId, spanId } = call.facts;
  const server = serverId === undefined ? undefined : deps.servers().get(serverId);
  if (server === undefined || target === undefined) throw new GatewayError('upstream_unavailable');
  const given = call.params.value.inputResponses;
  const reply = server.request({
    method,
    params: params.text,
    scan: params.scan,
    rename: target !== call.name && NAMED.has(method),
    name: call.facts.task?.ownId ?? target,
    tool,
    keyId: callerOf(call).keyId,
    owner: userOf(callerOf(call)),
    peer: call.peer,
    signal: call.signal,
    timeoutMs: server.config.callTimeoutMs,
    repeatable,
    continues: call.facts.continues,
    answers: given !== undefined && isObject(given) ? memberText(params.text, 'inputResponses') : undefined,
    traceparent: traceId === undefined || spanId === undefined ? undefined : `00-${traceId}-${spanId}-01`,
  });
  // Only now: what it took to write the request was our own work.
  const startedMs = deps.monotonicMs();
  return reply.then(
    (answer) => {
      call.facts.upstreamMs = deps.monotonicMs() - startedMs;
      if (answer.type === 'input-required') return renderQuestions(deps, call, answer);
      if (answer.type === 'task') return renderTask(deps, call, answer);
      const { type } = answer;
      const text = call.endpoint.type === 'server' ? answer.text : withShownUris(deps, call, method, answer);
      if (type === 'rpc-error') return { type, text };
      return { type, text, isError: method === 'tools/call' && isToolError(text) };
    },
    (error: unknown) => {
      call.facts.upstreamMs = deps.monotonicMs() - startedMs;
      throw error;
    },
  );
}
