/** Variables of scripts and scripts that wait, on PostgreSQL: a script goes on in whichever replica it is asked of. */

import type { CodeStateStore } from '../../../contracts/codemode.ts';
import { readCodeState } from '../code-state-row.ts';
import type { Database } from './open-database.ts';
import { storableText } from './storable-text.ts';

const SAME = 'WHERE id = $1 AND kind = $2 AND key_id = $3 AND expires_at_ms > $4';

/** Leaves the database open. */
export function createCodeStateStore({ query }: Pick<Database, 'query'>): CodeStateStore {
  const first = async (sql: string, values: readonly unknown[]) => {
    const [row] = (await query(sql, values)).rows;
    return row && readCodeState(row);
  };
  return {
    async put({ id, kind, keyId, sealed, expiresAtMs }) {
      const { changes } = await query(
        `INSERT INTO code_states AS s (id, kind, key_id, sealed, expires_at_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed, expires_at_ms = excluded.expires_at_ms
         WHERE s.kind = excluded.kind AND s.key_id = excluded.key_id`,
        [storableText(id), kind, keyId, sealed, expiresAtMs],
      );
      return changes > 0;
    },
    find: (id, kind, keyId, nowMs) =>
      first(`SELECT * FROM code_states ${SAME}`, [storableText(id), kind, keyId, nowMs]),
    take: (id, kind, keyId, nowMs) =>
      first(`DELETE FROM code_states ${SAME} RETURNING *`, [storableText(id), kind, keyId, nowMs]),
    async dropExpired(nowMs, limit) {
      const { changes } = await query(
        // Replicas sweep at the same time: nobody waits for what another one is deleting.
        `DELETE FROM code_states WHERE id IN (
           SELECT id FROM code_states WHERE expires_at_ms <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
        [nowMs, limit],
      );
      return changes;
    },
    async [Symbol.asyncDispose]() {},
  };
}
