/** AES-256-GCM over short texts, with the key's id in front: `v1.<key id>.<nonce, ciphertext and tag in base64url>`. */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Sealer, SealKeys } from '../../contracts/sealing.ts';

const ALGORITHM = 'aes-256-gcm';
const VERSION = 'v1';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function createSealer(keys: SealKeys): Sealer {
  const boundTogether = (keyId: string, boundTo: string): Buffer => Buffer.from(`${VERSION}.${keyId}.${boundTo}`);
  return {
    seal(plain, boundTo) {
      const { id, bytes } = keys.current;
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, bytes, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(boundTogether(id, boundTo));
      const sealed = Buffer.concat([nonce, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${id}.${sealed.toString('base64url')}`;
    },
    open(sealed, boundTo) {
      const [version, keyId = '', body = '', ...more] = sealed.split('.');
      const key = version === VERSION && more.length === 0 ? keys.find(keyId) : undefined;
      const bytes = Buffer.from(body, 'base64url');
      // Node skips what is not base64url; one sealed text must have one spelling.
      if (key === undefined || bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString('base64url') !== body)
        return undefined;
      const decipher = createDecipheriv(ALGORITHM, key.bytes, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(boundTogether(keyId, boundTo));
      decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
      try {
        const plain = decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES));
        return Buffer.concat([plain, decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}
