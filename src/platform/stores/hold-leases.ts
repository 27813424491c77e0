/** Says again and again that what this process took is still in its hands: what nobody says so of any more is lost. */

/** A process that says nothing for so long is gone, or as good as gone. */
export const EXECUTION_LEASE_MS = 60_000;

export interface HeldLeases extends Disposable {
  add(id: string): void;
  delete(id: string): void;
}

/** `renew` is told what is held three times a lease, while anything is, one time after the other. Where it fails, the next time helps. */
export function holdLeases(leaseMs: number, renew: (ids: readonly string[]) => Promise<void>): HeldLeases {
  const held = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let isRenewing = false;
  const renewAll = async (): Promise<void> => {
    if (isRenewing) return;
    isRenewing = true;
    try {
      await renew([...held]);
    } catch {
      // Well before the lease is over there is another try.
    } finally {
      isRenewing = false;
    }
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    add(id) {
      held.add(id);
      timer ??= setInterval(renewAll, leaseMs / 3).unref();
    },
    delete(id) {
      held.delete(id);
      if (held.size === 0) stop();
    },
    [Symbol.dispose]() {
      stop();
      held.clear();
    },
  };
}
