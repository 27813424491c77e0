/** The key that a gateway makes for itself at its first start, so that somebody can get in. */

import type { GatewayConfig } from '../contracts/config.ts';
import type { ChangeOrigin, ObjectStore } from '../contracts/objects.ts';
import { createKeyWrite } from './new-key.ts';

const GATEWAY_ITSELF: ChangeOrigin = { actor: { type: 'gateway', id: 'gateway', name: 'gateway' }, via: 'gateway' };

/** Its secret; undefined: somebody could get in already, and nothing was made. */
export async function createFirstKey(
  objects: Pick<ObjectStore, 'list' | 'write'>,
  { keys, anonymous }: GatewayConfig,
  nowMs: number,
): Promise<string | undefined> {
  if (keys.length > 0 || anonymous !== undefined) return undefined;
  if ((await objects.list('key', { limit: 1 })).length > 0) return undefined;
  const { write, secret } = createKeyWrite({ name: 'first', grant: { allow: ['*'] } }, nowMs);
  await objects.write([write], GATEWAY_ITSELF, nowMs);
  return secret;
}
