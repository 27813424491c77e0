/** The `--port` option of several commands. */

import { CommandError, EXIT } from './command-error.ts';

/** 0 to 65535; throws CommandError for anything else. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new CommandError(EXIT.usage, `--port ${text}: expected 0 to 65535`, '0 picks a free port.');
}
