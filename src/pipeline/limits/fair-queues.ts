/**
 * Calls that wait for room under a limit, in place of being refused: keys take turns, and a key's calls keep their order. Each
 * process queues its own; whether there is room the store says, whoever shares it.
 */

import type { CallSignal } from '../../contracts/call-signal.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type {
  LimitLine,
  LimitQueue,
  LimitStore,
  LimitUse,
  LimitVerdict,
  QueueFigures,
} from '../../contracts/limits.ts';
import { withLeave } from './with-leave.ts';

type Refused = Extract<LimitVerdict, { type: 'refused' }>;
type Admitted = Extract<LimitVerdict, { type: 'admitted' }>;

/** A call that may wait. */
export interface QueuedCall {
  readonly callId: string;
  readonly keyId: string;
  /** In whose queue: the outermost line of the call that has one. */
  readonly line: LimitLine & { readonly queue: LimitQueue };
  readonly uses: readonly LimitUse[];
  readonly signal: CallSignal;
}

export interface FairQueues {
  /** As the store's `enter`, but later where that is worth while. Rejects with `cancelled` if the call is over before. */
  enter(call: QueuedCall): LimitVerdict | Promise<LimitVerdict>;
  figures(): QueueFigures;
}

export interface FairQueuesDeps {
  readonly limits: Pick<LimitStore, 'enter'>;
  readonly monotonicMs: () => number;
  /** Runs it once, later. Returns how to call it off. */
  readonly setTimer: (afterMs: number, run: () => void) => () => void;
}

/** Where nobody knows when there is room (what is under way elsewhere), it is asked so often. */
const ASK_AGAIN_MS = 100;
/** What a refused call is told where nobody knows better. */
const USUAL_WAIT_MS = 1_000;

interface Waiter {
  readonly call: QueuedCall;
  readonly beganMs: number;
  readonly endMs: number;
  /** The store's last word. Undefined: it was not asked yet. */
  refused: Refused | undefined;
  isWaiting: boolean;
  settle(verdict: LimitVerdict): void;
}

interface Queue {
  readonly line: QueuedCall['line'];
  /** The order of keys is that of their turns. None is empty. */
  readonly byKey: Map<string, Waiter[]>;
  count: number;
  isAsking: boolean;
  /** Something may have changed since the heads were asked. */
  isStale: boolean;
  cancelTimer: (() => void) | undefined;
}

export function createFairQueues({ limits, monotonicMs, setTimer }: FairQueuesDeps): FairQueues {
  /** Those in which somebody waits. */
  const queues = new Map<string, Queue>();

  let waited = 0;
  let waitedMs = 0;

  const remove = (queue: Queue, waiter: Waiter): void => {
    waiter.isWaiting = false;
    waited++;
    waitedMs += monotonicMs() - waiter.beganMs;
    const { keyId } = waiter.call;
    const all = queue.byKey.get(keyId);
    const at = all?.indexOf(waiter) ?? -1;
    if (all === undefined || at === -1) return;
    all.splice(at, 1);
    queue.count--;
    if (all.length === 0) queue.byKey.delete(keyId);
    if (queue.count > 0) return;
    queue.cancelTimer?.();
    queues.delete(queue.line.id);
  };

  /** The key has had its turn. */
  const rotate = (queue: Queue, keyId: string): void => {
    const rest = queue.byKey.get(keyId);
    if (rest === undefined) return;
    queue.byKey.delete(keyId);
    queue.byKey.set(keyId, rest);
  };

  const askAll = (): void => {
    for (const queue of queues.values()) void ask(queue);
  };

  const withRoom = (verdict: Admitted): Admitted =>
    withLeave(verdict, (amounts) => {
      verdict.leave(amounts);
      if (queues.size > 0) askAll();
    });

  const isHopeless = ({ line, retryAfterMs = 0 }: Refused, endMs: number): boolean =>
    line.queue === undefined || monotonicMs() + retryAfterMs > endMs;

  /** One head of a key. Returns how long to wait until it is asked again; undefined: it waits no more. */
  const askFor = async (queue: Queue, waiter: Waiter): Promise<number | undefined> => {
    const { callId, uses, keyId } = waiter.call;
    const told = limits.enter(callId, uses);
    const verdict = told instanceof Promise ? await told : told;
    if (!waiter.isWaiting) {
      // It left meanwhile, and has used nothing.
      if (verdict.type === 'admitted') verdict.leave(uses.map(() => 0));
      return undefined;
    }
    if (verdict.type === 'refused' && !isHopeless(verdict, waiter.endMs)) {
      waiter.refused = verdict;
      return verdict.retryAfterMs ?? ASK_AGAIN_MS;
    }
    remove(queue, waiter);
    if (verdict.type === 'admitted') rotate(queue, keyId);
    waiter.settle(verdict.type === 'admitted' ? withRoom(verdict) : verdict);
    return undefined;
  };

  /** Asks for the head of each key in turn, until none has room. */
  const ask = async (queue: Queue): Promise<void> => {
    queue.isStale = true;
    if (queue.isAsking) return;
    queue.isAsking = true;
    queue.cancelTimer?.();
    let waitMs = Number.POSITIVE_INFINITY;
    while (queue.isStale) {
      queue.isStale = false;
      waitMs = Number.POSITIVE_INFINITY;
      const asked = new Set<string>();
      for (;;) {
        const next = [...queue.byKey].find(([keyId]) => !asked.has(keyId));
        const head = next?.[1][0];
        if (next === undefined || head === undefined) break;
        const again = await askFor(queue, head);
        if (again === undefined) continue;
        asked.add(next[0]);
        waitMs = Math.min(waitMs, again);
        // Where the line itself is full, it is so for everybody.
        if (head.refused?.line.id === queue.line.id) break;
      }
    }
    queue.isAsking = false;
    if (queue.count > 0) queue.cancelTimer = setTimer(Math.max(1, Math.ceil(waitMs)), () => void ask(queue));
  };

  const queueOf = (line: QueuedCall['line']): Queue => {
    const known = queues.get(line.id);
    if (known !== undefined) return known;
    const queue: Queue = {
      ...{ line, byKey: new Map(), count: 0, isAsking: false, isStale: false, cancelTimer: undefined },
    };
    queues.set(line.id, queue);
    return queue;
  };

  const refusal = (queue: Queue, known?: Refused): Refused =>
    known ?? { type: 'refused', line: queue.line, used: queue.line.max, retryAfterMs: USUAL_WAIT_MS };

  /** Room in the queue itself: whoever has most there gives way to whoever has fewer. */
  const makeRoom = (queue: Queue, keyId: string): boolean => {
    if (queue.count < queue.line.queue.maxWaiting) return true;
    let longest: Waiter[] = [];
    for (const each of queue.byKey.values()) if (each.length > longest.length) longest = each;
    const last = longest.at(-1);
    if (last === undefined || longest.length <= (queue.byKey.get(keyId)?.length ?? 0) + 1) return false;
    remove(queue, last);
    last.settle(refusal(queue, last.refused));
    return true;
  };

  const wait = (call: QueuedCall, refused: Refused | undefined): LimitVerdict | Promise<LimitVerdict> => {
    if (call.signal.aborted) throw new GatewayError('cancelled');
    const queue = queueOf(call.line);
    if (!makeRoom(queue, call.keyId)) return refusal(queue, refused);
    const { maxWaitMs } = call.line.queue;
    const beganMs = monotonicMs();
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        cancelEnd();
        call.signal.removeEventListener('abort', onAbort);
      };
      const waiter: Waiter = {
        ...{ call, refused, isWaiting: true, beganMs, endMs: beganMs + maxWaitMs },
        settle(verdict) {
          stop();
          resolve(verdict);
        },
      };
      const leave = (): void => {
        stop();
        remove(queue, waiter);
        // Who stood behind it may have room.
        if (queue.count > 0) void ask(queue);
      };
      const onAbort = (): void => {
        leave();
        reject(new GatewayError('cancelled'));
      };
      const cancelEnd = setTimer(maxWaitMs, () => {
        leave();
        resolve(refusal(queue, waiter.refused));
      });
      call.signal.addEventListener('abort', onAbort);
      const mine = queue.byKey.get(call.keyId);
      if (mine === undefined) queue.byKey.set(call.keyId, [waiter]);
      else mine.push(waiter);
      queue.count++;
      if (mine === undefined) void ask(queue);
    });
  };

  const onFirst = (call: QueuedCall, verdict: LimitVerdict): LimitVerdict | Promise<LimitVerdict> => {
    if (verdict.type === 'admitted') return withRoom(verdict);
    if (verdict.type === 'unavailable') return verdict;
    return isHopeless(verdict, monotonicMs() + call.line.queue.maxWaitMs) ? verdict : wait(call, verdict);
  };

  return {
    enter(call) {
      if (queues.has(call.line.id)) return wait(call, undefined);
      const told = limits.enter(call.callId, call.uses);
      return told instanceof Promise ? told.then((verdict) => onFirst(call, verdict)) : onFirst(call, told);
    },
    figures() {
      let waiting = 0;
      for (const { count } of queues.values()) waiting += count;
      return { waiting, waited, waitedMs };
    },
  };
}
