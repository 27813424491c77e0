/** What this codec cannot say: left out and named, or refused. */

import type { Extra } from '../../../contracts/chat.ts';
import { ProviderFailure } from '../../../contracts/models.ts';

/** So many are named; a conversation of a thousand turns would say the same a thousand times. */
const MAX_PATHS = 50;

/** Paths of members that were left out of one request. */
export interface Losses {
  readonly paths: readonly string[];
  /** Notes `path` where `value` is something. */
  note(path: string, value: unknown): void;
  /** Notes the members of a bag that no other dialect can read. */
  noteExtra(path: string, bag: Extra): void;
}

export function createLosses(): Losses {
  const paths: string[] = [];
  const note = (path: string, value: unknown): void => {
    if (value !== undefined && paths.length < MAX_PATHS && !paths.includes(path)) paths.push(path);
  };
  return {
    paths,
    note,
    noteExtra(path, { extra = {} }) {
      for (const [name, value] of Object.entries(extra)) note(path === '' ? name : `${path}.${name}`, value);
    },
  };
}

/** Throws: leaving `member` out would change what is meant. */
export function refuse(member: string, why: string): never {
  const text = `${member}: ${why}`.slice(0, 300);
  throw new ProviderFailure('unsupported', text, { publicText: text });
}
