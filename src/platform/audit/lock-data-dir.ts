/** One gateway per data directory, also after a crash: the lock goes with the process that holds it. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Lock, tryLock } from '../stores/sqlite/lock.ts';

/** Keeps a second gateway off this data directory. Throws an Error for people if there is one already. */
export function lockDataDir(dataDir: string): Lock {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const pidFile = join(dataDir, 'gateway.pid');
  const lock = tryLock(join(dataDir, 'lock.db'));
  if (lock === undefined)
    throw new Error(
      `another gateway${readPid(pidFile)} is running on the data directory ${resolve(dataDir)}; stop it, or choose another directory with --data`,
    );
  try {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    lock.release();
    throw error;
  }
  return lock;
}

/** Only for the message: the file may be missing, or stale for a moment. */
function readPid(pidFile: string): string {
  try {
    const text = readFileSync(pidFile, 'utf8').trim();
    return /^\d+$/.test(text) ? ` (process ${text})` : '';
  } catch {
    return '';
  }
}
