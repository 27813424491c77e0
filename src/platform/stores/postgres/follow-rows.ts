/** Keeps a copy of rows in memory that follows what others change: for what is read where nobody can wait. */

import type { Log } from '../../../contracts/log.ts';
import type { Changes, Topic } from './follow-changes.ts';

export interface FollowedRows<T> extends Disposable {
  now(): T;
  /** As it is, or soon will be, in the database: a write of one's own. */
  set(value: T): void;
  /** Reads now. Rejects if that fails. */
  read(): Promise<void>;
}

const RETRY_MS = 1_000;

/** Rejects if the rows cannot be read a first time. `onRead` hears of each reading that followed a change. */
export async function followRows<T>(deps: {
  readonly changes: Changes;
  readonly topic: Topic;
  readonly load: () => Promise<T>;
  readonly log: Pick<Log, 'warn'>;
  /** What is read waits for it, so that writes of one's own under way are not lost from sight. */
  readonly settled: () => Promise<void>;
  readonly onRead?: (() => void) | undefined;
}): Promise<FollowedRows<T>> {
  const held: T[] = [];
  const read = async (): Promise<void> => {
    await deps.settled();
    await deps.load().then((value) => {
      held[0] = value;
    });
  };
  await read();
  let running: Promise<void> | undefined;
  let again = false;
  let retry: NodeJS.Timeout | undefined;
  let isOver = false;

  const follow = (): void => {
    if (isOver) return;
    if (running !== undefined) {
      again = true;
      return;
    }
    running = read()
      .then(() => deps.onRead?.())
      .catch((error: unknown) => {
        deps.log.warn(`${deps.topic} cannot be read again for now`, { error: String(error) });
        clearTimeout(retry);
        if (!isOver) retry = setTimeout(follow, RETRY_MS).unref();
      })
      .finally(() => {
        running = undefined;
        if (!again) return;
        again = false;
        follow();
      });
  };
  const stop = deps.changes.on(deps.topic, follow);
  // What changed between the first reading and this moment.
  follow();
  return {
    now: () => held[0] as T,
    set(next) {
      held[0] = next;
    },
    read,
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(retry);
      stop();
    },
  };
}
