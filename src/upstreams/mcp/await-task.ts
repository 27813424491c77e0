/** A task in answer to the call of a client that knows no tasks: waited for here, until there is the result the client expects. */

import { GatewayError } from '../../contracts/errors.ts';
import { TASKS_EXTENSION } from '../../contracts/extensions.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { ClientPeer } from '../../contracts/peer.ts';
import type { UpstreamReply, UpstreamRequest } from '../../contracts/upstream.ts';
import { declaresExtension } from '../../lib/declares-extension.ts';
import { isObject } from '../../lib/is-object.ts';
import { withMembers } from '../../lib/json-text.ts';
import { type Clock, pause } from './clock.ts';
import { wrapStructured } from './create-link.ts';
import { parseJson } from './json-rpc.ts';
import { capabilitiesWithTasks, readQuestions } from './questions.ts';
import type { TaskReply } from './send-call.ts';
import { askAll, createLimit } from './send-for-legacy.ts';
import { readTaskState, type TaskState } from './task-results.ts';

/** Between two looks at the task: what the server proposes within these bounds, else the first. */
const POLL = { firstMs: 500, minMs: 100, maxMs: 10_000 };
/** A server that asks more often than this is given up. */
const MAX_ROUNDS = 8;
/** Cancelling is a courtesy: the client is not kept waiting for it longer than this. */
const CANCEL_TIMEOUT_MS = 2_000;

export interface AwaitTaskDeps {
  readonly clock: Clock;
  readonly send: (request: UpstreamRequest) => Promise<UpstreamReply>;
  /** What its client was asked has to be answered within this time. */
  readonly questionTimeoutMs: number;
}

/** A task as it is for a client that declared the extension; for all others what becomes of it. Throws GatewayError. */
export function takeTask(
  deps: AwaitTaskDeps,
  request: UpstreamRequest,
  task: TaskReply,
): UpstreamReply | Promise<UpstreamReply> {
  const { era, capabilities } = request.peer;
  const takesTasks = era === 'modern' && declaresExtension(capabilities, TASKS_EXTENSION);
  return takesTasks ? task : awaitTask(deps, request, task);
}

/**
 * The result of the task, or the JSON-RPC error it failed with. The call's own limits hold: when its time is up, or its
 * client gone, the task is cancelled. Throws GatewayError.
 */
export async function awaitTask(
  deps: AwaitTaskDeps,
  request: UpstreamRequest,
  { text, taskId }: TaskReply,
): Promise<UpstreamReply> {
  const { clock } = deps;
  let deadlineTicks = clock.ticks() + request.timeoutMs;
  /** Questions that were put already: a server may show them until it has made use of the answers. */
  const asked = new Set<string>();
  let rounds = 0;

  const ask = (method: TaskMethod, more: { [key: string]: JsonText } = {}): Promise<UpstreamReply> =>
    deps.send(taskRequest(request, method, taskId, Math.max(1, deadlineTicks - clock.ticks()), more));

  const answerQuestions = async (task: JsonText): Promise<UpstreamReply | undefined> => {
    const all = readQuestions(task);
    if (all === undefined) throw new GatewayError('upstream_failed', 'it asked nothing that could be understood');
    for (const key of asked) if (!all.has(key)) asked.delete(key);
    const questions = new Map([...all].filter(([key]) => !asked.has(key)));
    if (questions.size === 0) return undefined;
    if (++rounds > MAX_ROUNDS) throw new GatewayError('upstream_failed', `it asked more than ${MAX_ROUNDS} times`);
    const { ask: askClient } = request.peer;
    if (askClient === undefined) throw needsTasks();
    const limit = createLimit(clock, deps.questionTimeoutMs, request.signal);
    const askedTicks = clock.ticks();
    try {
      const given = await askAll(request.peer, askClient, questions, limit.signal);
      if ('refused' in given) return { type: 'rpc-error', text: given.refused };
      if (limit.signal.aborted && !request.signal.aborted)
        throw new GatewayError('upstream_timeout', 'the questions took too long');
      // The time a person takes is not the server's.
      deadlineTicks += clock.ticks() - askedTicks;
      for (const key of questions.keys()) asked.add(key);
      const told = await ask('tasks/update', { inputResponses: given.answers });
      return told.type === 'rpc-error' ? told : undefined;
    } finally {
      limit.end();
    }
  };

  try {
    let waitMs = pollIntervalOf(text);
    for (;;) {
      await pause(clock, Math.min(waitMs, deadlineTicks - clock.ticks()), { signal: request.signal });
      if (request.signal.aborted) throw new GatewayError('cancelled');
      if (clock.ticks() >= deadlineTicks) throw new GatewayError('upstream_timeout', 'its task is not done');
      const reply = await ask('tasks/get');
      if (reply.type !== 'result') return reply;
      const state = readTaskState(reply.text);
      if (!('pollIntervalMs' in state)) return finalReply(request, state);
      if (state.status === 'working') asked.clear();
      const refused = state.status === 'input_required' ? await answerQuestions(reply.text) : undefined;
      if (refused !== undefined) {
        void cancel(deps, request, taskId);
        return refused;
      }
      waitMs = boundedPoll(state.pollIntervalMs);
    }
  } catch (error) {
    void cancel(deps, request, taskId);
    throw error;
  }
}

type TaskMethod = 'tasks/get' | 'tasks/update' | 'tasks/cancel';

function taskRequest(
  call: UpstreamRequest,
  method: TaskMethod,
  taskId: string,
  timeoutMs: number,
  more: { [key: string]: JsonText },
): UpstreamRequest {
  return {
    method,
    params: withMembers('{}', { taskId: JSON.stringify(taskId), ...more }),
    name: taskId,
    tool: undefined,
    keyId: call.keyId,
    peer: taskPeer(call.peer),
    signal: call.signal,
    timeoutMs,
    repeatable: method !== 'tasks/update',
    traceparent: call.traceparent,
  };
}

/** On this hop it is we who know what a task is; what can be asked is still up to the client. */
function taskPeer(client: ClientPeer): ClientPeer {
  return {
    era: 'modern',
    protocolVersion: client.protocolVersion,
    info: client.info,
    capabilities: capabilitiesWithTasks(client),
    session: undefined,
    logLevel: undefined,
    progressToken: undefined,
    notify() {},
    ask: undefined,
  };
}

/** Best effort: nobody waits for the task any more. */
async function cancel(deps: AwaitTaskDeps, call: UpstreamRequest, taskId: string): Promise<void> {
  const signal = AbortSignal.timeout(CANCEL_TIMEOUT_MS);
  const request = { ...taskRequest(call, 'tasks/cancel', taskId, CANCEL_TIMEOUT_MS, {}), signal };
  await deps.send(request).catch(() => {});
}

function finalReply(request: UpstreamRequest, state: Exclude<TaskState, { pollIntervalMs: unknown }>): UpstreamReply {
  switch (state.status) {
    case 'completed': {
      const { result } = state;
      const value = parseJson(result);
      const structured = isObject(value) ? value.structuredContent : undefined;
      const isOdd = request.peer.era === 'legacy' && structured !== undefined && !isObject(structured);
      return { type: 'result', text: isOdd ? wrapStructured(result) : result };
    }
    case 'failed':
      return { type: 'rpc-error', text: state.error };
    case 'cancelled':
      throw new GatewayError('upstream_failed', 'it cancelled its task');
  }
}

function needsTasks(): GatewayError {
  return new GatewayError('missing_capability', 'the server asks for input in the middle of a task', {
    data: { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } },
  });
}

function pollIntervalOf(task: JsonText): number {
  const value = parseJson(task);
  const interval = isObject(value) ? value.pollIntervalMs : undefined;
  return boundedPoll(typeof interval === 'number' ? interval : undefined);
}

function boundedPoll(proposedMs: number | undefined): number {
  return Math.min(POLL.maxMs, Math.max(POLL.minMs, proposedMs ?? POLL.firstMs));
}
