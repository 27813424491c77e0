/** One run of a session: the calls it has open, what it has met so far, and what it may still cost. */

import type { HostAnswer, SandboxHost, SandboxLimits, ScriptError } from '../../../contracts/sandbox.ts';
import { limitReached } from '../limit-errors.ts';
import { answerTooLarge, type OpenCall, openCall } from '../open-call.ts';
import { type Ledger, madeCall, TEXT_PER_DUMP } from './ledger.ts';
import type { Reply, SentCall, ThreadEvent, ThreadRequest } from './messages.ts';
import type { ScriptThread } from './script-thread.ts';

/** The thread counts its own time; a piece of native code that never looks at it is waited for so long. */
const NATIVE_FACTOR = 2;
const NATIVE_GRACE_MS = 2_000;
/** Longer waits are cut: a script waits for tools, not for the clock. */
const MAX_SLEEP_MS = 10_000;

export interface Run {
  readonly ledger: Ledger;
  readonly open: Map<number, OpenCall>;
  /** Nothing of it can be put away any more. */
  readonly isTooLarge: boolean;
  ask(request: ThreadRequest): Promise<ThreadEvent>;
  /** Hands it to the host. */
  begin(call: SentCall): void;
  /** Gives the script these answers, all at once. */
  deliver(answers: readonly (readonly [number, HostAnswer])[]): Promise<ThreadEvent>;
  close(): void;
}

export interface RunDeps {
  readonly thread: ScriptThread;
  readonly limits: SandboxLimits;
}

export function createRun(
  { thread, limits }: RunDeps,
  host: SandboxHost,
  ledger: Ledger,
  /** Ends it at once. */
  stop: (error: ScriptError) => void,
): Run {
  const open = new Map<number, OpenCall>();
  const timers = new Set<NodeJS.Timeout>();
  let printed = 0;
  let recordedChars = 0;
  let isAfterWait = ledger.open.length > 0;

  const onPrint = (text: string): void => {
    const left = limits.maxPrintBytes - printed;
    printed += Buffer.byteLength(text);
    if (left > 0) host.print(printed > limits.maxPrintBytes ? text.slice(0, left) : text);
  };
  const ask = async (request: ThreadRequest): Promise<ThreadEvent> => {
    const patience = NATIVE_FACTOR * limits.maxInterpreterMs + NATIVE_GRACE_MS;
    const watch = setTimeout(() => stop(limitReached('maxInterpreterMs', limits)), patience);
    try {
      return await thread.ask(request, onPrint);
    } finally {
      clearTimeout(watch);
    }
  };
  const sleep = (positional: string): Promise<HostAnswer> => {
    const [ms] = JSON.parse(positional) as unknown[];
    const afterMs = Math.min(MAX_SLEEP_MS, Math.max(0, typeof ms === 'number' ? ms : 0));
    return new Promise((resolve) => {
      timers.add(setTimeout(() => resolve({ type: 'value', value: 'null' }), afterMs));
    });
  };

  return {
    ledger,
    open,
    get isTooLarge() {
      return recordedChars > TEXT_PER_DUMP * limits.maxDumpBytes;
    },
    ask,
    begin(call) {
      ledger.calls.push(madeCall(call));
      open.set(
        call.id,
        openCall(call.namespace === '' && call.method === 'setTimeout' ? sleep(call.positional) : host.call(call)),
      );
    },
    deliver(answers) {
      const delivery = {
        nowMs: host.now(),
        answers: answers.map(([id, answer]) => [id, replyOf(answer, limits)] as const),
        isAfterWait,
      };
      isAfterWait = false;
      for (const [, reply] of delivery.answers)
        recordedChars += 'value' in reply ? reply.value.length : reply.message.length;
      if (recordedChars <= TEXT_PER_DUMP * limits.maxDumpBytes) ledger.deliveries.push(delivery);
      else ledger.deliveries.length = 0;
      return ask({ type: 'deliver', delivery });
    },
    close() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function replyOf(answer: HostAnswer, { maxAnswerBytes }: SandboxLimits): Reply {
  switch (answer.type) {
    case 'value':
      return answer.value.length <= maxAnswerBytes
        ? { value: answer.value }
        : replyOf(answerTooLarge(answer.value, maxAnswerBytes), { maxAnswerBytes } as SandboxLimits);
    case 'error':
      return { exception: answer.exception, message: answer.message };
    case 'suspend':
      throw new Error('what is suspended has no answer yet');
  }
}
