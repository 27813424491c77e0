/** Who could still manage access if somebody could not: a gateway without an owner is nobody's. */

import type { StoredObject } from '../../contracts/objects.ts';

/** Owners among users and admin tokens who may act now, without the one of this id. */
export function countOtherOwners(
  people: readonly Pick<StoredObject, 'id' | 'body'>[],
  id: string,
  nowMs: number,
): number {
  return people.filter(({ id: other, body }) => {
    if (other === id || body.role !== 'owner' || body.isActive === false || body.revokedAtMs !== undefined)
      return false;
    return typeof body.expiresAtMs !== 'number' || body.expiresAtMs > nowMs;
  }).length;
}
