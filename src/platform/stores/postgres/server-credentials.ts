/** Credentials for servers and sign-ins under way, on PostgreSQL; all of it sealed by whoever writes it. */

import type { Log } from '../../../contracts/log.ts';
import type { ServerCredentialStore } from '../../../contracts/server-credentials.ts';
import { type Changes, moveOn } from './follow-changes.ts';
import { followRows } from './follow-rows.ts';
import type { Database } from './open-database.ts';
import { createWriteBehind } from './write-behind.ts';

const keyOf = (serverId: string, owner: string): string => JSON.stringify([serverId, owner]);

/** Rejects if they cannot be read. `onChange` hears when others may have written. Asynchronous disposal waits for the writes. */
export async function openServerCredentialStore(
  database: Database,
  changes: Changes,
  log: Log,
  onChange?: () => void,
): Promise<ServerCredentialStore & AsyncDisposable> {
  const writes = createWriteBehind('a credential of a server', log);
  const { query, schema } = database;
  const rows = await followRows({
    ...{ changes, topic: 'credentials', log, settled: () => writes.flush(), onRead: onChange },
    async load() {
      const found = await query('SELECT server_id, owner, sealed FROM server_credentials');
      return new Map(
        found.rows.map((row) => [keyOf(String(row.server_id), String(row.owner)), String(row.sealed)] as const),
      );
    },
  });

  return {
    read: (serverId, owner) => rows.now().get(keyOf(serverId, owner)),
    write(serverId, owner, sealed, nowMs) {
      rows.set(new Map(rows.now()).set(keyOf(serverId, owner), sealed));
      writes.add(keyOf(serverId, owner), () =>
        database.transaction(async (inside) => {
          await moveOn(inside, schema, 'credentials');
          await inside(
            `INSERT INTO server_credentials VALUES ($1, $2, $3, $4)
             ON CONFLICT (server_id, owner) DO UPDATE SET sealed = excluded.sealed, changed_at_ms = excluded.changed_at_ms`,
            [serverId, owner, sealed, nowMs],
          );
        }),
      );
    },
    remove(serverId, owner) {
      const left = new Map(rows.now());
      left.delete(keyOf(serverId, owner));
      rows.set(left);
      writes.add(keyOf(serverId, owner), () =>
        database.transaction(async (inside) => {
          await moveOn(inside, schema, 'credentials');
          await inside('DELETE FROM server_credentials WHERE server_id = $1 AND owner = $2', [serverId, owner]);
        }),
      );
    },
    list: () =>
      [...rows.now()].map(([key, sealed]) => {
        const [serverId = '', owner = ''] = JSON.parse(key) as string[];
        return { serverId, owner, sealed };
      }),
    async replace({ serverId, owner, sealed: before }, sealed) {
      const isReplaced = await database.transaction(async (inside) => {
        await moveOn(inside, schema, 'credentials');
        const { changes: count } = await inside(
          'UPDATE server_credentials SET sealed = $1 WHERE server_id = $2 AND owner = $3 AND sealed = $4',
          [sealed, serverId, owner, before],
        );
        return count > 0;
      });
      await rows.read();
      return isReplaced;
    },
    async exclusively(serverId, owner, work) {
      // One of its own: what is done meanwhile needs those of the pool. The lock goes with it.
      const connection = await database.connect();
      try {
        await connection.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [
          `portcullis/${schema}/credential/${keyOf(serverId, owner)}`,
        ]);
        await rows.read();
        const result = await work();
        // Before the next one is let in: it has to see what came of this.
        await writes.flush();
        return result;
      } finally {
        await connection[Symbol.asyncDispose]();
      }
    },
    async addSignIn(stateHash, { serverId, owner, sealed, expiresAtMs }, nowMs) {
      await database.transaction(async (inside) => {
        await inside('DELETE FROM server_sign_ins WHERE expires_at_ms <= $1', [nowMs]);
        await inside('INSERT INTO server_sign_ins VALUES ($1, $2, $3, $4, $5)', [
          ...[stateHash, serverId, owner, sealed, expiresAtMs],
        ]);
      });
    },
    async takeSignIn(stateHash, nowMs) {
      const taken = await query('DELETE FROM server_sign_ins WHERE state_hash = $1 RETURNING *', [stateHash]);
      const row = taken.rows[0];
      if (row === undefined || Number(row.expires_at_ms) <= nowMs) return undefined;
      return {
        serverId: String(row.server_id),
        owner: String(row.owner),
        sealed: String(row.sealed),
        expiresAtMs: Number(row.expires_at_ms),
      };
    },
    [Symbol.dispose]() {
      rows[Symbol.dispose]();
    },
    async [Symbol.asyncDispose]() {
      rows[Symbol.dispose]();
      await writes[Symbol.asyncDispose]();
    },
  };
}
