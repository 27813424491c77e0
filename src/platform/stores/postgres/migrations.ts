/** The schema in PostgreSQL, as the list of steps that led to it. Append only. What columns mean is told beside those of SQLite. */

import type { Migration } from './migrate.ts';

/** Whoever writes to one of these moves its number on first, so that writers queue and numbers are seen in their order. */
const CHANGES = `
CREATE TABLE change_counter (
  topic text PRIMARY KEY,
  last bigint NOT NULL
);
INSERT INTO change_counter VALUES ('objects', 0), ('definitions', 0), ('credentials', 0), ('trail', 0);
`;

const OBJECTS = `
CREATE TABLE objects (
  seq bigint NOT NULL UNIQUE,
  kind text NOT NULL,
  id text NOT NULL,
  name text NOT NULL,
  -- As it was written: the order of its members is kept.
  body json NOT NULL,
  version bigint NOT NULL,
  deleted boolean NOT NULL,
  made bigint NOT NULL,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE UNIQUE INDEX objects_name ON objects (kind, name) WHERE NOT deleted AND kind <> 'key';
CREATE INDEX objects_made ON objects (kind, made) WHERE NOT deleted;
CREATE TABLE object_changes (
  seq bigint PRIMARY KEY,
  at_ms bigint NOT NULL,
  action text NOT NULL,
  kind text NOT NULL,
  id text NOT NULL,
  name text NOT NULL,
  actor_type text NOT NULL,
  actor_id text NOT NULL,
  actor_name text NOT NULL,
  via text NOT NULL,
  before json,
  after json
);
CREATE INDEX object_changes_object ON object_changes (kind, id);
`;

const TRAIL = `
CREATE TABLE trail (
  row bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  seq bigint NOT NULL UNIQUE,
  id text NOT NULL UNIQUE,
  -- Whose data directory had the journal; a run belongs to one.
  replica_id text NOT NULL,
  run_id text NOT NULL,
  parent_id text,
  trace_id text NOT NULL,
  at_ms bigint NOT NULL,
  kind text NOT NULL,
  surface text NOT NULL,
  key_id text,
  key_name text,
  server_id text,
  name text NOT NULL,
  target text,
  client text,
  arguments text,
  reserved_micro_usd bigint,
  result text,
  error text,
  result_bytes bigint,
  total_ms double precision,
  upstream_ms double precision,
  policy text,
  cached int,
  price_micro_usd bigint,
  input_tokens bigint,
  output_tokens bigint,
  cached_tokens bigint,
  reasoning_tokens bigint,
  first_byte_ms double precision,
  model text
);
CREATE INDEX trail_at ON trail (at_ms);
CREATE INDEX trail_result ON trail (result) WHERE result <> 'ok';
CREATE INDEX trail_running ON trail (replica_id, run_id) WHERE result IS NULL;
-- When each was here last, by the clock of the database: calls of one that stays away for good become 'unknown'.
CREATE TABLE replica (
  id text PRIMARY KEY,
  seen_at_ms bigint NOT NULL
);
CREATE TABLE trail_segment (
  replica_id text NOT NULL,
  name text NOT NULL,
  read_bytes bigint NOT NULL,
  PRIMARY KEY (replica_id, name)
);
CREATE TABLE spend (
  key_id text NOT NULL,
  at_ms bigint NOT NULL,
  calls bigint NOT NULL,
  micro_usd bigint NOT NULL,
  PRIMARY KEY (key_id, at_ms)
);
CREATE FUNCTION note_spend() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before bigint := 0;
  was_priced boolean := false;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    before := coalesce(OLD.price_micro_usd, 0);
    was_priced := OLD.price_micro_usd IS NOT NULL;
  END IF;
  IF NEW.key_id IS NULL OR coalesce(NEW.price_micro_usd, 0) = before THEN RETURN NULL; END IF;
  INSERT INTO spend AS s VALUES
    (NEW.key_id, NEW.at_ms - NEW.at_ms % 900000, 1, coalesce(NEW.price_micro_usd, 0) - before)
  ON CONFLICT (key_id, at_ms) DO UPDATE SET
    calls = s.calls + CASE WHEN was_priced THEN 0 ELSE 1 END, micro_usd = s.micro_usd + excluded.micro_usd;
  RETURN NULL;
END $$;
CREATE TRIGGER trail_spend_insert AFTER INSERT ON trail FOR EACH ROW WHEN (NEW.price_micro_usd > 0)
  EXECUTE FUNCTION note_spend();
CREATE TRIGGER trail_spend_update AFTER UPDATE OF price_micro_usd ON trail FOR EACH ROW
  WHEN (NEW.price_micro_usd IS DISTINCT FROM OLD.price_micro_usd) EXECUTE FUNCTION note_spend();
`;

const DEFINITIONS = `
CREATE TABLE definitions (
  server_id text NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  state text NOT NULL,
  reason text,
  pinned_hash text,
  pinned_text text,
  pinned_at_ms bigint,
  pinned_by text,
  other_hash text,
  other_text text,
  other_at_ms bigint,
  findings_json text NOT NULL,
  first_seen_ms bigint NOT NULL,
  PRIMARY KEY (server_id, kind, name)
);
-- Grows with each decision of a person.
CREATE TABLE definitions_version (version bigint NOT NULL);
INSERT INTO definitions_version VALUES (0);
`;

const SERVER_CREDENTIALS = `
CREATE TABLE server_credentials (
  server_id text NOT NULL,
  owner text NOT NULL,
  sealed text NOT NULL,
  changed_at_ms bigint NOT NULL,
  PRIMARY KEY (server_id, owner)
);
CREATE TABLE server_sign_ins (
  state_hash text PRIMARY KEY,
  server_id text NOT NULL,
  owner text NOT NULL,
  sealed text NOT NULL,
  expires_at_ms bigint NOT NULL
);
`;

export const MIGRATIONS: readonly Migration[] = [
  { name: 'changes', sql: CHANGES },
  { name: 'objects', sql: OBJECTS },
  { name: 'trail', sql: TRAIL },
  { name: 'definitions', sql: DEFINITIONS },
  { name: 'server-credentials', sql: SERVER_CREDENTIALS },
];
