/** Passwords as argon2id hashes, made off the main thread, a few at a time. */

import type { PasswordHasher } from '../../contracts/accounts.ts';
import { GatewayError } from '../../contracts/errors.ts';

/** What a hash costs. Changing it takes effect for each person at their next sign-in. */
export interface Argon2Cost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** 19 MiB, two passes: the least that OWASP advises, and what keeps a small machine usable while somebody guesses. */
export const DEFAULT_COST: Argon2Cost = { memoryKib: 19_456, passes: 2, lanes: 1 };

const HASH_BYTES = 32;
/** Each holds its memory and one of the process's few worker threads, which files and name look-ups need as well. */
const MAX_AT_ONCE = 2;
const MAX_WAITING = 32;

/** The native library is loaded with the first password: a gateway without local accounts needs none. */
export function createArgon2Hasher(cost: Argon2Cost = DEFAULT_COST): PasswordHasher {
  const options = { memoryCost: cost.memoryKib, timeCost: cost.passes, parallelism: cost.lanes, outputLen: HASH_BYTES };
  const waiting: (() => void)[] = [];
  let running = 0;

  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= MAX_AT_ONCE) {
      if (waiting.length >= MAX_WAITING) throw new GatewayError('too_many', 'too many sign-ins wait');
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };

  return {
    hash: (password) =>
      inTurn(async () => {
        const { hash } = await import('@node-rs/argon2');
        return hash(password, options);
      }),
    verify: (hash, password) =>
      inTurn(async () => {
        const { verify } = await import('@node-rs/argon2');
        return verify(hash, password);
      }),
    isOutdated(hash) {
      const found = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$/.exec(hash);
      return (
        found === null ||
        Number(found[1]) !== cost.memoryKib ||
        Number(found[2]) !== cost.passes ||
        Number(found[3]) !== cost.lanes
      );
    },
  };
}
