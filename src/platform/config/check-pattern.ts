/** The patterns of grants as a person writes them: is the syntax right, and do they name servers that exist? */

import { closest } from '../../lib/closest.ts';
import type { KnownServer } from './read-servers.ts';
import type { Path, Report } from './report.ts';

const KINDS = ['tool', 'prompt', 'resource', 'model'] as const;

type Words = readonly [message: string, remedy?: string | undefined];

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
  const fault = findFault(pattern, known);
  if (fault !== undefined) {
    report.problem(path, ...fault);
    return;
  }
  const { kind, server } = takeApart(pattern);
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

function takeApart(pattern: string): {
  kind: string | undefined;
  server: string;
  separator: string;
  name: string | undefined;
} {
  const colon = pattern.indexOf(':');
  const early = pattern.search(/\/|__/);
  const hasKind = colon !== -1 && (early === -1 || colon < early);
  const rest = hasKind ? pattern.slice(colon + 1) : pattern;
  const match = /\/|__/.exec(rest);
  return {
    kind: hasKind ? pattern.slice(0, colon) : undefined,
    server: match === null ? rest : rest.slice(0, match.index),
    separator: match?.[0] ?? '',
    name: match === null ? undefined : rest.slice(match.index + match[0].length),
  };
}

function findFault(pattern: string, known: readonly KnownServer[]): Words | undefined {
  if (pattern.trim() === '') return ['is empty', 'write a pattern, e.g. "github/*", or leave it out'];
  if (/[\x00-\x1f\x7f]/.test(pattern)) return ['holds a control character'];
  const { kind, server, separator, name } = takeApart(pattern);
  if (kind !== undefined && !KINDS.some((each) => each === kind)) {
    const near = closest(kind, KINDS);
    return [
      `begins with no kind there is; expected ${KINDS.map((each) => `${each}:`).join(', ')} or none`,
      near === undefined ? 'write server/name' : `did you mean "${near}:"?`,
    ];
  }
  if (name === '') return [`names nothing after "${separator}"`, 'add a name, or * for all'];
  if (server === '') return ['names no server', 'write server/name; * stands for any server'];
  if (/^[A-Za-z*][A-Za-z0-9_*-]*$/.test(server) || (kind === 'model' && /^[a-z0-9][a-z0-9_*-]*$/.test(server)))
    return undefined;
  return [
    'the server is not written as an id: a letter, then letters, digits, "_", "-" and *',
    suggestServer(server, known) ?? 'write the id of the server',
  ];
}

function suggestServer(server: string, known: readonly KnownServer[]): string | undefined {
  const named = known.find(({ name }) => name === server);
  const ids = known.map(({ id }) => id);
  const near = named?.id ?? closest(server, ids);
  return near === undefined ? undefined : `did you mean "${near}"?`;
}
