/** Secrets that we issue: 256 random bits behind a prefix that says what they open. */

import { hash, randomBytes } from 'node:crypto';

export interface AccessToken {
  /** In clear, this once: `pck_…`. */
  readonly token: string;
  /** Lower-case hex SHA-256 of the token: all that is ever kept of it. */
  readonly hash: string;
  /** Its first eight characters, for recognition. */
  readonly prefix: string;
}

export function createAccessToken(prefix: 'pck' | 'pca'): AccessToken {
  const token = `${prefix}_${randomBytes(32).toString('base64url')}`;
  return { token, hash: hash('sha256', token, 'hex'), prefix: token.slice(0, 8) };
}

/** `key_1f…`: an id of an object, 64 random bits. */
export function createObjectId(prefix: string): string {
  return `${prefix}_${randomBytes(8).toString('hex')}`;
}
