/** The table of what the record of changes has of the configuration file. */

/** What the configuration file owned when it was last noted, as JSON: one row, once there is one. */
export const NOTED_FILE = `
CREATE TABLE noted_file (
  seq INTEGER NOT NULL,
  objects TEXT NOT NULL
) STRICT;
`;
