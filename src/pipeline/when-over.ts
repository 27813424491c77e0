/** Runs something when a call is over, however it ends: at once, later, with an error, or with the last byte of a stream. */

import type { Outcome } from '../contracts/call.ts';
import { isStreamed, onEnd, type StreamedOutcome } from './on-end.ts';

/** `listener` is called exactly once. Throws, or rejects, with what `next` does. */
export function whenOver<O extends Outcome>(next: () => O | Promise<O>, listener: () => void): O | Promise<O> {
  const onOutcome = (outcome: O): O => {
    if (isStreamed(outcome)) return onEnd<StreamedOutcome>(outcome, listener) as O;
    listener();
    return outcome;
  };
  let outcome: O | Promise<O>;
  try {
    outcome = next();
  } catch (error) {
    listener();
    throw error;
  }
  if (!(outcome instanceof Promise)) return onOutcome(outcome);
  return outcome.then(onOutcome, (error: unknown) => {
    listener();
    throw error;
  });
}
