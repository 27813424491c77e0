/** AES-256-GCM over short texts, with the key's id in front: `v1.<key id>.<nonce, ciphertext and tag in base64url>`. */

import type { Sealer, SealKeys } from '../../contracts/sealing.ts';
import { decrypt, encrypt } from './gcm.ts';

const VERSION = 'v1';

export function createSealer(keys: SealKeys): Sealer {
  const boundTogether = (keyId: string, boundTo: string): string => `${VERSION}.${keyId}.${boundTo}`;
  return {
    seal(plain, boundTo) {
      const { id, bytes } = keys.current;
      return `${VERSION}.${id}.${encrypt(bytes, Buffer.from(plain), boundTogether(id, boundTo))}`;
    },
    open(sealed, boundTo) {
      const [version, keyId = '', body = '', ...more] = sealed.split('.');
      const key = version === VERSION && more.length === 0 ? keys.find(keyId) : undefined;
      return key && decrypt(key.bytes, body, boundTogether(keyId, boundTo))?.toString('utf8');
    },
  };
}
