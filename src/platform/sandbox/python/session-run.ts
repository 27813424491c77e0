/** One run of a session: what it has used so far, and who ends it when that is too much. */

import type { SandboxHost, SandboxLimits, ScriptError } from '../../../contracts/sandbox.ts';
import { limitReached } from '../limit-errors.ts';
import type { OpenCall } from '../open-call.ts';
import type { WorkerEvent } from './events.ts';
import { tooManyTurns } from './script-errors.ts';
import type { WorkerProcess } from './worker-process.ts';

/** A process that is given no time by its machine is not ended for that at once. */
const MAX_PATIENCE = 4;
/** Of one run, whatever is asked: each costs the gateway time, and the worker next to none. */
const MAX_TURNS = 20_000;

export interface RunDeps {
  readonly worker: WorkerProcess;
  readonly limits: SandboxLimits;
  /** Monotonic. */
  readonly monotonicMs: () => number;
  readonly maxFrameBytes: number;
}

/** A run under way. */
export interface Run {
  readonly host: SandboxHost;
  readonly open: Map<number, OpenCall>;
  calls: number;
  ask(request: Buffer): Promise<WorkerEvent>;
  close(): void;
}

export function createRun(
  { worker, limits, monotonicMs, maxFrameBytes }: RunDeps,
  host: SandboxHost,
  /** Ends it at once. */
  stop: (error: ScriptError) => void,
): Run {
  let printed = 0;
  let watch: NodeJS.Timeout | undefined;
  const usedBefore = worker.cpuMs() ?? 0;
  const onPrint = (text: string): void => {
    const left = limits.maxPrintBytes - printed;
    printed += Buffer.byteLength(text);
    if (left > 0) host.print(printed > limits.maxPrintBytes ? text.slice(0, left) : text);
    if (printed > limits.maxPrintBytes) stop(limitReached('maxPrintBytes', limits));
  };
  /** The worker has a limit of its own, for all of its life; this one is for the run, and for a worker that does not keep to its own. */
  const guard = (afterMs: number, patience: number): void => {
    watch = setTimeout(() => {
      const used = (worker.cpuMs() ?? Number.POSITIVE_INFINITY) - usedBefore;
      const left = limits.maxInterpreterMs - used;
      if (left > 0 && patience > 0) guard(Math.max(left, 50), patience - 1);
      else stop(limitReached('maxInterpreterMs', limits));
    }, afterMs);
  };
  let usedMs = 0;
  let turns = 0;
  return {
    host,
    open: new Map(),
    calls: 0,
    async ask(request) {
      if (++turns > MAX_TURNS) stop(tooManyTurns(MAX_TURNS));
      const startedMs = monotonicMs();
      guard(Math.max(limits.maxInterpreterMs - usedMs, 1), MAX_PATIENCE);
      try {
        return await worker.ask(request, onPrint, maxFrameBytes);
      } finally {
        clearTimeout(watch);
        usedMs += monotonicMs() - startedMs;
      }
    },
    close: () => clearTimeout(watch),
  };
}
