/** Hears of rows of a table that changed, by the number of their last change: its own at once, other processes' by looking. */

import type { DatabaseSync } from 'node:sqlite';
import { isBusy } from './open-database.ts';

/** Half of what is promised, so that a late timer keeps it. */
const POLL_MS = 250;

export interface FollowedTable extends Disposable {
  /** The next number, inside the transaction of what changes. */
  nextSeq(): number;
  /** Looks now: after a write of one's own. */
  look(): void;
  /** Returns how to stop. The listener must not throw. */
  onChange(listener: (id: string) => void): () => void;
}

/** Of a table with `id` and `seq`, whose last number is in `<table>_seq`. */
export function followTable(db: DatabaseSync, table: 'approvals' | 'runs'): FollowedTable {
  const selectLast = db.prepare(`SELECT last FROM ${table}_seq`);
  const moveOn = db.prepare(`UPDATE ${table}_seq SET last = last + 1 RETURNING last`);
  const selectChanged = db.prepare(`SELECT id FROM ${table} WHERE seq > ? AND seq <= ? ORDER BY seq`);
  const listeners = new Set<(id: string) => void>();
  const last = (): number => Number(selectLast.get()?.last ?? 0);
  let seen = 0;
  let poll: NodeJS.Timeout | undefined;

  const changedIds = (): string[] => {
    try {
      const now = last();
      if (now === seen) return [];
      const changed = selectChanged.all(seen, now).map(({ id }) => String(id));
      seen = now;
      return changed;
    } catch (error) {
      // The next look sees it.
      if (isBusy(error)) return [];
      throw error;
    }
  };
  const look = (): void => {
    if (listeners.size === 0) return;
    for (const id of changedIds()) for (const listener of listeners) listener(id);
  };
  const stop = (): void => {
    clearInterval(poll);
    poll = undefined;
  };
  return {
    nextSeq: () => Number(moveOn.get()?.last),
    look,
    onChange(listener) {
      // Where it cannot be read just now, more is told than is new.
      if (listeners.size === 0) changedIds();
      // Its own, so that the same function may listen twice.
      const own = (id: string): void => listener(id);
      listeners.add(own);
      poll ??= setInterval(look, POLL_MS).unref();
      return () => {
        listeners.delete(own);
        if (listeners.size === 0) stop();
      };
    },
    [Symbol.dispose]() {
      stop();
      listeners.clear();
    },
  };
}
