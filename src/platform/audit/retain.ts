/** Deletes the oldest rows of the trail when they are too old or too many, in small steps that let others write between. */

import type { DatabaseSync } from 'node:sqlite';
import type { SealKey } from '../../contracts/sealing.ts';
import { inTransaction } from '../stores/sqlite/open-database.ts';
import { createChainWriter } from './chain/write-chain.ts';

export interface Retention {
  readonly maxAgeDays: number;
  /** Of the database without its free pages. */
  readonly maxSizeMb: number;
  /** Signs what the chain says of it. */
  readonly key?: SealKey | undefined;
}

const ROWS_PER_STEP = 500;
const PAGES_PER_VACUUM = 2_000;
const DAY_MS = 86_400_000;

/**
 * Does at most `maxSteps` steps (default 50), gives free pages back to the disk, and says how many rows went and whether
 * there is more to do. Rows of running calls stay.
 */
export function retain(
  db: DatabaseSync,
  retention: Retention,
  nowMs: number,
  maxSteps = 50,
): { readonly deleted: number; readonly more: boolean } {
  const tooOld = db.prepare(
    `DELETE FROM trail WHERE row IN
       (SELECT row FROM trail WHERE at_ms < ? AND result IS NOT NULL ORDER BY at_ms LIMIT ${ROWS_PER_STEP})
     RETURNING seq, id, digest`,
  );
  const oldest = db.prepare(
    `DELETE FROM trail WHERE row IN (SELECT row FROM trail WHERE result IS NOT NULL ORDER BY row LIMIT ${ROWS_PER_STEP})
     RETURNING seq, id, digest`,
  );
  const selectSeq = db.prepare('SELECT last FROM trail_seq');
  const updateSeq = db.prepare('UPDATE trail_seq SET last = ?');
  const chain = createChainWriter(db, retention.key);
  /** Each in a transaction of its own, so that others write between them. */
  const step = (remove: () => readonly { readonly [column: string]: unknown }[]): number =>
    inTransaction(db, () => {
      const rows = remove();
      if (rows.length === 0) return 0;
      let last = Number(selectSeq.get()?.last);
      chain.begin();
      for (const row of rows) {
        const id = String(row.id);
        chain.keep(Number(row.seq), id, row.digest);
        chain.remove(++last, id);
      }
      updateSeq.run(last);
      chain.join();
      chain.cut();
      return rows.length;
    });
  const before = Math.floor(nowMs - retention.maxAgeDays * DAY_MS);
  const maxBytes = retention.maxSizeMb * 1_000_000;
  let deleted = 0;
  let steps = 0;
  let gone = 0;
  do {
    gone = step(() => tooOld.all(before));
    if (gone === 0 && usedBytes(db) > maxBytes) gone = step(() => oldest.all());
    deleted += gone;
  } while (gone > 0 && ++steps < maxSteps);
  if (deleted > 0) db.exec(`PRAGMA incremental_vacuum(${PAGES_PER_VACUUM})`);
  return { deleted, more: gone > 0 };
}

/** Bytes of the database that hold something. */
export function usedBytes(db: DatabaseSync): number {
  const read = (pragma: string): number => Number(Object.values(db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0] ?? 0);
  return (read('page_count') - read('freelist_count')) * read('page_size');
}
