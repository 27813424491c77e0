/** Work on a database in which others write, too, without holding up the process while they do. */

import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { isBusy } from './open-database.ts';

const PATIENCE_MS = 5_000;
const MAX_PAUSE_MS = 16;

/**
 * Statements of this connection fail at once where somebody else holds the lock, in place of making the whole process wait; and the
 * WAL is put into the database by whoever folds the trail, all the time, in a thread of its own.
 */
export function standBack(db: DatabaseSync): void {
  db.exec('PRAGMA busy_timeout = 0; PRAGMA wal_autocheckpoint = 0');
}

/**
 * Does it at once, or, where somebody else holds the lock, a little later; throws or rejects as `work` does, after 5 s for being
 * busy, too. The work has to be one statement or one transaction: it is tried again as a whole.
 */
export function whenFree<T>(work: () => T): T | Promise<T> {
  try {
    return work();
  } catch (error) {
    if (!isBusy(error)) throw error;
    return tryAgain(work);
  }
}

async function tryAgain<T>(work: () => T): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    await sleep(pauseMs);
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error;
    }
  }
}
