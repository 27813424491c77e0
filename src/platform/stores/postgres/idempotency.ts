/** Which requests of the admin API were made already, on PostgreSQL: whichever replica is asked again. */

import type { IdempotencyStore } from '../../../contracts/admin.ts';
import type { Database } from './open-database.ts';

/** Begun and given up again by others in between, so often; then it counts as running. */
const MAX_ROUNDS = 3;

/** Leaves the database open. */
export function createIdempotencyStore({ query }: Pick<Database, 'query'>): IdempotencyStore {
  return {
    async begin(key, fingerprint, nowMs, leaseMs) {
      await query('DELETE FROM idempotency WHERE until_ms <= $1', [nowMs]);
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const begun = await query('INSERT INTO idempotency VALUES ($1, $2, NULL, $3) ON CONFLICT (key) DO NOTHING', [
          key,
          fingerprint,
          nowMs + leaseMs,
        ]);
        if (begun.changes > 0) return { type: 'begun' };
        const { rows } = await query('SELECT fingerprint, sealed FROM idempotency WHERE key = $1', [key]);
        const row = rows[0];
        if (row === undefined) continue;
        if (row.fingerprint !== fingerprint) return { type: 'other-request' };
        return typeof row.sealed === 'string' ? { type: 'done', sealed: row.sealed } : { type: 'running' };
      }
      return { type: 'running' };
    },
    async finish(key, sealed, expiresAtMs) {
      await query('UPDATE idempotency SET sealed = $1, until_ms = $2 WHERE key = $3', [sealed, expiresAtMs, key]);
    },
    async giveUp(key) {
      await query('DELETE FROM idempotency WHERE key = $1 AND sealed IS NULL', [key]);
    },
    async [Symbol.asyncDispose]() {},
  };
}
