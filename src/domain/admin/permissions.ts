/** Which role may do what: the one table of it, and who may give which role. */

import { type AdminRules, PERMISSIONS, type Permission, ROLES, type Role } from '../../contracts/admin.ts';
import { countOtherOwners } from './count-owners.ts';
import { decideOwnKey } from './own-keys.ts';

const READING: readonly Permission[] = [
  'people:read',
  'keys:read',
  'config:read',
  'trail:read',
  'spend:read',
  'explain',
];

/** Owner and admin differ in one thing: only an owner makes owners. */
const PERMISSIONS_OF: { readonly [role in Role]: ReadonlySet<Permission> } = {
  owner: new Set(PERMISSIONS),
  admin: new Set(PERMISSIONS),
  operator: new Set<Permission>([...READING, 'own-keys:write', 'config:write', 'operate', 'approve']),
  auditor: new Set(READING),
  member: new Set<Permission>(['own-keys:write']),
};

function allows(role: Role, permission: Permission): boolean {
  return PERMISSIONS_OF[role].has(permission);
}

/** Nobody gives or touches a role above their own, and only who manages access gives any. */
function mayGrant(role: Role, other: Role): boolean {
  return allows(role, 'access:write') && ROLES.indexOf(role) <= ROLES.indexOf(other);
}

export const ADMIN_RULES: AdminRules = {
  allows,
  mayGrant,
  decideOwnKey,
  countOtherOwners,
  permissionsOf: (role) => PERMISSIONS.filter((permission) => allows(role, permission)),
};
