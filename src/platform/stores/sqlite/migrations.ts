/** The schema of `portcullis.db`, as the list of steps that led to it. Append only. */

import { ACCOUNTS } from './accounts-schema.ts';
import { CODE_STATES } from './code-states-schema.ts';
import { APPROVALS, RUNS, SUGGESTIONS, TRAIL_EXECUTIONS } from './executions-schema.ts';
import { LEDGER, SPEND_SUMS, SPEND_SUMS_ONLY, WEBHOOK_OUTBOX } from './ledger-migrations.ts';
import type { Migration } from './migrate.ts';
import { NOTED_FILE } from './noted-file-schema.ts';
import { OAUTH } from './oauth-schema.ts';
import { TRAIL_CHAIN } from './trail-chain-schema.ts';

const KEYS = `
CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  allow_json TEXT NOT NULL,
  deny_json TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER,
  revoked_at_ms INTEGER
) STRICT;
-- Grows with each change of a key, in the same transaction: tells other processes when to read the keys again.
CREATE TABLE keys_version (version INTEGER NOT NULL) STRICT;
INSERT INTO keys_version VALUES (0);
`;

const TRAIL = `
CREATE TABLE trail (
  -- The order in which calls were recorded first.
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  -- The order of changes: set when the row is made, and again when its call ends. --follow reads by it.
  seq INTEGER NOT NULL UNIQUE,
  id TEXT NOT NULL UNIQUE,
  run_id TEXT NOT NULL,
  parent_id TEXT,
  trace_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  surface TEXT NOT NULL,
  key_id TEXT,
  key_name TEXT,
  server_id TEXT,
  name TEXT NOT NULL,
  target TEXT,
  client TEXT,
  arguments TEXT,
  -- NULL while the call runs.
  result TEXT,
  error TEXT,
  result_bytes INTEGER,
  total_ms REAL,
  upstream_ms REAL
) STRICT;
CREATE INDEX trail_at ON trail (at_ms);
-- No index for key, server or name: each costs 2 us with every call, and a scan of 500,000 rows takes 0.12 s.
-- The rare results; 'ok' is most of the table and is found faster without an index.
CREATE INDEX trail_result ON trail (result) WHERE result <> 'ok';
CREATE INDEX trail_running ON trail (run_id) WHERE result IS NULL;
-- How far each journal segment has been folded; written in the transaction of the rows themselves.
CREATE TABLE trail_segment (
  name TEXT PRIMARY KEY,
  offset INTEGER NOT NULL
) STRICT;
-- The last seq given; not max(seq), which retention may delete.
CREATE TABLE trail_seq (last INTEGER NOT NULL) STRICT;
INSERT INTO trail_seq VALUES (0);
`;

const KEY_TOOLSETS = `
ALTER TABLE keys ADD COLUMN toolsets_json TEXT NOT NULL DEFAULT '[]';
`;

/** JSON; NULL: no rule spoke against the call. */
const TRAIL_POLICY = `
ALTER TABLE trail ADD COLUMN policy TEXT;
`;

const TRAIL_COST = `
-- 1: answered without calling the server. NULL: no.
ALTER TABLE trail ADD COLUMN cached INTEGER;
ALTER TABLE trail ADD COLUMN price_micro_usd INTEGER;
`;

/** Calls of models; NULL: nobody told. */
const TRAIL_MODELS = `
ALTER TABLE trail ADD COLUMN input_tokens INTEGER;
ALTER TABLE trail ADD COLUMN output_tokens INTEGER;
-- Of the input and of the output.
ALTER TABLE trail ADD COLUMN cached_tokens INTEGER;
ALTER TABLE trail ADD COLUMN reasoning_tokens INTEGER;
ALTER TABLE trail ADD COLUMN first_byte_ms REAL;
-- JSON: attempts, stop, dropped, rule, and what of the usage has no column.
ALTER TABLE trail ADD COLUMN model TEXT;
`;

const DEFINITIONS = `
CREATE TABLE definitions (
  server_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  -- The server's own; '' for its instructions.
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  pinned_hash TEXT,
  -- NULL where the text is too long to be kept.
  pinned_text TEXT,
  pinned_at_ms INTEGER,
  pinned_by TEXT,
  other_hash TEXT,
  other_text TEXT,
  other_at_ms INTEGER,
  findings_json TEXT NOT NULL,
  first_seen_ms INTEGER NOT NULL,
  PRIMARY KEY (server_id, kind, name)
) STRICT, WITHOUT ROWID;
-- Grows with each decision of a person, in the same transaction: tells a running gateway to read again.
CREATE TABLE definitions_version (version INTEGER NOT NULL) STRICT;
INSERT INTO definitions_version VALUES (0);
`;

const SERVER_CREDENTIALS = `
CREATE TABLE server_credentials (
  server_id TEXT NOT NULL,
  -- Whose it is; '' for the gateway's own.
  owner TEXT NOT NULL,
  sealed TEXT NOT NULL,
  changed_at_ms INTEGER NOT NULL,
  PRIMARY KEY (server_id, owner)
) STRICT, WITHOUT ROWID;
CREATE TABLE server_sign_ins (
  state_hash TEXT PRIMARY KEY,
  server_id TEXT NOT NULL,
  owner TEXT NOT NULL,
  sealed TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

/** JSON of what a key may use in a time; NULL: as much as it likes. */
const KEY_LIMITS = `
ALTER TABLE keys ADD COLUMN limits_json TEXT;
`;

/**
 * What keys have spent, by quarters of an hour (time zones are apart by those): a window's sum is read quickly, and stays when
 * retention takes the rows. The triggers make it part of the transaction that folds a price.
 */
const SPEND = `
-- What the budget of its key set aside for a call; its price if it ends as 'unknown'.
ALTER TABLE trail ADD COLUMN reserved_micro_usd INTEGER;
CREATE TABLE spend (
  key_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  micro_usd INTEGER NOT NULL,
  PRIMARY KEY (key_id, at_ms)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER trail_spend_insert AFTER INSERT ON trail WHEN NEW.price_micro_usd > 0 AND NEW.key_id IS NOT NULL BEGIN
  INSERT INTO spend (key_id, at_ms, calls, micro_usd)
  VALUES (NEW.key_id, NEW.at_ms - NEW.at_ms % 900000, 1, NEW.price_micro_usd)
  ON CONFLICT (key_id, at_ms) DO UPDATE SET calls = calls + 1, micro_usd = micro_usd + excluded.micro_usd;
END;
CREATE TRIGGER trail_spend_update AFTER UPDATE OF price_micro_usd ON trail
WHEN NEW.key_id IS NOT NULL AND coalesce(NEW.price_micro_usd, 0) <> coalesce(OLD.price_micro_usd, 0) BEGIN
  INSERT INTO spend (key_id, at_ms, calls, micro_usd)
  VALUES (NEW.key_id, NEW.at_ms - NEW.at_ms % 900000, 1, coalesce(NEW.price_micro_usd, 0) - coalesce(OLD.price_micro_usd, 0))
  ON CONFLICT (key_id, at_ms) DO UPDATE SET
    calls = calls + iif(OLD.price_micro_usd IS NULL, 1, 0), micro_usd = micro_usd + excluded.micro_usd;
END;
INSERT INTO spend (key_id, at_ms, calls, micro_usd)
SELECT key_id, at_ms - at_ms % 900000, count(*), sum(price_micro_usd) FROM trail
WHERE price_micro_usd > 0 AND key_id IS NOT NULL GROUP BY 1, 2;
`;

/**
 * Everything that people manage, in one table; `seq` is that of its last change, so that what changed since a look is found by it.
 * Keys move in, with their limits in the words people write.
 */
const OBJECTS = `
CREATE TABLE objects (
  seq INTEGER NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  version INTEGER NOT NULL,
  -- 0 or 1. The deleted stay, without a body: others have to hear of it.
  deleted INTEGER NOT NULL,
  -- Order in which they were made.
  made INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT;
CREATE UNIQUE INDEX objects_name ON objects (kind, name) WHERE deleted = 0 AND kind <> 'key';
CREATE INDEX objects_made ON objects (kind, made) WHERE deleted = 0;
-- The last seq given.
CREATE TABLE objects_seq (last INTEGER NOT NULL) STRICT;
CREATE TABLE object_changes (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  action TEXT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  actor_type TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  via TEXT NOT NULL,
  before TEXT,
  after TEXT
) STRICT;
CREATE INDEX object_changes_object ON object_changes (kind, id);
INSERT INTO objects (seq, kind, id, name, body, version, deleted, made, created_at_ms, updated_at_ms)
SELECT place, 'key', id, name, json_patch('{}', json_object(
    'name', name, 'type', 'service', 'labels', json('{}'),
    'grant', json_object('allow', json(allow_json), 'deny', json(deny_json), 'toolsets', json(toolsets_json)),
    'secrets', json_array(json_object('hash', hash, 'prefix', prefix, 'createdAtMs', created_at_ms)),
    -- Members that are NULL are left out by json_patch.
    'expiresAtMs', expires_at_ms, 'revokedAtMs', revoked_at_ms,
    'limits', CASE WHEN limits_json IS NOT NULL THEN json(json_set(limits_json, '$.budgets', json((
      SELECT json_group_array(json_object(
        'maxUsd', json_extract(value, '$.maxMicroUsd') / 1000000.0, 'per', json_extract(value, '$.per'),
        'timeZone', json_extract(value, '$.timeZone'), 'rolling', json('false'), 'alertAt', json('[]')))
      FROM json_each(limits_json, '$.budgets'))))) END)),
  1, 0, place, created_at_ms, coalesce(revoked_at_ms, created_at_ms)
FROM (SELECT row_number() OVER (ORDER BY created_at_ms, rowid) AS place, * FROM keys);
INSERT INTO objects_seq SELECT count(*) FROM objects;
DROP TABLE keys;
DROP TABLE keys_version;
`;

/** Answers of the admin API, kept so that a request that is sent again is not done again. NULL: it is under way until then. */
const IDEMPOTENCY = `
CREATE TABLE idempotency (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  sealed TEXT,
  until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_until ON idempotency (until_ms);
`;

export const MIGRATIONS: readonly Migration[] = [
  { name: 'keys', sql: KEYS },
  { name: 'trail', sql: TRAIL },
  { name: 'key-toolsets', sql: KEY_TOOLSETS },
  { name: 'trail-policy', sql: TRAIL_POLICY },
  { name: 'trail-cost', sql: TRAIL_COST },
  { name: 'definitions', sql: DEFINITIONS },
  { name: 'server-credentials', sql: SERVER_CREDENTIALS },
  { name: 'key-limits', sql: KEY_LIMITS },
  { name: 'spend', sql: SPEND },
  { name: 'trail-models', sql: TRAIL_MODELS },
  { name: 'objects', sql: OBJECTS },
  { name: 'ledger', sql: LEDGER },
  { name: 'webhook-outbox', sql: WEBHOOK_OUTBOX },
  { name: 'idempotency', sql: IDEMPOTENCY },
  { name: 'accounts', sql: ACCOUNTS },
  { name: 'trail-chain', sql: TRAIL_CHAIN },
  { name: 'suggestions', sql: SUGGESTIONS },
  { name: 'approvals', sql: APPROVALS },
  { name: 'runs', sql: RUNS },
  { name: 'trail-executions', sql: TRAIL_EXECUTIONS },
  { name: 'noted-file', sql: NOTED_FILE },
  { name: 'code-states', sql: CODE_STATES },
  { name: 'oauth', sql: OAUTH },
  { name: 'spend-sums', sql: SPEND_SUMS },
  { name: 'spend-sums-only', sql: SPEND_SUMS_ONLY },
];
