/** Waits until a person has decided, in this process or another. */

import type { Approval, ApprovalStore } from '../../contracts/approvals.ts';
import type { CallSignal } from '../../contracts/call-signal.ts';

/** As it stands when it is decided, or when the time is over or `signal` says so (then perhaps still `pending`). */
export function waitForApproval(
  approvals: ApprovalStore,
  id: string,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: CallSignal },
): Promise<Approval | undefined> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let last: Approval | undefined;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      stop();
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve(last);
    };
    const look = async (isFirst: boolean): Promise<void> => {
      try {
        last = (await approvals.find(id)) ?? last;
      } catch (error) {
        // Later looks may succeed; where not even the first one does, nobody would ever hear.
        if (!isFirst || isOver) return;
        end();
        reject(error);
        return;
      }
      if (last === undefined || last.state !== 'pending') end();
    };
    const timer = setTimeout(end, timeoutMs);
    const stop = approvals.onChange((changed) => {
      if (changed === id) void look(false);
    });
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    else void look(true);
  });
}
