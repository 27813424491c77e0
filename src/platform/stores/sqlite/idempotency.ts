/** Which requests of the admin API were made already, on SQLite. */

import type { IdempotencyStore } from '../../../contracts/admin.ts';
import { inTransaction } from './open-database.ts';
import { openStore } from './open-store.ts';

/** Opens them in `<dataDir>/portcullis.db`; several processes may do so at once. */
export function openIdempotencyStore(options: { readonly dataDir: string }): IdempotencyStore {
  const db = openStore(options.dataDir);
  const select = db.prepare('SELECT * FROM idempotency WHERE key = ?');
  const dropOld = db.prepare('DELETE FROM idempotency WHERE until_ms <= ?');
  const insert = db.prepare('INSERT INTO idempotency (key, fingerprint, sealed, until_ms) VALUES (?, ?, NULL, ?)');
  const finish = db.prepare('UPDATE idempotency SET sealed = ?, until_ms = ? WHERE key = ?');
  const remove = db.prepare('DELETE FROM idempotency WHERE key = ? AND sealed IS NULL');

  return {
    async begin(key, fingerprint, nowMs, leaseMs) {
      return inTransaction(db, () => {
        dropOld.run(nowMs);
        const row = select.get(key);
        if (row === undefined) {
          insert.run(key, fingerprint, nowMs + leaseMs);
          return { type: 'begun' } as const;
        }
        if (row.fingerprint !== fingerprint) return { type: 'other-request' } as const;
        return typeof row.sealed === 'string'
          ? ({ type: 'done', sealed: row.sealed } as const)
          : ({ type: 'running' } as const);
      });
    },
    async finish(key, sealed, expiresAtMs) {
      finish.run(sealed, expiresAtMs, key);
    },
    async giveUp(key) {
      remove.run(key);
    },
    async [Symbol.asyncDispose]() {
      if (db.isOpen) db.close();
    },
  };
}
