/** Hears of rows of a table that changed, by the number of their last change, whichever replica changed them. */

import type { Log } from '../../../contracts/log.ts';
import type { Changes } from './follow-changes.ts';
import type { Query } from './open-database.ts';

export interface FollowedTable extends Disposable {
  /** May tell of what changed a moment before, too. Returns how to stop. The listener must not throw. */
  onChange(listener: (id: string) => void): () => void;
}

const RETRY_MS = 1_000;

/** Of a table with `id` and `seq`, whose last number is that of its topic. Rejects if that cannot be read. */
export async function followTable(deps: {
  readonly query: Query;
  readonly changes: Changes;
  readonly log: Pick<Log, 'warn'>;
  readonly table: 'approvals' | 'runs';
}): Promise<FollowedTable> {
  const { query, changes, log, table } = deps;
  const listeners = new Set<(id: string) => void>();
  const { rows: first } = await query('SELECT last FROM change_counter WHERE topic = $1', [table]);
  let seen = Number(first[0]?.last ?? 0);
  let running: Promise<void> | undefined;
  let again = false;
  let isOver = false;
  let retry: NodeJS.Timeout | undefined;

  const readOnce = async (): Promise<void> => {
    // One statement, so that no change falls between the number and the rows.
    const { rows } = await query(
      `SELECT c.last, t.id FROM change_counter c LEFT JOIN ${table} t ON t.seq > $1 WHERE c.topic = $2 ORDER BY t.seq`,
      [seen, table],
    );
    seen = Number(rows[0]?.last ?? seen);
    for (const { id } of rows) if (typeof id === 'string') for (const listener of listeners) listener(id);
  };
  const read = (): void => {
    if (isOver) return;
    if (running !== undefined) {
      again = true;
      return;
    }
    clearTimeout(retry);
    running = readOnce()
      .catch((error: unknown) => {
        if (isOver) return;
        log.warn(`${table} cannot be followed for now`, { error: String(error) });
        retry = setTimeout(read, RETRY_MS).unref();
      })
      .finally(() => {
        running = undefined;
        if (!again) return;
        again = false;
        read();
      });
  };
  const stop = changes.on(table, read);
  // What changed between the first look and this moment.
  read();

  return {
    onChange(listener) {
      // Its own, so that the same function may listen twice.
      const own = (id: string): void => listener(id);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    [Symbol.dispose]() {
      isOver = true;
      clearTimeout(retry);
      stop();
      listeners.clear();
    },
  };
}
