/** Exclusive locks between processes that the operating system frees when their holder dies, kill -9 included. */

import { createPrivateFile, isBusy, loadSqlite } from './open-database.ts';

export interface Lock {
  release(): void;
}

/**
 * Takes the lock that stands for `path`, or returns undefined if somebody (this process included) has it. It is an open
 * `BEGIN EXCLUSIVE` on an empty database, which SQLite makes a lock of the operating system.
 */
export function tryLock(path: string): Lock | undefined {
  createPrivateFile(path);
  const db = new (loadSqlite().DatabaseSync)(path, { timeout: 0 });
  try {
    // In memory, since a journal file of its own would stay behind after a kill.
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
  const release = (): void => {
    process.off('exit', release);
    if (db.isOpen) db.close();
  };
  // Also keeps the database reachable: collected as garbage it would be closed, and a lock nobody releases would be free.
  process.on('exit', release);
  return { release };
}
