/** A token that is good for a while: got once for all who need it at the same time, and anew shortly before it ends. */

import { SecretFailure } from '../../contracts/secret-managers.ts';

export interface LivingToken<T> {
  readonly token: T;
  /** Undefined: it does not end. */
  readonly lifeMs: number | undefined;
}

export interface KeptToken<T> {
  get(signal: AbortSignal): Promise<T>;
  /** It was refused: the next one who asks gets another. */
  drop(token: T): void;
}

/** Tokens are replaced this long before their end, or after two thirds of a short life. */
const MARGIN_MS = 300_000;
const LOGIN_TIMEOUT_MS = 30_000;

/** `who` gives it, for messages. `obtain` is handed the token before, which it may renew. */
export function createKeptToken<T>(
  who: string,
  now: () => number,
  obtain: (signal: AbortSignal, before: T | undefined) => Promise<LivingToken<T>>,
): KeptToken<T> {
  let current: { readonly token: T; readonly untilMs: number } | undefined;
  let pending: Promise<T> | undefined;

  const start = async (): Promise<T> => {
    // Nobody's signal: who asked first may give up, and the others still want it.
    const { token, lifeMs } = await obtain(AbortSignal.timeout(LOGIN_TIMEOUT_MS), current?.token);
    const untilMs =
      lifeMs === undefined ? Number.POSITIVE_INFINITY : now() + Math.max(lifeMs - MARGIN_MS, (lifeMs * 2) / 3);
    current = { token, untilMs };
    return token;
  };

  return {
    async get(signal) {
      if (current !== undefined && now() < current.untilMs) return current.token;
      pending ??= start().finally(() => {
        pending = undefined;
      });
      return await Promise.race([pending, untilAborted(who, signal)]);
    },
    drop(token) {
      if (current?.token === token) current = undefined;
    },
  };
}

function untilAborted(who: string, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = (): void => reject(new SecretFailure('timeout', `${who} did not answer in time`));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}
