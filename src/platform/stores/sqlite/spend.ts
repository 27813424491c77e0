/** What each key has spent: a sum the database keeps beside the trail, so that it outlives the rows it was made of. */

import type { SpendStore } from '../../../contracts/limits.ts';
import { openStore } from './open-store.ts';

/** Opens the ledger in `<dataDir>/portcullis.db`. Calls whose journal is not folded yet are not in it. */
export function openSpendStore(options: { readonly dataDir: string }): SpendStore {
  const db = openStore(options.dataDir);
  const select = db.prepare('SELECT coalesce(sum(micro_usd), 0) AS spent FROM spend WHERE key_id = ? AND at_ms >= ?');
  return {
    spentSince: (keyId, sinceMs) => Number(select.get(keyId, sinceMs)?.spent ?? 0),
    [Symbol.dispose]() {
      if (db.isOpen) db.close();
    },
  };
}
