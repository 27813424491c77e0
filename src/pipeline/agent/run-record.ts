/** A run in the store: written as it goes on, kept alive by a lease, and told when somebody wants it to end. */

import type { Log } from '../../contracts/log.ts';
import type { AgentRun, RunStore } from '../../contracts/runs.ts';

export interface RunRecord {
  /** As it was last written. */
  current(): AgentRun;
  /** Rejects never: a run that cannot be written down goes on, and says so to the log. False: it was not written. */
  write(patch: Partial<AgentRun>): Promise<boolean>;
  /** No more leases. */
  close(): void;
}

const LEASE_MS = 60_000;
const RENEW_MS = 20_000;

export interface RecordDeps {
  /** Undefined: it is kept nowhere. */
  readonly runs: RunStore | undefined;
  readonly now: () => number;
  readonly log: Log | undefined;
}

export const leaseFrom = (nowMs: number): number => nowMs + LEASE_MS;

/** `run` is in the store already, if there is one. `onCancel`: somebody asked for its end; `onLost`: it is another's, or gone. */
export function followRun(
  { runs, now, log }: RecordDeps,
  run: AgentRun,
  on: { readonly cancel: () => void; readonly lost: () => void },
): RunRecord {
  let current = run;
  let turn: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  const writeNow = async (patch: Partial<AgentRun>): Promise<boolean> => {
    const nowMs = now();
    const next: AgentRun = { ...current, ...patch, updatedAtMs: nowMs, leaseUntilMs: leaseFrom(nowMs) };
    if (runs === undefined) {
      current = next;
      return false;
    }
    try {
      if (await runs.replace(next, current.version)) {
        current = { ...next, version: current.version + 1 };
        return true;
      }
      on.lost();
    } catch (error) {
      log?.warn('a run could not be written down', { runId: run.id, error });
    }
    return false;
  };
  const write = (patch: Partial<AgentRun>): Promise<boolean> => {
    const written = turn.then(() => writeNow(patch));
    turn = written;
    return written;
  };
  const look = async (): Promise<void> => {
    const found = await runs?.find(run.id);
    if (!isClosed && found?.cancelRequested === true) on.cancel();
  };
  const stopListening = runs?.onChange((id) => {
    if (id === run.id && !isClosed) void look().catch(() => undefined);
  });
  const renewal =
    runs &&
    setInterval(() => {
      void write({});
      // Where a change was not heard of.
      void look().catch(() => undefined);
    }, RENEW_MS).unref();

  return {
    current: () => current,
    write,
    close() {
      isClosed = true;
      stopListening?.();
      clearInterval(renewal);
    },
  };
}
