/** Credentials of people on SQLite: passwords as hashes, sessions, invitations, failed attempts, sign-ins under way. */

import type { DatabaseSync } from 'node:sqlite';
import type { AccountStore } from '../../../contracts/accounts.ts';
import { growingWaitMs } from '../../../lib/growing-wait.ts';
import { readSession } from '../session-row.ts';
import { inTransaction } from './open-database.ts';
import { openStore } from './open-store.ts';

/** Names that somebody makes up are attempts, too; beyond so many the oldest go. */
const MAX_ATTEMPT_ROWS = 100_000;
const MAX_SIGN_INS = 10_000;
/** Of one person; the oldest ends where another one begins. */
const MAX_SESSIONS = 50;

/** Opens them in `<dataDir>/portcullis.db`; several processes may do so at once. */
export function openAccountStore(options: { dataDir: string }): AccountStore {
  const db = openStore(options.dataDir);
  return {
    ...passwordsIn(db),
    ...invitationsIn(db),
    ...attemptsIn(db),
    ...sessionsIn(db),
    ...signInsIn(db),
    async sweep(nowMs, idleSinceMs) {
      inTransaction(db, () => {
        db.prepare('DELETE FROM sessions WHERE ends_at_ms <= ? OR last_seen_at_ms <= ?').run(nowMs, idleSinceMs);
        db.prepare('DELETE FROM invitations WHERE expires_at_ms <= ?').run(nowMs);
        db.prepare('DELETE FROM sign_ins WHERE expires_at_ms <= ?').run(nowMs);
        db.prepare('DELETE FROM sign_in_attempts WHERE forget_at_ms <= ?').run(nowMs);
      });
    },
    async [Symbol.asyncDispose]() {
      if (db.isOpen) db.close();
    },
  };
}

const textOr = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function passwordsIn(db: DatabaseSync): Pick<AccountStore, 'password' | 'setPassword' | 'replaceHash' | 'forgetUser'> {
  const select = db.prepare('SELECT hash FROM passwords WHERE user_id = ?');
  const upsert = db.prepare(
    `INSERT INTO passwords (user_id, hash, set_at_ms) VALUES (?, ?, ?)
     ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, set_at_ms = excluded.set_at_ms`,
  );
  const replace = db.prepare('UPDATE passwords SET hash = ? WHERE user_id = ? AND hash = ?');
  const drop = db.prepare('DELETE FROM passwords WHERE user_id = ?');
  const dropSessions = db.prepare('DELETE FROM sessions WHERE user_id = ?');
  const dropInvitations = db.prepare('DELETE FROM invitations WHERE user_id = ?');
  return {
    async password(userId) {
      return textOr(select.get(userId)?.hash);
    },
    async setPassword(userId, hash, nowMs) {
      inTransaction(db, () => {
        upsert.run(userId, hash, nowMs);
        dropSessions.run(userId);
        dropInvitations.run(userId);
      });
    },
    async replaceHash(userId, before, after) {
      replace.run(after, userId, before);
    },
    async forgetUser(userId) {
      inTransaction(db, () => {
        for (const statement of [drop, dropSessions, dropInvitations]) statement.run(userId);
      });
    },
  };
}

function invitationsIn(db: DatabaseSync): Pick<AccountStore, 'addInvitation' | 'findInvitation' | 'takeInvitation'> {
  const drop = db.prepare('DELETE FROM invitations WHERE user_id = ?');
  const insert = db.prepare('INSERT INTO invitations (token_hash, user_id, expires_at_ms) VALUES (?, ?, ?)');
  const select = db.prepare('SELECT user_id FROM invitations WHERE token_hash = ? AND expires_at_ms > ?');
  const take = db.prepare('DELETE FROM invitations WHERE token_hash = ? AND expires_at_ms > ? RETURNING user_id');
  return {
    async addInvitation(userId, tokenHash, expiresAtMs) {
      inTransaction(db, () => {
        drop.run(userId);
        insert.run(tokenHash, userId, expiresAtMs);
      });
    },
    async findInvitation(tokenHash, nowMs) {
      return textOr(select.get(tokenHash, nowMs)?.user_id);
    },
    async takeInvitation(tokenHash, nowMs) {
      return textOr(take.get(tokenHash, nowMs)?.user_id);
    },
  };
}

function attemptsIn(db: DatabaseSync): Pick<AccountStore, 'beginAttempt' | 'takeBackAttempt' | 'clearAttempts'> {
  const select = db.prepare('SELECT failures, last_at_ms, forget_at_ms FROM sign_in_attempts WHERE subject = ?');
  const upsert = db.prepare(
    `INSERT INTO sign_in_attempts (subject, failures, last_at_ms, forget_at_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (subject) DO UPDATE
     SET failures = excluded.failures, last_at_ms = excluded.last_at_ms, forget_at_ms = excluded.forget_at_ms`,
  );
  const count = db.prepare('SELECT count(*) AS rows FROM sign_in_attempts');
  const dropOldest = db.prepare(
    'DELETE FROM sign_in_attempts WHERE subject IN (SELECT subject FROM sign_in_attempts ORDER BY last_at_ms LIMIT 1000)',
  );
  const takeBack = db.prepare('UPDATE sign_in_attempts SET failures = failures - 1 WHERE subject = ? AND failures > 0');
  const clear = db.prepare('DELETE FROM sign_in_attempts WHERE subject = ?');
  return {
    async beginAttempt(subject, rule, nowMs) {
      return inTransaction(db, () => {
        const row = select.get(subject);
        if (row === undefined && Number(count.get()?.rows) >= MAX_ATTEMPT_ROWS) dropOldest.run();
        const failures = row === undefined || Number(row.forget_at_ms) <= nowMs ? 0 : Number(row.failures);
        const waitMs = Number(row?.last_at_ms ?? 0) + growingWaitMs(failures, rule) - nowMs;
        // A clock that was set back must not lock anybody out for longer than the rule says.
        if (failures > rule.free && waitMs > 0) return Math.min(waitMs, rule.maxWaitMs);
        upsert.run(subject, failures + 1, nowMs, nowMs + rule.forgetMs);
        return 0;
      });
    },
    async takeBackAttempt(subject) {
      takeBack.run(subject);
    },
    async clearAttempts(subject) {
      clear.run(subject);
    },
  };
}

function sessionsIn(
  db: DatabaseSync,
): Pick<AccountStore, 'addSession' | 'findSession' | 'touchSession' | 'listSessions' | 'endSession' | 'endSessions'> {
  const insert = db.prepare(
    `INSERT INTO sessions (id, hash, user_id, role, created_at_ms, last_seen_at_ms, ends_at_ms, provider, address, user_agent, sealed)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const dropOldest = db.prepare(
    `DELETE FROM sessions WHERE user_id = ?1 AND id NOT IN
       (SELECT id FROM sessions WHERE user_id = ?1 ORDER BY created_at_ms DESC, rowid DESC LIMIT ?2)`,
  );
  const select = db.prepare('SELECT * FROM sessions WHERE hash = ?');
  const selectOf = db.prepare('SELECT * FROM sessions WHERE user_id = ? ORDER BY created_at_ms DESC, rowid DESC');
  const touch = db.prepare('UPDATE sessions SET last_seen_at_ms = max(last_seen_at_ms, ?) WHERE id = ?');
  const drop = db.prepare('DELETE FROM sessions WHERE user_id = ? AND id = ?');
  const dropOf = db.prepare('DELETE FROM sessions WHERE user_id = ?');
  return {
    async addSession(session) {
      const { id, hash, userId, role, createdAtMs, lastSeenAtMs, endsAtMs } = session;
      const { provider = null, address = null, userAgent = null, sealed = null } = session;
      inTransaction(db, () => {
        insert.run(
          ...[id, hash, userId, role, createdAtMs, lastSeenAtMs, endsAtMs],
          ...[provider, address, userAgent, sealed],
        );
        dropOldest.run(userId, MAX_SESSIONS);
      });
    },
    async findSession(hash) {
      const row = select.get(hash);
      return row === undefined ? undefined : readSession(row);
    },
    async touchSession(id, nowMs) {
      touch.run(nowMs, id);
    },
    async listSessions(userId) {
      return selectOf.all(userId).map(readSession);
    },
    async endSession(userId, id) {
      return Number(drop.run(userId, id).changes) > 0;
    },
    async endSessions(userId) {
      return Number(dropOf.run(userId).changes);
    },
  };
}

function signInsIn(db: DatabaseSync): Pick<AccountStore, 'addSignIn' | 'takeSignIn'> {
  const insert = db.prepare(
    'INSERT INTO sign_ins (state_hash, browser_hash, provider, sealed, expires_at_ms) VALUES (?, ?, ?, ?, ?)',
  );
  const dropOldest = db.prepare(
    `DELETE FROM sign_ins WHERE state_hash IN
       (SELECT state_hash FROM sign_ins ORDER BY expires_at_ms DESC LIMIT -1 OFFSET ?)`,
  );
  const take = db.prepare('DELETE FROM sign_ins WHERE state_hash = ? RETURNING *');
  return {
    async addSignIn(stateHash, { browserHash, provider, sealed, expiresAtMs }) {
      inTransaction(db, () => {
        insert.run(stateHash, browserHash, provider, sealed, expiresAtMs);
        dropOldest.run(MAX_SIGN_INS);
      });
    },
    async takeSignIn(stateHash, nowMs) {
      const row = take.get(stateHash);
      if (row === undefined || Number(row.expires_at_ms) <= nowMs) return undefined;
      return {
        browserHash: String(row.browser_hash),
        provider: String(row.provider),
        sealed: String(row.sealed),
        expiresAtMs: Number(row.expires_at_ms),
      };
    },
  };
}
