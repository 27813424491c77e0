/** What every level has spent: sums the database keeps beside the trail, so that they outlive the rows they were made of. */

import type { SpendStore } from '../../../contracts/limits.ts';
import { openStore } from './open-store.ts';

const QUARTER_MS = 900_000;

/** Whether the patterns of a line speak of what was called. */
export type SpeaksOf = (
  on: readonly string[],
  target: { readonly kind: 'tool' | 'model'; readonly server: string; readonly name: string },
) => boolean;

/** Opens the ledger in `<dataDir>/portcullis.db`. Calls whose journal is not folded yet are not in it. */
export function openSpendStore(options: { readonly dataDir: string; readonly speaksOf: SpeaksOf }): SpendStore {
  const db = openStore(options.dataDir);
  const sumAll = db.prepare(
    'SELECT coalesce(sum(micro_usd), 0) AS spent FROM spend_by_level WHERE level_type = ? AND level_id = ? AND at_ms >= ?',
  );
  const sumTargets = db.prepare(
    `SELECT kind, server_id, target, sum(micro_usd) AS spent FROM spend_by_target
     WHERE level_type = ? AND level_id = ? AND at_ms >= ? GROUP BY kind, server_id, target`,
  );
  return {
    spent({ level, on }, sinceMs) {
      const of = [level.type, level.id, Math.floor(sinceMs / QUARTER_MS) * QUARTER_MS] as const;
      if (on === undefined) return Number(sumAll.get(...of)?.spent ?? 0);
      let spent = 0;
      for (const row of sumTargets.all(...of)) {
        const kind = row.kind === 'tool' ? 'tool' : 'model';
        if (options.speaksOf(on, { kind, server: String(row.server_id), name: String(row.target) }))
          spent += Number(row.spent);
      }
      return spent;
    },
    [Symbol.dispose]() {
      if (db.isOpen) db.close();
    },
  };
}
