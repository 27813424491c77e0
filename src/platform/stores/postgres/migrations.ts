/** The schema in PostgreSQL, as the list of steps that led to it. Append only. What columns mean is told beside those of SQLite. */

import { ACCOUNTS, IDEMPOTENCY } from './accounts-schema.ts';
import { APPROVALS, RUNS, SUGGESTIONS, TRAIL_EXECUTIONS } from './executions-schema.ts';
import { LIMITS } from './limit-functions.ts';
import type { Migration } from './migrate.ts';
import { OAUTH } from './oauth-schema.ts';

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
  user_id text,
  team_id text,
  organization_id text,
  labels text,
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
`;

/** Sums that outlive the rows they were made of. */
const LEDGER = `
CREATE TABLE spend_by_level (
  level_type text NOT NULL,
  level_id text NOT NULL,
  at_ms bigint NOT NULL,
  calls bigint NOT NULL,
  micro_usd bigint NOT NULL,
  PRIMARY KEY (level_type, level_id, at_ms)
);
CREATE TABLE spend_by_target (
  level_type text NOT NULL,
  level_id text NOT NULL,
  at_ms bigint NOT NULL,
  kind text NOT NULL,
  server_id text NOT NULL,
  target text NOT NULL,
  calls bigint NOT NULL,
  micro_usd bigint NOT NULL,
  PRIMARY KEY (level_type, level_id, at_ms, kind, server_id, target)
);
CREATE TABLE spend_rows_gone (until_ms bigint NOT NULL);
INSERT INTO spend_rows_gone VALUES (-1);
CREATE FUNCTION follow_trail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    ${addToLedger('SELECT 1 AS sign, * FROM new_rows')}
  ELSIF TG_OP = 'UPDATE' THEN
    ${addToLedger('SELECT 1 AS sign, * FROM new_rows UNION ALL SELECT -1, * FROM old_rows')}
  ELSE
    UPDATE spend_rows_gone SET until_ms = gone.at_ms
    FROM (SELECT max(at_ms) AS at_ms FROM old_rows WHERE price_micro_usd > 0) gone WHERE gone.at_ms > until_ms;
  END IF;
  RETURN NULL;
END $$;
-- For whole statements: a piece of journal is a thousand calls of few keys, and a row that is changed a thousand times is slow.
CREATE TRIGGER trail_spend_insert AFTER INSERT ON trail
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION follow_trail();
CREATE TRIGGER trail_spend_update AFTER UPDATE ON trail
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION follow_trail();
CREATE TRIGGER trail_spend_delete AFTER DELETE ON trail
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION follow_trail();
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

const WEBHOOK_OUTBOX = `
CREATE TABLE webhook_outbox (
  event_id text NOT NULL,
  hook text NOT NULL,
  type text NOT NULL,
  body text NOT NULL,
  attempts int NOT NULL,
  created_at_ms bigint NOT NULL,
  next_at_ms bigint,
  keep_until_ms bigint,
  PRIMARY KEY (event_id, hook)
);
CREATE INDEX webhook_outbox_next ON webhook_outbox (next_at_ms) WHERE next_at_ms IS NOT NULL;
`;

const TRAIL_CHAIN = `
CREATE TABLE trail_chain (
  seq bigint PRIMARY KEY,
  id text NOT NULL,
  digest text
);
CREATE VIEW trail_entry AS SELECT seq, id, digest FROM trail_chain;
CREATE TABLE trail_link (
  seq bigint PRIMARY KEY,
  link text NOT NULL,
  mac text
);
CREATE TABLE trail_chain_base (
  seq bigint NOT NULL,
  link text NOT NULL,
  mac text
);
INSERT INTO trail_chain_base SELECT last, '', NULL FROM change_counter WHERE topic = 'trail';
`;

/** What the configuration file owned when it was last noted, as JSON: one row, once there is one. */
const NOTED_FILE = `
CREATE TABLE noted_file (
  seq bigint NOT NULL,
  objects text NOT NULL
);
`;

/** Variables of scripts, or scripts that wait for a person: sealed, until they expire. */
const CODE_STATES = `
CREATE TABLE code_states (
  id text PRIMARY KEY,
  kind text NOT NULL,
  key_id text NOT NULL,
  sealed text NOT NULL,
  expires_at_ms bigint NOT NULL
);
CREATE INDEX code_states_expiry ON code_states (expires_at_ms);
`;

export const MIGRATIONS: readonly Migration[] = [
  { name: 'changes', sql: CHANGES },
  { name: 'objects', sql: OBJECTS },
  { name: 'trail', sql: TRAIL },
  { name: 'ledger', sql: LEDGER },
  { name: 'definitions', sql: DEFINITIONS },
  { name: 'server-credentials', sql: SERVER_CREDENTIALS },
  { name: 'webhook-outbox', sql: WEBHOOK_OUTBOX },
  { name: 'limits', sql: LIMITS },
  { name: 'accounts', sql: ACCOUNTS },
  { name: 'idempotency', sql: IDEMPOTENCY },
  { name: 'trail-chain', sql: TRAIL_CHAIN },
  { name: 'suggestions', sql: SUGGESTIONS },
  { name: 'approvals', sql: APPROVALS },
  { name: 'runs', sql: RUNS },
  { name: 'trail-executions', sql: TRAIL_EXECUTIONS },
  { name: 'noted-file', sql: NOTED_FILE },
  { name: 'code-states', sql: CODE_STATES },
  { name: 'oauth', sql: OAUTH },
];

/** Adds rows of the trail to the sums of every level they count for, or takes them out again (`sign`), each sum at most once. */
function addToLedger(rows: string): string {
  const parts = (
    group: string,
    columns: string,
  ): string => `SELECT level.type, level.id, r.at_ms - r.at_ms % 900000, ${columns}
      sum(r.sign), sum(r.sign * r.price_micro_usd)
    FROM (${rows}) r CROSS JOIN LATERAL (VALUES ('key', r.key_id), ('user', r.user_id), ('team', r.team_id),
      ('organization', r.organization_id)) level (type, id)
    WHERE level.id IS NOT NULL AND r.price_micro_usd > 0
    GROUP BY ${group} HAVING sum(r.sign) <> 0 OR sum(r.sign * r.price_micro_usd) <> 0 ORDER BY ${group}`;
  const add = 'DO UPDATE SET calls = s.calls + excluded.calls, micro_usd = s.micro_usd + excluded.micro_usd';
  const target = `CASE r.kind WHEN 'tools.call' THEN 'tool' ELSE 'model' END, coalesce(r.server_id, ''), coalesce(r.target, ''),`;
  return `INSERT INTO spend_by_level AS s (level_type, level_id, at_ms, calls, micro_usd)
    ${parts('1, 2, 3', '')} ON CONFLICT (level_type, level_id, at_ms) ${add};
    INSERT INTO spend_by_target AS s (level_type, level_id, at_ms, kind, server_id, target, calls, micro_usd)
    ${parts('1, 2, 3, 4, 5, 6', target)} ON CONFLICT (level_type, level_id, at_ms, kind, server_id, target) ${add};`;
}
