/**
 * Envelopes around what is stored: each text has a data key of its own, which the master key wraps. A new master key wraps
 * the data keys anew; the texts themselves stay. `v2.<master key id>.<wrapped data key>.<nonce, ciphertext and tag>`.
 */

import { randomBytes } from 'node:crypto';
import type { RewrappingSealer, SealKeys } from '../../contracts/sealing.ts';
import { decrypt, encrypt } from './gcm.ts';

const VERSION = 'v2';
const DATA_KEY_BYTES = 32;

interface Envelope {
  readonly keyId: string;
  readonly wrapped: string;
  readonly body: string;
}

/** `keys`: the master keys, asked at each use. */
export function createEnvelopes(keys: SealKeys): Omit<RewrappingSealer, 'refusal'> {
  const aroundKey = (keyId: string): string => `${VERSION}.key.${keyId}`;
  // Not the key's id: it changes when the master key does.
  const aroundText = (boundTo: string): string => `${VERSION}.text.${boundTo}`;
  const wrap = (dataKey: Uint8Array): { readonly keyId: string; readonly wrapped: string } => {
    const { id: keyId, bytes } = keys.current;
    return { keyId, wrapped: encrypt(bytes, dataKey, aroundKey(keyId)) };
  };
  const unwrap = ({ keyId, wrapped }: Envelope): Buffer | undefined => {
    const master = keys.find(keyId);
    const dataKey = master && decrypt(master.bytes, wrapped, aroundKey(keyId));
    return dataKey?.length === DATA_KEY_BYTES ? dataKey : undefined;
  };
  return {
    seal(plain, boundTo) {
      const dataKey = randomBytes(DATA_KEY_BYTES);
      const { keyId, wrapped } = wrap(dataKey);
      return `${VERSION}.${keyId}.${wrapped}.${encrypt(dataKey, Buffer.from(plain), aroundText(boundTo))}`;
    },
    open(sealed, boundTo) {
      const envelope = parseEnvelope(sealed);
      const dataKey = unwrap(envelope);
      return dataKey && decrypt(dataKey, envelope.body, aroundText(boundTo))?.toString('utf8');
    },
    rewrap(sealed) {
      const envelope = parseEnvelope(sealed);
      const dataKey = unwrap(envelope);
      if (dataKey === undefined) return { type: 'unknown' };
      if (envelope.keyId === keys.current.id) return { type: 'current' };
      const { keyId, wrapped } = wrap(dataKey);
      return { type: 'rewrapped', sealed: `${VERSION}.${keyId}.${wrapped}.${envelope.body}` };
    },
  };
}

/** One of no key, if it is none or of another version. */
function parseEnvelope(sealed: string): Envelope {
  const [version, keyId = '', wrapped = '', body = '', ...more] = sealed.split('.');
  return version === VERSION && more.length === 0 ? { keyId, wrapped, body } : { keyId: '', wrapped: '', body: '' };
}
