/** Where the limits of a key and of the levels above it stand. */

import type { LimitStanding } from '../contracts/admin-ports.ts';
import type { KeyDirectory } from '../contracts/caller.ts';
import type { LimitSpan, LimitStore } from '../contracts/limits.ts';
import { createLinesOf } from '../domain/limits/lines-of.ts';

/** Resolves to undefined where no such key is in force. Keys of the file are not known to it. */
export function createStandings(deps: {
  readonly directory: Pick<KeyDirectory, 'keys'>;
  readonly limits: Pick<LimitStore, 'used'>;
}): (keyId: string) => Promise<readonly LimitStanding[] | undefined> {
  const linesOf = createLinesOf();
  return async (keyId) => {
    for (const { key } of deps.directory.keys()) {
      if (key.keyId !== keyId) continue;
      const lines = linesOf(key)?.lines ?? [];
      return Promise.all(
        lines.map(async (line) => {
          const { level, what, on, max } = line;
          const { type, id, name } = level;
          return {
            level: { type, id, name },
            what,
            per: wordsOf(line.span),
            on,
            max,
            used: await deps.limits.used(line),
          };
        }),
      );
    }
    return undefined;
  };
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
