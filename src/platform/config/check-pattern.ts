/** The patterns of grants as a person writes them: is the syntax right, and do they name servers that exist? */

import { findPatternFault, takePatternApart } from '../../contracts/shapes/find-faults.ts';
import { closest } from '../../lib/closest.ts';
import type { KnownServer } from './read-servers.ts';
import type { Path, Report } from './report.ts';

/**
 * Reports a pattern that can never match as a problem, and one for a server or provider that is not there as a warning.
 * `providers`: names of those that there are.
 */
export function checkPattern(
  report: Report,
  path: Path,
  pattern: string,
  known: readonly KnownServer[],
  providers: readonly string[] = [],
): void {
  const fault = findPatternFault(pattern);
  const { kind, server } = takePatternApart(pattern);
  if (fault !== undefined) {
    const near = fault.isOddServer === true ? suggestServer(server, known) : undefined;
    report.problem(path, fault.message, near ?? fault.remedy);
    return;
  }
  if (server.includes('*')) return;
  if (kind === 'model') {
    if (providers.includes(server)) return;
    const near = closest(server, providers);
    const remedy = near === undefined ? 'write it under "providers"' : `did you mean "${near}"?`;
    report.warning(path, 'there is no provider of this name', remedy);
  } else if (!known.some(({ id }) => id === server)) {
    const remedy = providers.includes(server)
      ? `for its models write "model:${pattern}"`
      : suggestServer(server, known);
    report.warning(path, 'there is no server with this id', remedy);
  }
}

function suggestServer(server: string, known: readonly KnownServer[]): string | undefined {
  const named = known.find(({ name }) => name === server);
  const ids = known.map(({ id }) => id);
  const near = named?.id ?? closest(server, ids);
  return near === undefined ? undefined : `did you mean "${near}"?`;
}
