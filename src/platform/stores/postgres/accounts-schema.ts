/** The tables of people's credentials and of answered requests in PostgreSQL. What columns mean is told beside those of SQLite. */

export const ACCOUNTS = `
CREATE TABLE passwords (
  user_id text PRIMARY KEY,
  hash text NOT NULL,
  set_at_ms bigint NOT NULL
);
CREATE TABLE invitations (
  token_hash text PRIMARY KEY,
  user_id text NOT NULL,
  expires_at_ms bigint NOT NULL
);
CREATE INDEX invitations_user ON invitations (user_id);
CREATE TABLE sign_in_attempts (
  subject text PRIMARY KEY,
  failures bigint NOT NULL,
  last_at_ms bigint NOT NULL,
  forget_at_ms bigint NOT NULL
);
CREATE INDEX sign_in_attempts_last ON sign_in_attempts (last_at_ms);
CREATE TABLE sessions (
  id text PRIMARY KEY,
  hash text NOT NULL UNIQUE,
  user_id text NOT NULL,
  role text NOT NULL,
  created_at_ms bigint NOT NULL,
  last_seen_at_ms bigint NOT NULL,
  ends_at_ms bigint NOT NULL,
  provider text,
  address text,
  user_agent text,
  sealed text,
  -- Tells sessions of the same millisecond apart; NULL: came from SQLite.
  made bigint DEFAULT extract(epoch FROM clock_timestamp()) * 1000000
);
CREATE INDEX sessions_user ON sessions (user_id, created_at_ms);
CREATE TABLE sign_ins (
  state_hash text PRIMARY KEY,
  browser_hash text NOT NULL,
  provider text NOT NULL,
  sealed text NOT NULL,
  expires_at_ms bigint NOT NULL
);
CREATE INDEX sign_ins_expiry ON sign_ins (expires_at_ms);
`;

export const IDEMPOTENCY = `
CREATE TABLE idempotency (
  key text PRIMARY KEY,
  fingerprint text NOT NULL,
  sealed text,
  until_ms bigint NOT NULL
);
CREATE INDEX idempotency_until ON idempotency (until_ms);
`;
