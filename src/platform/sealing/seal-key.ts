/** Keys with ids: the id is made of the key, so that nobody has to number them. */

import { createHash, hkdfSync } from 'node:crypto';
import type { SealKey, SealKeys } from '../../contracts/sealing.ts';

const KEY_BYTES = 32;

export function createSealKey(bytes: Uint8Array): SealKey {
  return { id: createHash('sha256').update(bytes).digest('base64url').slice(0, 8), bytes };
}

/** A key for one use, from which neither its master nor the key of another use can be told. */
export function deriveSealKey(master: SealKey, use: string): SealKey {
  return createSealKey(Buffer.from(hkdfSync('sha256', master.bytes, '', `portcullis ${use}`, KEY_BYTES)));
}

/** The first is the one to seal with. */
export function keysOf(current: SealKey, older: readonly SealKey[]): SealKeys {
  const all = [current, ...older];
  return { current, find: (id) => all.find((key) => key.id === id) };
}
