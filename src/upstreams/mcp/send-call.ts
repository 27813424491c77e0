/** Sends one call over a link, and again where that is safe; the only place where calls are repeated. */

import type { CallSignal } from '../../contracts/call-signal.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { UpstreamReply, UpstreamRequest } from '../../contracts/upstream.ts';
import { type Clock, pause } from './clock.ts';
import type { KeptLink } from './kept-link.ts';
import type { Round } from './link.ts';
import { decideRepeat, type Repeats } from './retry.ts';

export interface SendCallDeps {
  readonly clock: Clock;
  readonly callTimeoutMs: number;
  /** The link this request has to take, if it is open. Throws GatewayError. */
  readonly ready: (request: UpstreamRequest) => KeptLink | undefined;
  /** Finds, or waits for, the link this request has to take, and holds it. Throws GatewayError. */
  readonly acquire: (request: UpstreamRequest, deadlineTicks: number) => Promise<KeptLink>;
  /** A live link to which calls cannot be brought any more. */
  readonly onDoubt: (kept: KeptLink) => void;
  /** The call was answered with a task: it is handed on, or waited for, in the time the request has left. */
  readonly onTask: (request: UpstreamRequest, task: TaskReply) => UpstreamReply | Promise<UpstreamReply>;
}

export type TaskReply = Extract<UpstreamReply, { type: 'task' }>;

/** What is known of the attempts made so far. */
interface Progress {
  readonly deadlineTicks: number;
  readonly made: { -readonly [reason in keyof Repeats]: number };
  /** Once an outcome was unknown it stays so, whatever became of the repetition - unless that was answered. */
  unknown: GatewayError | undefined;
}

/** Nearly always the link is there and answers: then nothing is waited for but the answer. */
export function sendCall(deps: SendCallDeps, request: UpstreamRequest): Promise<UpstreamReply> {
  const timeoutMs = Math.min(request.timeoutMs, deps.callTimeoutMs);
  const deadlineTicks = deps.clock.ticks() + timeoutMs;
  const progress = (): Progress => ({ deadlineTicks, made: { lost: 0, busy: 0, unknown: 0 }, unknown: undefined });
  const kept = timeoutMs > 0 ? deps.ready(request) : undefined;
  if (kept === undefined) return sendPatiently(deps, request, progress());
  kept.hold();
  return sendOnce(kept, request, timeoutMs).then(
    (reply) => {
      kept.release();
      return reply.type === 'task' ? takeTask(deps, request, reply, deadlineTicks) : reply;
    },
    async (error: unknown) => {
      const begun = progress();
      await beforeRepeat(deps, request, kept, error, begun);
      return sendPatiently(deps, request, begun);
    },
  );
}

async function sendPatiently(deps: SendCallDeps, request: UpstreamRequest, progress: Progress): Promise<UpstreamReply> {
  const { clock } = deps;
  const { deadlineTicks } = progress;
  for (;;) {
    if (clock.ticks() >= deadlineTicks) throw progress.unknown ?? new GatewayError('upstream_timeout');
    let kept: KeptLink;
    try {
      kept = await deps.acquire(request, deadlineTicks);
    } catch (error) {
      throw progress.unknown ?? error;
    }
    let reply: UpstreamReply;
    try {
      reply = await sendOnce(kept, request, deadlineTicks - clock.ticks());
    } catch (error) {
      await beforeRepeat(deps, request, kept, error, progress);
      continue;
    }
    kept.release();
    return reply.type === 'task' ? takeTask(deps, request, reply, deadlineTicks) : reply;
  }
}

function takeTask(
  deps: SendCallDeps,
  request: UpstreamRequest,
  reply: TaskReply,
  deadlineTicks: number,
): UpstreamReply | Promise<UpstreamReply> {
  return deps.onTask({ ...request, timeoutMs: deadlineTicks - deps.clock.ticks() }, reply);
}

/** Releases the link; returns when the call may be made again, and throws if it may not. */
async function beforeRepeat(
  deps: SendCallDeps,
  request: UpstreamRequest,
  kept: KeptLink,
  error: unknown,
  progress: Progress,
): Promise<void> {
  const { clock } = deps;
  const { made, deadlineTicks } = progress;
  kept.release();
  if (!(error instanceof GatewayError)) throw error;
  if (error.code === 'outcome_unknown') progress.unknown = error;
  const facts = { linkIsOver: kept.over, repeatable: request.repeatable, made };
  const verdict = decideRepeat(error, facts, clock.random);
  const isTooLate = verdict.type === 'repeat' && clock.ticks() + verdict.delayMs >= deadlineTicks;
  if (verdict.type === 'give-up' || isTooLate || request.signal.aborted) {
    if (isUnreachable(error) && !kept.over) deps.onDoubt(kept);
    throw error.code === 'cancelled' ? error : (progress.unknown ?? error);
  }
  made[verdict.reason]++;
  if (verdict.delayMs > 0) await pauseOn(clock, kept, verdict.delayMs, request.signal);
  if (request.signal.aborted) throw progress.unknown ?? new GatewayError('cancelled');
}

function sendOnce(kept: KeptLink, request: UpstreamRequest, timeoutMs: number): Promise<UpstreamReply> {
  return kept.link.request({
    method: request.method,
    params: request.params,
    scan: request.scan,
    rename: request.rename,
    name: request.method === 'completion/complete' ? undefined : request.name,
    tool: request.tool,
    peer: request.peer,
    keyId: request.keyId,
    traceparent: request.traceparent,
    signal: request.signal,
    timeoutMs,
    round: request.continues === undefined && request.answers === undefined ? undefined : roundOf(request),
  });
}

function roundOf({ answers, continues }: UpstreamRequest): Round {
  return { answers, state: continues?.type === 'server-state' ? continues.state : undefined };
}

function isUnreachable(error: GatewayError): boolean {
  return error.code === 'upstream_unavailable' || error.code === 'outcome_unknown';
}

/** The news that the link is over may come just after the request that failed by it: then there is nothing to wait for. */
async function pauseOn(clock: Clock, kept: KeptLink, delayMs: number, signal: CallSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => resolve();
  kept.overSignal.addEventListener('abort', wake, { once: true });
  await pause(clock, delayMs, { sooner: promise, signal });
  kept.overSignal.removeEventListener('abort', wake);
}
