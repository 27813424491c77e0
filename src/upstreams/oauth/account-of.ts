/** Whose account tokens are of, as far as an ID token that came along says so. */

import { isObject } from '../../lib/is-object.ts';
import type { Tokens } from './kept-credential.ts';

const MAX_CHARS = 120;

/**
 * It came from the token endpoint itself, and is shown to nobody but the user who signed in: its signature is not looked at.
 * Undefined: nothing is told.
 */
export function accountOf({ value }: Tokens): string | undefined {
  const payload = value.id_token?.split('.')[1];
  if (payload === undefined) return undefined;
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  } catch {
    return undefined;
  }
  if (!isObject(claims)) return undefined;
  const { email, preferred_username, name, sub } = claims;
  const found = [email, preferred_username, name, sub].find((claim) => typeof claim === 'string' && claim !== '');
  return typeof found === 'string' ? found.replace(/[\p{C}]+/gu, ' ').slice(0, MAX_CHARS) : undefined;
}
