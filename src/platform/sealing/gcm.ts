/** AES-256-GCM with a random nonce: nonce, ciphertext and tag as one text in base64url. */

import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

// Keys are made objects first: given bytes, Node 24 learns by an exception that they are none, which takes 15 µs in place of 4.

/** `boundTo` is authenticated, but not contained. */
export function encrypt(key: Uint8Array, plain: Uint8Array, boundTo: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, createSecretKey(key), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(boundTo));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** Undefined: tampered with, of another key, or bound to something else. */
export function decrypt(key: Uint8Array, text: string, boundTo: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  // Node skips what is not base64url; one sealed text must have one spelling.
  if (bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString('base64url') !== text) return undefined;
  const decipher = createDecipheriv(ALGORITHM, createSecretKey(key), bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(boundTo));
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
  try {
    const plain = decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES));
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    return undefined;
  }
}
