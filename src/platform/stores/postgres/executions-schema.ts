/** The tables of suggestions, approvals and runs in PostgreSQL. What columns mean is told beside those of SQLite. */

export const SUGGESTIONS = `
CREATE TABLE suggestions (
  made bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE,
  source text NOT NULL,
  run_id text NOT NULL,
  call_id text NOT NULL,
  key_id text NOT NULL,
  model text,
  dialect text,
  tool_call_id text,
  endpoint text NOT NULL,
  name text NOT NULL,
  server_id text NOT NULL,
  target text NOT NULL,
  arguments_hash text NOT NULL,
  sealed_arguments text,
  verdict text NOT NULL,
  at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL,
  state text NOT NULL,
  execution_id text,
  sealed_result text,
  ended_at_ms bigint,
  lease_until_ms bigint
);
CREATE INDEX suggestions_tool_call ON suggestions (key_id, tool_call_id) WHERE tool_call_id IS NOT NULL;
CREATE INDEX suggestions_arguments ON suggestions (key_id, name, arguments_hash);
CREATE INDEX suggestions_run ON suggestions (run_id);
CREATE INDEX suggestions_running ON suggestions (execution_id) WHERE state = 'running';
CREATE INDEX suggestions_over ON suggestions ((coalesce(ended_at_ms, expires_at_ms)));
`;

export const APPROVALS = `
INSERT INTO change_counter VALUES ('approvals', 0), ('runs', 0);
CREATE TABLE approvals (
  made bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  seq bigint NOT NULL,
  id text NOT NULL UNIQUE,
  suggestion_id text NOT NULL,
  run_id text NOT NULL,
  key_id text NOT NULL,
  key_name text NOT NULL,
  user_id text,
  server_id text NOT NULL,
  target text NOT NULL,
  name text NOT NULL,
  arguments_hash text NOT NULL,
  sealed_arguments text NOT NULL,
  definition_hash text NOT NULL,
  rule text NOT NULL,
  message text,
  requested_at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL,
  state text NOT NULL,
  needed int NOT NULL,
  votes_json text NOT NULL,
  edited_hash text,
  edited_sealed text,
  used_by text,
  version bigint NOT NULL
);
CREATE INDEX approvals_seq_order ON approvals (seq);
CREATE INDEX approvals_suggestion ON approvals (suggestion_id);
CREATE INDEX approvals_run ON approvals (run_id);
CREATE INDEX approvals_pending ON approvals (expires_at_ms) WHERE state = 'pending';
CREATE INDEX approvals_over ON approvals (expires_at_ms) WHERE state <> 'pending';
`;

export const RUNS = `
CREATE TABLE runs (
  made bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  seq bigint NOT NULL,
  id text NOT NULL UNIQUE,
  key_id text NOT NULL,
  key_name text NOT NULL,
  user_id text,
  model text NOT NULL,
  dialect text NOT NULL,
  state text NOT NULL,
  ended_by text,
  started_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL,
  rounds bigint NOT NULL,
  calls bigint NOT NULL,
  input_tokens bigint NOT NULL,
  output_tokens bigint NOT NULL,
  cost_micro_usd bigint NOT NULL,
  pending_json text NOT NULL,
  sealed_state text,
  lease_until_ms bigint NOT NULL,
  cancel_requested int NOT NULL,
  version bigint NOT NULL
);
CREATE INDEX runs_seq_order ON runs (seq);
CREATE INDEX runs_waiting ON runs (key_id) WHERE state = 'waiting';
CREATE INDEX runs_running ON runs (lease_until_ms) WHERE state = 'running';
CREATE INDEX runs_over ON runs (updated_at_ms) WHERE state <> 'running';
`;

export const TRAIL_EXECUTIONS = `
ALTER TABLE trail ADD COLUMN agent_run_id text;
ALTER TABLE trail ADD COLUMN suggestion_id text;
ALTER TABLE trail ADD COLUMN authority text;
CREATE INDEX trail_agent_run ON trail (agent_run_id) WHERE agent_run_id IS NOT NULL;
`;
