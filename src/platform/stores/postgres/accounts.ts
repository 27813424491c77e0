/** Credentials of people on PostgreSQL, for all replicas: passwords as hashes, sessions, invitations, failed attempts, sign-ins under way. */

import type { AccountStore } from '../../../contracts/accounts.ts';
import { growingWaitMs } from '../../../lib/growing-wait.ts';
import { readSession } from '../session-row.ts';
import type { Database, Query } from './open-database.ts';
import { storableText } from './storable-text.ts';

/** Names that somebody makes up are attempts, too; beyond so many the oldest go. */
const MAX_ATTEMPT_ROWS = 100_000;
const MAX_SIGN_INS = 10_000;
/** Of one person; the oldest ends where another one begins. */
const MAX_SESSIONS = 50;

/** Leaves the database open. */
export function createAccountStore(database: Database): AccountStore {
  const { query } = database;
  return {
    ...passwordsIn(database),
    ...invitationsIn(database),
    ...attemptsIn(database),
    ...sessionsIn(database),
    ...signInsIn(database),
    async sweep(nowMs, idleSinceMs) {
      await query('DELETE FROM sessions WHERE ends_at_ms <= $1 OR last_seen_at_ms <= $2', [nowMs, idleSinceMs]);
      await query('DELETE FROM invitations WHERE expires_at_ms <= $1', [nowMs]);
      await query('DELETE FROM sign_ins WHERE expires_at_ms <= $1', [nowMs]);
      await query('DELETE FROM sign_in_attempts WHERE forget_at_ms <= $1', [nowMs]);
    },
    async [Symbol.asyncDispose]() {},
  };
}

const textOr = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const NEWEST_FIRST = 'ORDER BY created_at_ms DESC, made DESC NULLS LAST, id';

/** What belongs to one person changes one step after the other. */
function withUser<T>(database: Database, userId: string, work: (query: Query) => Promise<T>): Promise<T> {
  return database.transaction(async (query) => {
    await query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `portcullis/${database.schema}/user/${userId}`,
    ]);
    return work(query);
  });
}

function passwordsIn(
  database: Database,
): Pick<AccountStore, 'password' | 'setPassword' | 'replaceHash' | 'forgetUser'> {
  const { query } = database;
  const endAll = async (inside: Query, userId: string): Promise<void> => {
    await inside('DELETE FROM sessions WHERE user_id = $1', [userId]);
    await inside('DELETE FROM invitations WHERE user_id = $1', [userId]);
  };
  return {
    async password(userId) {
      return textOr((await query('SELECT hash FROM passwords WHERE user_id = $1', [userId])).rows[0]?.hash);
    },
    setPassword: (userId, hash, nowMs) =>
      withUser(database, userId, async (inside) => {
        await inside(
          `INSERT INTO passwords (user_id, hash, set_at_ms) VALUES ($1, $2, $3)
           ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, set_at_ms = excluded.set_at_ms`,
          [userId, hash, nowMs],
        );
        await endAll(inside, userId);
      }),
    async replaceHash(userId, before, after) {
      await query('UPDATE passwords SET hash = $1 WHERE user_id = $2 AND hash = $3', [after, userId, before]);
    },
    forgetUser: (userId) =>
      withUser(database, userId, async (inside) => {
        await inside('DELETE FROM passwords WHERE user_id = $1', [userId]);
        await endAll(inside, userId);
      }),
  };
}

function invitationsIn(database: Database): Pick<AccountStore, 'addInvitation' | 'findInvitation' | 'takeInvitation'> {
  const { query } = database;
  return {
    addInvitation: (userId, tokenHash, expiresAtMs) =>
      withUser(database, userId, async (inside) => {
        await inside('DELETE FROM invitations WHERE user_id = $1', [userId]);
        await inside('INSERT INTO invitations (token_hash, user_id, expires_at_ms) VALUES ($1, $2, $3)', [
          tokenHash,
          userId,
          expiresAtMs,
        ]);
      }),
    async findInvitation(tokenHash, nowMs) {
      const select = 'SELECT user_id FROM invitations WHERE token_hash = $1 AND expires_at_ms > $2';
      return textOr((await query(select, [tokenHash, nowMs])).rows[0]?.user_id);
    },
    async takeInvitation(tokenHash, nowMs) {
      const take = 'DELETE FROM invitations WHERE token_hash = $1 AND expires_at_ms > $2 RETURNING user_id';
      return textOr((await query(take, [tokenHash, nowMs])).rows[0]?.user_id);
    },
  };
}

function attemptsIn(database: Database): Pick<AccountStore, 'beginAttempt' | 'takeBackAttempt' | 'clearAttempts'> {
  const { query } = database;
  return {
    beginAttempt: (subject, rule, nowMs) =>
      database.transaction(async (inside) => {
        const made = await inside('INSERT INTO sign_in_attempts VALUES ($1, 0, 0, 0) ON CONFLICT DO NOTHING', [
          subject,
        ]);
        if (made.changes > 0) await makeRoom(inside, subject);
        const { rows } = await inside('SELECT * FROM sign_in_attempts WHERE subject = $1 FOR UPDATE', [subject]);
        const row = rows[0];
        const failures = row === undefined || Number(row.forget_at_ms) <= nowMs ? 0 : Number(row.failures);
        const waitMs = Number(row?.last_at_ms ?? 0) + growingWaitMs(failures, rule) - nowMs;
        // A clock that was set back must not lock anybody out for longer than the rule says.
        if (failures > rule.free && waitMs > 0) return Math.min(waitMs, rule.maxWaitMs);
        await inside(
          'UPDATE sign_in_attempts SET failures = $2, last_at_ms = $3, forget_at_ms = $4 WHERE subject = $1',
          [subject, failures + 1, nowMs, nowMs + rule.forgetMs],
        );
        return 0;
      }),
    async takeBackAttempt(subject) {
      await query('UPDATE sign_in_attempts SET failures = failures - 1 WHERE subject = $1 AND failures > 0', [subject]);
    },
    async clearAttempts(subject) {
      await query('DELETE FROM sign_in_attempts WHERE subject = $1', [subject]);
    },
  };
}

async function makeRoom(query: Query, subject: string): Promise<void> {
  const { rows } = await query('SELECT count(*) AS rows FROM sign_in_attempts');
  if (Number(rows[0]?.rows) <= MAX_ATTEMPT_ROWS) return;
  await query(
    `DELETE FROM sign_in_attempts WHERE subject IN (
       SELECT subject FROM sign_in_attempts WHERE subject <> $1 ORDER BY last_at_ms LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
    [subject],
  );
}

function sessionsIn(
  database: Database,
): Pick<AccountStore, 'addSession' | 'findSession' | 'touchSession' | 'listSessions' | 'endSession' | 'endSessions'> {
  const { query } = database;
  return {
    addSession: ({ id, hash, userId, role, createdAtMs, lastSeenAtMs, endsAtMs, ...more }) =>
      withUser(database, userId, async (inside) => {
        const { provider, address, userAgent, sealed } = more;
        const told = [provider, address, userAgent, sealed].map((text) =>
          text === undefined ? null : storableText(text),
        );
        await inside(
          `INSERT INTO sessions (id, hash, user_id, role, created_at_ms, last_seen_at_ms, ends_at_ms, provider, address, user_agent, sealed)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
          [id, hash, userId, role, createdAtMs, lastSeenAtMs, endsAtMs, ...told],
        );
        await inside(
          `DELETE FROM sessions WHERE user_id = $1 AND id NOT IN
             (SELECT id FROM sessions WHERE user_id = $1 ${NEWEST_FIRST} LIMIT $2)`,
          [userId, MAX_SESSIONS],
        );
      }),
    async findSession(hash) {
      const row = (await query('SELECT * FROM sessions WHERE hash = $1', [hash])).rows[0];
      return row === undefined ? undefined : readSession(row);
    },
    async touchSession(id, nowMs) {
      await query('UPDATE sessions SET last_seen_at_ms = greatest(last_seen_at_ms, $1) WHERE id = $2', [nowMs, id]);
    },
    async listSessions(userId) {
      return (await query(`SELECT * FROM sessions WHERE user_id = $1 ${NEWEST_FIRST}`, [userId])).rows.map(readSession);
    },
    async endSession(userId, id) {
      return (await query('DELETE FROM sessions WHERE user_id = $1 AND id = $2', [userId, id])).changes > 0;
    },
    async endSessions(userId) {
      return (await query('DELETE FROM sessions WHERE user_id = $1', [userId])).changes;
    },
  };
}

function signInsIn({ query }: Database): Pick<AccountStore, 'addSignIn' | 'takeSignIn'> {
  return {
    async addSignIn(stateHash, { browserHash, provider, sealed, expiresAtMs }) {
      await query('INSERT INTO sign_ins VALUES ($1, $2, $3, $4, $5)', [
        ...[stateHash, browserHash, provider, sealed, expiresAtMs],
      ]);
      await query(
        'DELETE FROM sign_ins WHERE state_hash IN (SELECT state_hash FROM sign_ins ORDER BY expires_at_ms DESC OFFSET $1)',
        [MAX_SIGN_INS],
      );
    },
    async takeSignIn(stateHash, nowMs) {
      const row = (await query('DELETE FROM sign_ins WHERE state_hash = $1 RETURNING *', [stateHash])).rows[0];
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
