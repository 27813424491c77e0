/** `Idempotency-Key`: a request that is sent again is answered again, and not done again. */

import { hash } from 'node:crypto';
import type { IdempotencyStore, KeptAnswer } from '../../contracts/admin.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Sealer } from '../../contracts/sealing.ts';
import { faulty } from './problem.ts';

export interface OnceDeps {
  readonly store: IdempotencyStore;
  /** Answers may show a secret, so they are kept sealed. */
  readonly sealer: Sealer;
  readonly now: () => number;
}

const KEEP_MS = 24 * 3_600_000;
/** Whoever died in the middle of a request holds its key for so long. */
const LEASE_MS = 60_000;
const RETRY_MS = 1_000;

export interface OnceRequest {
  /** The header. */
  readonly key: string;
  readonly actorId: string;
  /** Method, target and body: what makes two requests the same one. */
  readonly request: string;
}

/** Rejects with GatewayError `idempotency_mismatch`, `repeated_too_soon`, `invalid_params`, or as `make` does. */
export async function once(
  { store, sealer, now }: OnceDeps,
  { key, actorId, request }: OnceRequest,
  make: () => Promise<KeptAnswer>,
): Promise<{ readonly answer: KeptAnswer; readonly isRepeated: boolean }> {
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw faulty([{ in: 'header', pointer: 'Idempotency-Key', detail: 'expected 1 to 255 visible ASCII characters' }]);
  const place = hash('sha256', JSON.stringify([actorId, key]), 'hex');
  const verdict = await store.begin(place, hash('sha256', request, 'hex'), now(), LEASE_MS);
  switch (verdict.type) {
    case 'other-request':
      throw new GatewayError('idempotency_mismatch');
    case 'running':
      throw new GatewayError('repeated_too_soon', undefined, { data: { retryAfterMs: RETRY_MS } });
    case 'done': {
      const opened = sealer.open(verdict.sealed, place);
      if (opened === undefined) throw new GatewayError('idempotency_mismatch', 'its answer can no longer be read');
      return { answer: JSON.parse(opened) as KeptAnswer, isRepeated: true };
    }
    case 'begun': {
      let answer: KeptAnswer;
      try {
        answer = await make();
      } catch (error) {
        // Nothing was changed, so the same request may be tried again.
        await store.giveUp(place);
        throw error;
      }
      await store.finish(place, sealer.seal(JSON.stringify(answer), place), now() + KEEP_MS);
      return { answer, isRepeated: false };
    }
  }
}
