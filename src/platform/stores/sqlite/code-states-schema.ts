/** The table of what scripts keep. */

/** Variables of a session, or a script that waits for a person: sealed, until they expire. */
export const CODE_STATES = `
CREATE TABLE code_states (
  id TEXT PRIMARY KEY,
  -- 'session' or 'suspended'.
  kind TEXT NOT NULL,
  key_id TEXT NOT NULL,
  sealed TEXT NOT NULL,
  expires_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX code_states_expiry ON code_states (expires_at_ms);
`;
