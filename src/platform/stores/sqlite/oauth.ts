/** What the authorization server keeps, on SQLite. */

import type { OAuthStore } from '../../../contracts/oauth-store.ts';
import { grantValues, readOAuthClient, readOAuthGrant, readOAuthRecord } from '../oauth-row.ts';
import { inTransaction, isBusy } from './open-database.ts';
import { openStore } from './open-store.ts';
import { standBack, whenFree } from './when-free.ts';

/** Opens it in `<dataDir>/portcullis.db`; several processes may do so at once. */
export function openOAuthStore(options: { readonly dataDir: string }): OAuthStore {
  const db = openStore(options.dataDir);
  standBack(db);
  const put = db.prepare(
    `INSERT INTO oauth_records (kind, hash, grant_id, sealed, expires_at_ms, consumed_at_ms)
     SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?3 IS NULL OR EXISTS (SELECT 1 FROM oauth_grants WHERE id = ?3)
     ON CONFLICT (kind, hash) DO UPDATE SET grant_id = excluded.grant_id, sealed = excluded.sealed,
       expires_at_ms = excluded.expires_at_ms, consumed_at_ms = excluded.consumed_at_ms`,
  );
  const find = db.prepare('SELECT * FROM oauth_records WHERE kind = ? AND hash = ?');
  const consume = db.prepare(
    'UPDATE oauth_records SET consumed_at_ms = ? WHERE kind = ? AND hash = ? AND consumed_at_ms IS NULL',
  );
  const remove = db.prepare('DELETE FROM oauth_records WHERE kind = ? AND hash = ?');
  const addGrant = db.prepare('INSERT INTO oauth_grants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const findGrant = db.prepare('SELECT * FROM oauth_grants WHERE id = ?');
  const listGrants = db.prepare(
    `SELECT * FROM oauth_grants WHERE (?1 IS NULL OR user_id = ?1) AND (?2 IS NULL OR
       (created_at_ms, id) < (SELECT created_at_ms, id FROM oauth_grants WHERE id = ?2))
     ORDER BY created_at_ms DESC, id DESC LIMIT ?3`,
  );
  const touchGrant = db.prepare('UPDATE oauth_grants SET used_at_ms = ? WHERE id = ?');
  const endGrant = db.prepare('DELETE FROM oauth_grants WHERE id = ?');
  const dropRecords = db.prepare('DELETE FROM oauth_records WHERE grant_id = ?');
  const addClient = db.prepare(
    'INSERT INTO oauth_clients SELECT ?, ?, ? WHERE (SELECT count(*) FROM oauth_clients) < ?',
  );
  const findClient = db.prepare('SELECT * FROM oauth_clients WHERE id = ?');
  const expiredGrants = db.prepare('SELECT id FROM oauth_grants WHERE expires_at_ms <= ? LIMIT ?');
  const sweepRecords = db.prepare(
    `DELETE FROM oauth_records WHERE (kind, hash) IN
       (SELECT kind, hash FROM oauth_records WHERE expires_at_ms <= ? LIMIT ?)`,
  );
  const sweepClients = db.prepare(
    `DELETE FROM oauth_clients WHERE id IN (SELECT id FROM oauth_clients c WHERE created_at_ms < ?
       AND NOT EXISTS (SELECT 1 FROM oauth_grants g WHERE g.client_id = c.id) LIMIT ?)`,
  );
  const dataVersion = db.prepare('PRAGMA data_version');
  let version = 0;
  let seen: unknown;
  /** What this connection writes changes no `data_version` of its own. */
  const write = <T>(work: () => T): T | Promise<T> =>
    whenFree(() => {
      version++;
      return work();
    });
  const end = (id: string): boolean => {
    dropRecords.run(id);
    return Number(endGrant.run(id).changes) > 0;
  };

  return {
    version() {
      try {
        const now = dataVersion.get()?.data_version;
        if (now !== seen) version++;
        seen = now;
        return version;
      } catch (error) {
        if (isBusy(error)) return undefined;
        throw error;
      }
    },
    async put({ kind, hash, grantId = null, sealed, expiresAtMs, consumedAtMs = null }) {
      const { changes } = await write(() => put.run(kind, hash, grantId, sealed, expiresAtMs, consumedAtMs));
      return Number(changes) > 0;
    },
    async find(kind, hash) {
      const row = await whenFree(() => find.get(kind, hash));
      return row && readOAuthRecord(row);
    },
    consume: async (kind, hash, nowMs) => Number((await write(() => consume.run(nowMs, kind, hash))).changes) > 0,
    remove: async (kind, hash) => Number((await write(() => remove.run(kind, hash))).changes) > 0,
    async addGrant(grant) {
      await write(() => addGrant.run(...grantValues(grant)));
    },
    async findGrant(id) {
      const row = await whenFree(() => findGrant.get(id));
      return row && readOAuthGrant(row);
    },
    async listGrants({ userId = null, beforeId = null, limit }) {
      return (await whenFree(() => listGrants.all(userId, beforeId, limit))).map(readOAuthGrant);
    },
    async touchGrant(id, nowMs) {
      await write(() => touchGrant.run(nowMs, id));
    },
    endGrant: async (id) => write(() => inTransaction(db, () => end(id))),
    async addClient({ id, sealed, createdAtMs }, max) {
      return Number((await write(() => addClient.run(id, sealed, createdAtMs, max))).changes) > 0;
    },
    async findClient(id) {
      const row = await whenFree(() => findClient.get(id));
      return row && readOAuthClient(row);
    },
    sweep: async (nowMs, unusedMs, limit) =>
      write(() =>
        inTransaction(db, () => {
          const grants = expiredGrants.all(nowMs, limit);
          for (const { id } of grants) end(String(id));
          const records = sweepRecords.run(nowMs, limit).changes;
          return grants.length + Number(records) + Number(sweepClients.run(unusedMs, limit).changes);
        }),
      ),
    async [Symbol.asyncDispose]() {
      if (db.isOpen) db.close();
    },
  };
}
