/**
 * Says whether a run is over. Each run holds an exclusive lock on `<runId>.lock` from before its first line until it
 * ends, however it ends; so a lock that can be taken, or is not there, belongs to a run that writes no more.
 */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Lock, tryLock } from '../stores/sqlite/lock.ts';

/** Takes the lock of a new run; `release` also removes its file. */
export function holdRunLock(journalDir: string, runId: string): Lock {
  const path = lockPath(journalDir, runId);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  // Somebody who folds may be trying, and removing, the file between its creation and our lock: then once more.
  for (let attempt = 1; attempt <= 100; attempt++) {
    const lock = tryLock(path);
    if (lock !== undefined && existsSync(path)) {
      return {
        release() {
          rmSync(path, { force: true });
          lock.release();
        },
      };
    }
    lock?.release();
    Atomics.wait(pause, 0, 0, 10);
  }
  throw new Error(`the journal lock ${path} cannot be taken`);
}

/** A run that somebody is about to fold. */
export interface RunEnd {
  /** Then nobody else believes, until `release`, that they have to end the same run. */
  readonly isOver: boolean;
  /** Everything of it is folded: a run that is over needs no lock any more. */
  done(): void;
  release(): void;
}

/** Says whether the run is over. */
export function takeRunLock(journalDir: string, runId: string): RunEnd {
  const path = lockPath(journalDir, runId);
  const isThere = existsSync(path);
  const lock = isThere ? tryLock(path) : undefined;
  const isOver = !isThere || lock !== undefined;
  return {
    isOver,
    done: () => void (lock !== undefined && rmSync(path, { force: true })),
    release: () => lock?.release(),
  };
}

/** Runs `work`, telling it whether the run is over. */
export function withRunLock(journalDir: string, runId: string, work: (isOver: boolean) => void): void {
  const end = takeRunLock(journalDir, runId);
  try {
    work(end.isOver);
    end.done();
  } finally {
    end.release();
  }
}

function lockPath(journalDir: string, runId: string): string {
  return join(journalDir, `${runId}.lock`);
}
