/** What the authorization server keeps, on PostgreSQL: a code of one replica is taken by any other. */

import type { OAuthStore } from '../../../contracts/oauth-store.ts';
import { grantValues, readOAuthClient, readOAuthGrant, readOAuthRecord } from '../oauth-row.ts';
import type { Database, Query } from './open-database.ts';
import { storableText } from './storable-text.ts';

/** Leaves the database open. */
export function createOAuthStore({ query, transaction, schema }: Database): OAuthStore {
  const first = async (sql: string, values: readonly unknown[]) => (await query(sql, values)).rows[0];
  /** The grant first: whoever writes a record of it meanwhile holds it, and is waited for. */
  const end = async (inside: Query, id: string): Promise<boolean> => {
    const { changes } = await inside('DELETE FROM oauth_grants WHERE id = $1', [id]);
    await inside('DELETE FROM oauth_records WHERE grant_id = $1', [id]);
    return changes > 0;
  };

  return {
    // Another replica may have ended a grant a moment ago, and what it says of that comes later.
    version: () => undefined,
    async put({ kind, hash, grantId, sealed, expiresAtMs, consumedAtMs }) {
      const { changes } = await query(
        `WITH held AS (SELECT id FROM oauth_grants WHERE id = $3 FOR KEY SHARE)
         INSERT INTO oauth_records (kind, hash, grant_id, sealed, expires_at_ms, consumed_at_ms)
         SELECT $1, $2, $3, $4, $5, $6 WHERE $3::text IS NULL OR EXISTS (SELECT 1 FROM held)
         ON CONFLICT (kind, hash) DO UPDATE SET grant_id = excluded.grant_id, sealed = excluded.sealed,
           expires_at_ms = excluded.expires_at_ms, consumed_at_ms = excluded.consumed_at_ms`,
        [kind, hash, grantId ?? null, sealed, expiresAtMs, consumedAtMs ?? null],
      );
      return changes > 0;
    },
    async find(kind, hash) {
      const row = await first('SELECT * FROM oauth_records WHERE kind = $1 AND hash = $2', [kind, hash]);
      return row && readOAuthRecord(row);
    },
    async consume(kind, hash, nowMs) {
      const { changes } = await query(
        'UPDATE oauth_records SET consumed_at_ms = $1 WHERE kind = $2 AND hash = $3 AND consumed_at_ms IS NULL',
        [nowMs, kind, hash],
      );
      return changes > 0;
    },
    async remove(kind, hash) {
      const { changes } = await query('DELETE FROM oauth_records WHERE kind = $1 AND hash = $2', [kind, hash]);
      return changes > 0;
    },
    async addGrant(grant) {
      const values = grantValues(grant).map((value) => (typeof value === 'string' ? storableText(value) : value));
      await query('INSERT INTO oauth_grants VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', values);
    },
    async findGrant(id) {
      const row = await first('SELECT * FROM oauth_grants WHERE id = $1', [storableText(id)]);
      return row && readOAuthGrant(row);
    },
    async listGrants({ userId, beforeId, limit }) {
      const { rows } = await query(
        `SELECT * FROM oauth_grants WHERE ($1::text IS NULL OR user_id = $1) AND ($2::text IS NULL OR
           (created_at_ms, id) < (SELECT created_at_ms, id FROM oauth_grants WHERE id = $2))
         ORDER BY created_at_ms DESC, id DESC LIMIT $3`,
        [userId ?? null, beforeId === undefined ? null : storableText(beforeId), limit],
      );
      return rows.map(readOAuthGrant);
    },
    async touchGrant(id, nowMs) {
      await query('UPDATE oauth_grants SET used_at_ms = $1 WHERE id = $2', [nowMs, id]);
    },
    endGrant: (id) => transaction((inside) => end(inside, storableText(id))),
    addClient: ({ id, sealed, createdAtMs }, max) =>
      transaction(async (inside) => {
        // One at a time, or several would count before any is there.
        await inside('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`portcullis/${schema}/oauth-clients`]);
        const { changes } = await inside(
          'INSERT INTO oauth_clients SELECT $1, $2, $3 WHERE (SELECT count(*) FROM oauth_clients) < $4',
          [id, sealed, createdAtMs, max],
        );
        return changes > 0;
      }),
    async findClient(id) {
      const row = await first('SELECT * FROM oauth_clients WHERE id = $1', [storableText(id)]);
      return row && readOAuthClient(row);
    },
    sweep: (nowMs, unusedMs, limit) =>
      transaction(async (inside) => {
        const grants = await inside('SELECT id FROM oauth_grants WHERE expires_at_ms <= $1 LIMIT $2', [nowMs, limit]);
        for (const { id } of grants.rows) await end(inside, String(id));
        const records = await inside(
          `DELETE FROM oauth_records WHERE (kind, hash) IN
             (SELECT kind, hash FROM oauth_records WHERE expires_at_ms <= $1 LIMIT $2)`,
          [nowMs, limit],
        );
        const clients = await inside(
          `DELETE FROM oauth_clients WHERE id IN (SELECT id FROM oauth_clients c WHERE created_at_ms < $1
             AND NOT EXISTS (SELECT 1 FROM oauth_grants g WHERE g.client_id = c.id) LIMIT $2)`,
          [unusedMs, limit],
        );
        return grants.rows.length + records.changes + clients.changes;
      }),
    async [Symbol.asyncDispose]() {},
  };
}
