/** Opens SQLite files. The only place that loads `node:sqlite`, because loading it needs care on Node 22. */

import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

/** `node:sqlite` without its ExperimentalWarning, which Node 22 prints at the first load. */
export function loadSqlite(): typeof import('node:sqlite') {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    const text = typeof warning === 'string' ? warning : warning.message;
    if (text.includes('SQLite is an experimental feature')) return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  }) as typeof process.emitWarning;
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * Creates the file for its owner only. A file that exists is never opened here: POSIX locks belong to the process, so
 * closing any descriptor of a database file would drop the locks SQLite holds on it elsewhere in this process.
 */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!existsSync(path)) throw error;
  }
}

/** Opens (or creates, mode 0600) a database; statements wait up to `busyTimeoutMs` for other processes. Default 5,000. */
export function openDatabase(path: string, options: { busyTimeoutMs?: number } = {}): DatabaseSync {
  createPrivateFile(path);
  try {
    chmodSync(path, 0o600);
  } catch {
    // Somebody else's file, or a volume without modes: whether we may use it shows when it is opened.
  }
  return new (loadSqlite().DatabaseSync)(path, { timeout: options.busyTimeoutMs ?? 5_000 });
}

/** True for the error SQLite gives while somebody else holds the lock (SQLITE_BUSY and its extended codes). */
export function isBusy(error: unknown): boolean {
  return (
    error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 255) === 5
  );
}

/** Runs `work` in a write transaction that is rolled back when it throws. */
export function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** Of SQLite: https://sqlite.org/rescode.html */
const CORRUPT = 11;
const NO_DATABASE = 26;

/** The same error, or one for people where the file is no good. */
export function explainDamage(path: string, error: unknown): unknown {
  const { errcode, message } = error as { readonly errcode?: number; readonly message?: string };
  if (errcode !== CORRUPT && errcode !== NO_DATABASE) return error;
  return new Error(`${path} is damaged, or no database (${message}); put it aside and restore a backup`, {
    cause: error,
  });
}
