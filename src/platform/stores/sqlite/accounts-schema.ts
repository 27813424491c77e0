/** The tables of credentials of people, as they were made first. */

/** Credentials of people. Users themselves are objects; what is secret is here as a hash, or sealed. */
export const ACCOUNTS = `
CREATE TABLE passwords (
  user_id TEXT PRIMARY KEY,
  -- argon2id, with its parameters.
  hash TEXT NOT NULL,
  set_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE invitations (
  token_hash TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_user ON invitations (user_id);
CREATE TABLE sign_in_attempts (
  -- 'name:' or 'address:' and a hash.
  subject TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  last_at_ms INTEGER NOT NULL,
  forget_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_attempts_last ON sign_in_attempts (last_at_ms);
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL,
  role TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  last_seen_at_ms INTEGER NOT NULL,
  ends_at_ms INTEGER NOT NULL,
  -- NULL: signed in with a password.
  provider TEXT,
  address TEXT,
  user_agent TEXT,
  sealed TEXT
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id, created_at_ms);
CREATE TABLE sign_ins (
  state_hash TEXT PRIMARY KEY,
  browser_hash TEXT NOT NULL,
  provider TEXT NOT NULL,
  sealed TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_ins_expiry ON sign_ins (expires_at_ms);
`;
