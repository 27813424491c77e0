/** Shared accounts of money hear of a call's end after the trail does: a process that is killed never leaves the ledger above them. */

import type { LimitStore, LimitVerdict } from '../../contracts/limits.ts';
import { withLeave } from './with-leave.ts';

/**
 * For stores that outlive this process. Money is settled at the end of the turn in which the call ended, when its line is
 * written; rates at once. A call that enters meanwhile waits for that turn. Disposes of `store`.
 */
export function createRecordedSettlement(deps: {
  readonly store: LimitStore;
  /** Everything the trail was told survives this process from now on. Never throws. */
  readonly persist: () => void;
}): LimitStore {
  const { store, persist } = deps;
  let ended: (() => void)[] = [];
  let settling: Promise<void> | undefined;

  const settle = (): void => {
    const leaves = ended;
    ended = [];
    settling = undefined;
    persist();
    for (const leave of leaves) leave();
  };

  const hold = (verdict: LimitVerdict): LimitVerdict => {
    if (verdict.type !== 'admitted') return verdict;
    return withLeave(verdict, (amounts) => {
      ended.push(() => verdict.leave(amounts));
      // The record of a call is made after its steps have heard of its end, in the same turn.
      settling ??= new Promise((resolve) => {
        setImmediate(() => {
          settle();
          resolve();
        });
      });
    });
  };

  return {
    enter(callId, uses) {
      const enterNow = (): LimitVerdict | Promise<LimitVerdict> => {
        const verdict = store.enter(callId, uses);
        if (!uses.some(({ line }) => line.what === 'money')) return verdict;
        return verdict instanceof Promise ? verdict.then(hold) : hold(verdict);
      };
      return settling === undefined ? enterNow() : settling.then(enterNow);
    },
    used: (line) => store.used(line),
    async [Symbol.asyncDispose]() {
      await settling;
      await store[Symbol.asyncDispose]();
    },
  };
}
