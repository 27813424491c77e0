/** The tables of the authorization server. */

/** Clients that registered, grants of people, and by hashes what belongs to them; secrets are sealed. */
export const OAUTH = `
CREATE TABLE oauth_clients (
  id text PRIMARY KEY,
  sealed text NOT NULL,
  created_at_ms bigint NOT NULL
);
CREATE TABLE oauth_grants (
  id text PRIMARY KEY,
  user_id text NOT NULL,
  key_id text,
  client_id text NOT NULL,
  client_name text NOT NULL,
  redirect_uri text NOT NULL,
  resource text NOT NULL,
  scopes text NOT NULL,
  created_at_ms bigint NOT NULL,
  used_at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL
);
CREATE INDEX oauth_grants_user ON oauth_grants (user_id, created_at_ms);
CREATE INDEX oauth_grants_client ON oauth_grants (client_id);
CREATE INDEX oauth_grants_expiry ON oauth_grants (expires_at_ms);
CREATE TABLE oauth_records (
  kind text NOT NULL,
  hash text NOT NULL,
  grant_id text,
  sealed text NOT NULL,
  expires_at_ms bigint NOT NULL,
  consumed_at_ms bigint,
  PRIMARY KEY (kind, hash)
);
CREATE INDEX oauth_records_grant ON oauth_records (grant_id);
CREATE INDEX oauth_records_expiry ON oauth_records (expires_at_ms);
`;
