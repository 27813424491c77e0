/** Variables of scripts and scripts that wait, on SQLite. */

import type { CodeStateStore } from '../../../contracts/codemode.ts';
import { readCodeState } from '../code-state-row.ts';
import { inTransaction } from './open-database.ts';
import { openStore } from './open-store.ts';
import { standBack, whenFree } from './when-free.ts';

/** Opens them in `<dataDir>/portcullis.db`; several processes may do so at once. */
export function openCodeStateStore(options: { readonly dataDir: string }): CodeStateStore {
  const db = openStore(options.dataDir);
  standBack(db);
  const put = db.prepare(
    `INSERT INTO code_states (id, kind, key_id, sealed, expires_at_ms) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, expires_at_ms = excluded.expires_at_ms
     WHERE kind = excluded.kind AND key_id = excluded.key_id`,
  );
  const same = 'WHERE id = ? AND kind = ? AND key_id = ? AND expires_at_ms > ?';
  const find = db.prepare(`SELECT * FROM code_states ${same}`);
  const take = db.prepare(`DELETE FROM code_states ${same} RETURNING *`);
  const drop = db.prepare(
    'DELETE FROM code_states WHERE id IN (SELECT id FROM code_states WHERE expires_at_ms <= ? LIMIT ?)',
  );

  return {
    async put({ id, kind, keyId, sealed, expiresAtMs }) {
      return whenFree(() => inTransaction(db, () => put.run(id, kind, keyId, sealed, expiresAtMs).changes > 0));
    },
    async find(id, kind, keyId, nowMs) {
      const row = await whenFree(() => find.get(id, kind, keyId, nowMs));
      return row && readCodeState(row);
    },
    async take(id, kind, keyId, nowMs) {
      const row = await whenFree(() => inTransaction(db, () => take.get(id, kind, keyId, nowMs)));
      return row && readCodeState(row);
    },
    dropExpired: async (nowMs, limit) => Number((await whenFree(() => drop.run(nowMs, limit))).changes),
    async [Symbol.asyncDispose]() {
      if (db.isOpen) db.close();
    },
  };
}
