/** Where the limits of a key, or of a person who comes with a token, and of the levels above stand. */

import type { LimitStanding } from '../contracts/admin-ports.ts';
import type { Caller } from '../contracts/caller.ts';
import type { LimitSpan, LimitStore } from '../contracts/limits.ts';
import { createLinesOf } from '../domain/limits/lines-of.ts';
import { findPerson, PERSON_PREFIX } from '../pipeline/authorization/own-tokens.ts';
import { type CallerConfig, type CallerDirectory, findInForce } from './find-caller.ts';

/** Resolves to undefined where no such key is in force. */
export function createStandings(deps: {
  readonly directory: CallerDirectory;
  readonly config: () => CallerConfig;
  readonly limits: Pick<LimitStore, 'used'>;
}): (keyId: string) => Promise<readonly LimitStanding[] | undefined> {
  const linesOf = createLinesOf();
  return async (keyId) => {
    const caller = findInForce(deps.directory, deps.config(), keyId) ?? findAnyPerson(deps.directory, keyId);
    const lines = caller && (linesOf(caller)?.lines ?? []);
    return (
      lines &&
      Promise.all(
        lines.map(async (line) => {
          const { level, what, on, max } = line;
          const { type, id, name } = level;
          const used = await deps.limits.used(line);
          return { level: { type, id, name }, what, per: wordsOf(line.span), on, max, used };
        }),
      )
    );
  };
}

/** What stands above a user is the same for tokens of any issuer, whether or not the gateway issues some itself. */
function findAnyPerson(directory: CallerDirectory, keyId: string): Caller | undefined {
  if (!keyId.startsWith(PERSON_PREFIX)) return undefined;
  return findPerson(directory, keyId.slice(PERSON_PREFIX.length), { allow: [], deny: [] });
}

function wordsOf(span: LimitSpan): string {
  switch (span.type) {
    case 'sliding':
      return `any ${span.spanMs / 1_000} s`;
    case 'calendar':
      return `${span.per} ${span.timeZone}`;
    case 'total':
      return 'total';
    case 'concurrent':
      return 'at once';
  }
}
