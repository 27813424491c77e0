/** Secrets of keys and admin tokens: made, shown once, put in place of each other. Only hashes stay. */

import type { SecretBody } from '../../contracts/shapes/directory.ts';
import { createAccessToken } from '../../lib/access-token.ts';

export interface MadeSecret {
  readonly secret: string;
  readonly kept: SecretBody;
}

export function makeSecret(prefix: 'pck' | 'pca', nowMs: number): MadeSecret {
  const { token, hash, prefix: shown } = createAccessToken(prefix);
  return { secret: token, kept: { hash, prefix: shown, createdAtMs: nowMs } };
}

/** The new one beside the old ones, which end after the grace if they do not end before; those that have ended are left out. */
export function replaceSecrets(
  old: readonly SecretBody[],
  kept: SecretBody,
  graceMs: number,
  nowMs: number,
): readonly SecretBody[] {
  const endMs = nowMs + graceMs;
  const ending = old
    .map((each) => ({ ...each, expiresAtMs: Math.min(each.expiresAtMs ?? endMs, endMs) }))
    .filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  return [...ending, kept];
}

/** What may be shown: everything but the hash. */
export function withoutHashes<B extends { readonly secrets: readonly SecretBody[] }>(body: B) {
  return { ...body, secrets: body.secrets.map(({ hash: _, ...shown }) => shown) };
}
