/** What a codec says of the members that its dialect has no word for: left out and named, or refused. */

import type { Extra } from '../../contracts/chat.ts';
import { ProviderFailure } from '../../contracts/models.ts';

/** Paths of members that were left out, for one request. */
export interface Dropped {
  readonly paths: readonly string[];
  /** Notes `path` where `value` was given. */
  note(path: string, value?: unknown): void;
  /** Notes every member of a bag, but those in `kept`. */
  noteExtra(path: string, bag: Extra, kept?: ReadonlySet<string>): void;
}

/** So many are named; a conversation of a thousand turns would say the same a thousand times. */
const MAX_PATHS = 50;

export function createDropped(): Dropped {
  const paths: string[] = [];
  const note = (path: string): void => {
    if (paths.length < MAX_PATHS && !paths.includes(path)) paths.push(path);
  };
  return {
    paths,
    note: (...given) => {
      if (given.length === 1 || given[1] !== undefined) note(given[0]);
    },
    noteExtra(path, { extra }, kept) {
      for (const name of Object.keys(extra ?? {}))
        if (kept?.has(name) !== true) note(path === '' ? name : `${path}.${name}`);
    },
  };
}

/** Throws: leaving `member` out would change what is meant. `why` may be shown to the caller. */
export function refuse(member: string, why: string): never {
  throw new ProviderFailure('unsupported', `${member}: ${why}`, { publicText: `${member}: ${why}`.slice(0, 300) });
}
