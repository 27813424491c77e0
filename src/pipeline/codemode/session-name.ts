/** Under which name the variables of a script are kept. */

import type { Call } from '../../contracts/call.ts';

const NAME_DIGITS = 8;

export interface SessionName {
  /** Among those of its key. */
  readonly name: string;
  /** What the model has to be told to come back to it; undefined: it knows, or need not. */
  readonly told: string | undefined;
}

/** A conversation has its own; a client that says of none which it is in is told a name for the next run. */
export function sessionNameOf(
  call: Call,
  wanted: string | undefined,
  randomHex: (digits: number) => string,
): SessionName {
  if (wanted !== undefined && wanted !== '') return { name: `named ${wanted}`, told: undefined };
  const conversation = call.peer.session?.id ?? call.runId ?? call.facts.suggestion?.runId;
  if (conversation !== undefined) return { name: `conversation ${conversation}`, told: undefined };
  const told = randomHex(NAME_DIGITS);
  return { name: `named ${told}`, told };
}
