/** Random identifiers from pooled randomness: asking the system once per id would cost more than the rest of a call's bookkeeping. */

import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4_096;

export interface RandomIds {
  /** That many lower-case hex digits; an even number. */
  hex(digits: number): string;
  /** UUID version 7 (RFC 9562): sorts by time, 74 random bits. `nowMs` is epoch milliseconds. */
  uuid7(nowMs: number): string;
}

export function createRandomIds(): RandomIds {
  const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
  let at = POOL_BYTES;
  // Of the last id: in a busy millisecond many share it.
  let stampMs = Number.NaN;
  let stamp = '';

  const hex = (digits: number): string => {
    const bytes = digits / 2;
    if (at + bytes > POOL_BYTES) {
      randomFillSync(pool);
      at = 0;
    }
    const start = at;
    at += bytes;
    return pool.toString('hex', start, at);
  };

  return {
    hex,
    uuid7(nowMs) {
      if (nowMs !== stampMs) {
        const time = nowMs.toString(16).padStart(12, '0');
        stamp = `${time.slice(0, 8)}-${time.slice(8)}-7`;
        stampMs = nowMs;
      }
      const random = hex(20);
      const variant = '89ab'[Number.parseInt(random[3] ?? '0', 16) & 3];
      return `${stamp}${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
    },
  };
}
