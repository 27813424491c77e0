/** Credentials for servers and sign-ins under way, on SQLite; all of it sealed by whoever writes it. */

import type { ServerCredentialStore } from '../../../contracts/server-credentials.ts';
import { inTransaction } from './open-database.ts';
import { openStore } from './open-store.ts';

/** Opens them in `<dataDir>/portcullis.db`; several processes may do so at once. */
export function openServerCredentialStore(options: { dataDir: string }): ServerCredentialStore {
  const db = openStore(options.dataDir);
  const select = db.prepare('SELECT sealed FROM server_credentials WHERE server_id = ? AND owner = ?');
  const upsert = db.prepare(
    `INSERT INTO server_credentials (server_id, owner, sealed, changed_at_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (server_id, owner) DO UPDATE SET sealed = excluded.sealed, changed_at_ms = excluded.changed_at_ms`,
  );
  const drop = db.prepare('DELETE FROM server_credentials WHERE server_id = ? AND owner = ?');
  const selectAll = db.prepare('SELECT server_id, owner, sealed FROM server_credentials ORDER BY server_id, owner');
  const reseal = db.prepare(
    'UPDATE server_credentials SET sealed = ? WHERE server_id = ? AND owner = ? AND sealed = ?',
  );
  const insertSignIn = db.prepare(
    'INSERT INTO server_sign_ins (state_hash, server_id, owner, sealed, expires_at_ms) VALUES (?, ?, ?, ?, ?)',
  );
  const takeSignIn = db.prepare('DELETE FROM server_sign_ins WHERE state_hash = ? RETURNING *');
  const dropExpired = db.prepare('DELETE FROM server_sign_ins WHERE expires_at_ms <= ?');

  return {
    read(serverId, owner) {
      const sealed = select.get(serverId, owner)?.sealed;
      return typeof sealed === 'string' ? sealed : undefined;
    },
    write(serverId, owner, sealed, nowMs) {
      upsert.run(serverId, owner, sealed, nowMs);
    },
    remove(serverId, owner) {
      drop.run(serverId, owner);
    },
    // There is one gateway on a data directory.
    exclusively: (_serverId, _owner, work) => work(),
    list: () =>
      selectAll.all().map((row) => ({
        ...{ serverId: String(row.server_id), owner: String(row.owner), sealed: String(row.sealed) },
      })),
    replace: ({ serverId, owner, sealed: before }, sealed) =>
      Number(reseal.run(sealed, serverId, owner, before).changes) > 0,
    addSignIn(stateHash, { serverId, owner, sealed, expiresAtMs }, nowMs) {
      inTransaction(db, () => {
        dropExpired.run(nowMs);
        insertSignIn.run(stateHash, serverId, owner, sealed, expiresAtMs);
      });
    },
    takeSignIn(stateHash, nowMs) {
      const row = takeSignIn.get(stateHash);
      if (row === undefined || Number(row.expires_at_ms) <= nowMs) return undefined;
      return {
        serverId: String(row.server_id),
        owner: String(row.owner),
        sealed: String(row.sealed),
        expiresAtMs: Number(row.expires_at_ms),
      };
    },
    [Symbol.dispose]() {
      if (db.isOpen) db.close();
    },
  };
}
