/** A modern server's `input_required`, for a legacy client: its questions become requests to the client, and the call is sent again. */

import { randomUUID } from 'node:crypto';
import type { CallSignal } from '../../contracts/call-signal.ts';
import { GatewayError } from '../../contracts/errors.ts';
import { TASKS_EXTENSION } from '../../contracts/extensions.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { ClientPeer, PeerReply } from '../../contracts/peer.ts';
import type { UpstreamReply, UpstreamRequest } from '../../contracts/upstream.ts';
import { isObject } from '../../lib/is-object.ts';
import { memberText, withMembers } from '../../lib/json-text.ts';
import { type Clock, pause } from './clock.ts';
import { askableCapabilities, isUrlQuestion, missingFor, type Question, readQuestions } from './questions.ts';

/** A server that asks more often than this is given up. */
const MAX_ROUNDS = 8;
/** A server that only wants the call again (it is busy) gets it after growing waits. */
const AGAIN = { firstMs: 50, maxMs: 2_000 };
const FIRST_WITH_URLS = '2025-11-25';

export interface SendForLegacyDeps {
  readonly clock: Clock;
  readonly send: (request: UpstreamRequest) => Promise<UpstreamReply>;
  /** The client has this long for all its answers together. */
  readonly questionTimeoutMs: number;
}

type InputRequired = Extract<UpstreamReply, { type: 'input-required' }>;

/** Sends a legacy client's call to a server that may be modern, as often as it takes to get a result. Throws GatewayError. */
export async function sendForLegacy(deps: SendForLegacyDeps, request: UpstreamRequest): Promise<UpstreamReply> {
  const counting = request.peer.progressToken === undefined ? undefined : countingOn(request.peer);
  const counted = counting === undefined ? request : { ...request, peer: counting.peer };
  const reply = await sendOrTakeTask(deps, counted);
  return reply.type === 'input-required' ? goOn(deps, counted, reply, () => counting?.nextRound()) : reply;
}

/**
 * A server that cannot do without a task refuses who does not know tasks. Then it is asked again: whatever task it makes is
 * waited for in the client's place.
 */
async function sendOrTakeTask(deps: SendForLegacyDeps, request: UpstreamRequest): Promise<UpstreamReply> {
  try {
    return await deps.send(request);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'missing_capability' || !isForTasks(error.data)) throw error;
    const { peer } = request;
    const patient: ClientPeer = { ...peer, awaitsTasks: true, notify: (method, params) => peer.notify(method, params) };
    return deps.send({ ...request, peer: patient });
  }
}

function isForTasks(data: JsonObject | undefined): boolean {
  const required = data?.requiredCapabilities;
  const extensions = isObject(required) ? required.extensions : undefined;
  return isObject(extensions) && isObject(extensions[TASKS_EXTENSION]);
}

async function goOn(
  deps: SendForLegacyDeps,
  original: UpstreamRequest,
  first: InputRequired,
  nextRound: () => void,
): Promise<UpstreamReply> {
  const { clock } = deps;
  const { ask } = original.peer;
  if (ask === undefined) throw new GatewayError('missing_capability', 'this client cannot be asked anything');
  const deadlineTicks = clock.ticks() + deps.questionTimeoutMs;
  const limit = createLimit(clock, deps.questionTimeoutMs, original.signal);
  try {
    let reply: UpstreamReply = first;
    for (let round = 0; reply.type === 'input-required'; round++) {
      if (round >= MAX_ROUNDS) throw new GatewayError('upstream_failed', `it asked more than ${MAX_ROUNDS} times`);
      const { text, continuation } = reply;
      const questions = readQuestions(text);
      if (questions === undefined || (questions.size === 0 && continuation === undefined))
        throw new GatewayError('upstream_failed', 'it asked nothing that could be understood');
      let answers: JsonText | undefined;
      if (questions.size > 0) {
        const given = await askAll(original.peer, ask, questions, limit.signal);
        if ('refused' in given) return { type: 'rpc-error', text: given.refused };
        ({ answers } = given);
      } else await pause(clock, Math.min(AGAIN.firstMs * 2 ** round, AGAIN.maxMs), { signal: limit.signal });
      if (original.signal.aborted) throw new GatewayError('cancelled');
      if (limit.signal.aborted || clock.ticks() >= deadlineTicks)
        throw new GatewayError('upstream_timeout', 'the questions took too long');
      nextRound();
      const timeoutMs = Math.min(original.timeoutMs, deadlineTicks - clock.ticks());
      reply = await sendOrTakeTask(deps, { ...original, timeoutMs, answers, continues: continuation });
    }
    return reply;
  } finally {
    limit.end();
  }
}

/** All at once; a client may show them one after the other. An error of the client ends the call with what it said. */
export async function askAll(
  peer: ClientPeer,
  ask: NonNullable<ClientPeer['ask']>,
  questions: ReadonlyMap<string, Question>,
  signal: CallSignal,
): Promise<{ readonly answers: JsonText } | { readonly refused: JsonText }> {
  const capabilities = askableCapabilities(peer);
  for (const question of questions.values()) {
    const required = missingFor(capabilities, question);
    if (required !== undefined)
      throw new GatewayError('missing_capability', `the server wants ${question.method}`, {
        data: { requiredCapabilities: required },
      });
  }
  const given = await Promise.all(
    [...questions].map(async ([key, question]): Promise<readonly [string, PeerReply]> => {
      return [key, await ask(question.method, paramsFor(peer, question), signal)];
    }),
  );
  const answers: string[] = [];
  for (const [key, reply] of given) {
    if ('result' in reply) answers.push(`${JSON.stringify(key)}:${reply.result}`);
    // What a person does not want to answer is an answer; there is no other word for a client that cannot.
    else if (questions.get(key)?.method === 'elicitation/create')
      answers.push(`${JSON.stringify(key)}:{"action":"cancel"}`);
    else return { refused: reply.error };
  }
  return { answers: `{${answers.join(',')}}` };
}

function paramsFor(peer: ClientPeer, { method, params }: Question): JsonText | undefined {
  if (method !== 'elicitation/create' || params === undefined) return params;
  // 2025-11-25 requires an id of every URL elicitation; nobody will refer to this one.
  if (isUrlQuestion(params)) return withMembers(params, { elicitationId: JSON.stringify(randomUUID()) });
  return peer.protocolVersion < FIRST_WITH_URLS ? withMembers(params, { mode: undefined }) : params;
}

/** The client sees one call, so its progress may not begin anew with each round. */
function countingOn(client: ClientPeer): { readonly peer: ClientPeer; nextRound(): void } {
  let base = 0;
  let last = 0;
  const peer: ClientPeer = {
    ...client,
    era: client.era,
    notify(method, params) {
      if (method !== 'notifications/progress' || params === undefined) return client.notify(method, params);
      const progress = Number(memberText(params, 'progress'));
      const total = memberText(params, 'total');
      if (!Number.isFinite(progress)) return client.notify(method, params);
      last = Math.max(last, base + progress);
      client.notify(
        method,
        withMembers(params, {
          progress: String(base + progress),
          ...(total === undefined ? {} : { total: String(base + Number(total)) }),
        }),
      );
    },
  };
  return {
    peer,
    nextRound() {
      base = last;
    },
  };
}

/** Aborted by the call or when time is up. */
export function createLimit(
  clock: Clock,
  timeoutMs: number,
  signal: CallSignal,
): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const cancel = clock.schedule(timeoutMs, stop);
  signal.addEventListener('abort', stop);
  return {
    signal: controller.signal,
    end() {
      cancel();
      signal.removeEventListener('abort', stop);
    },
  };
}
