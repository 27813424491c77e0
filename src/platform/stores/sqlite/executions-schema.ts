/** The tables of tool calls that wait to be carried out, of approvals, and of runs of the agent loop, as they were made first. */

/** What a model suggested, or a rule held back. Arguments and answers are sealed. */
export const SUGGESTIONS = `
CREATE TABLE suggestions (
  -- The order in which they were made.
  made INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  source TEXT NOT NULL,
  run_id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  model TEXT,
  dialect TEXT,
  tool_call_id TEXT,
  endpoint TEXT NOT NULL,
  name TEXT NOT NULL,
  server_id TEXT NOT NULL,
  target TEXT NOT NULL,
  arguments_hash TEXT NOT NULL,
  -- NULL: have to be brought again.
  sealed_arguments TEXT,
  verdict TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  -- Call that carries it out, or did.
  execution_id TEXT,
  sealed_result TEXT,
  ended_at_ms INTEGER,
  -- While it runs: until when the process that took it is known to be there.
  lease_until_ms INTEGER
) STRICT;
CREATE INDEX suggestions_tool_call ON suggestions (key_id, tool_call_id) WHERE tool_call_id IS NOT NULL;
CREATE INDEX suggestions_arguments ON suggestions (key_id, name, arguments_hash);
CREATE INDEX suggestions_run ON suggestions (run_id);
CREATE INDEX suggestions_running ON suggestions (execution_id) WHERE state = 'running';
CREATE INDEX suggestions_over ON suggestions ((coalesce(ended_at_ms, expires_at_ms)));
`;

export const APPROVALS = `
CREATE TABLE approvals (
  made INTEGER PRIMARY KEY AUTOINCREMENT,
  -- Of its last change: what changed since a look is found by it.
  seq INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  suggestion_id TEXT NOT NULL,
  run_id TEXT NOT NULL,
  key_id TEXT NOT NULL,
  key_name TEXT NOT NULL,
  user_id TEXT,
  server_id TEXT NOT NULL,
  target TEXT NOT NULL,
  name TEXT NOT NULL,
  arguments_hash TEXT NOT NULL,
  sealed_arguments TEXT NOT NULL,
  definition_hash TEXT NOT NULL,
  rule TEXT NOT NULL,
  message TEXT,
  requested_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  state TEXT NOT NULL,
  needed INTEGER NOT NULL,
  votes_json TEXT NOT NULL,
  -- NULL: sent as it was asked for.
  edited_hash TEXT,
  edited_sealed TEXT,
  used_by TEXT,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX approvals_seq_order ON approvals (seq);
CREATE INDEX approvals_suggestion ON approvals (suggestion_id);
CREATE INDEX approvals_run ON approvals (run_id);
CREATE INDEX approvals_pending ON approvals (expires_at_ms) WHERE state = 'pending';
CREATE INDEX approvals_over ON approvals (expires_at_ms) WHERE state <> 'pending';
-- The last seq given.
CREATE TABLE approvals_seq (last INTEGER NOT NULL) STRICT;
INSERT INTO approvals_seq VALUES (0);
`;

/** The run or conversation a call belongs to (`run_id` is that of the process), what it carried out, and who allowed it. */
export const TRAIL_EXECUTIONS = `
ALTER TABLE trail ADD COLUMN agent_run_id TEXT;
ALTER TABLE trail ADD COLUMN suggestion_id TEXT;
ALTER TABLE trail ADD COLUMN authority TEXT;
CREATE INDEX trail_agent_run ON trail (agent_run_id) WHERE agent_run_id IS NOT NULL;
`;

/** Runs of a model and its tools that the gateway drives. */
export const RUNS = `
CREATE TABLE runs (
  made INTEGER PRIMARY KEY AUTOINCREMENT,
  seq INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  key_id TEXT NOT NULL,
  key_name TEXT NOT NULL,
  user_id TEXT,
  model TEXT NOT NULL,
  dialect TEXT NOT NULL,
  state TEXT NOT NULL,
  ended_by TEXT,
  started_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  rounds INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cost_micro_usd INTEGER NOT NULL,
  -- Ids of calls of tools whose results its caller has to bring.
  pending_json TEXT NOT NULL,
  sealed_state TEXT,
  lease_until_ms INTEGER NOT NULL,
  -- 0 or 1.
  cancel_requested INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_seq_order ON runs (seq);
CREATE INDEX runs_waiting ON runs (key_id) WHERE state = 'waiting';
CREATE INDEX runs_running ON runs (lease_until_ms) WHERE state = 'running';
CREATE INDEX runs_over ON runs (updated_at_ms) WHERE state <> 'running';
CREATE TABLE runs_seq (last INTEGER NOT NULL) STRICT;
INSERT INTO runs_seq VALUES (0);
`;
