/** The tables of the chain over the trail, as they were made first. */

/**
 * The chain over the trail. Rows of before stand outside of it: it begins with the next change.
 */
export const TRAIL_CHAIN = `
-- Of the row as it is.
ALTER TABLE trail ADD COLUMN digest TEXT;
-- What rows were before, and those that retention took.
CREATE TABLE trail_chain (
  -- Of the change of a row.
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  -- Of the row as it was then; NULL: it is gone.
  digest TEXT
) STRICT;
CREATE VIEW trail_entry AS
SELECT seq, id, digest FROM trail_chain UNION ALL SELECT seq, id, digest FROM trail WHERE digest IS NOT NULL;
CREATE TABLE trail_link (
  -- Up to this entry.
  seq INTEGER PRIMARY KEY,
  link TEXT NOT NULL,
  -- NULL: whoever wrote it had no key.
  mac TEXT
) STRICT;
-- Where it begins.
CREATE TABLE trail_chain_base (
  seq INTEGER NOT NULL,
  link TEXT NOT NULL,
  mac TEXT
) STRICT;
INSERT INTO trail_chain_base SELECT last, '', NULL FROM trail_seq;
`;
