import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PERMISSIONS, ROLES } from '../../contracts/admin.ts';
import { ADMIN_RULES } from './permissions.ts';

const writes = (role: (typeof ROLES)[number]): readonly string[] =>
  ADMIN_RULES.permissionsOf(role).filter(
    (permission) => permission.endsWith(':write') || ['operate', 'approve'].includes(permission),
  );

test('an owner and an admin may do everything, an auditor changes nothing, a member sees only what is theirs', () => {
  assert.deepEqual(ADMIN_RULES.permissionsOf('owner'), PERMISSIONS);
  assert.deepEqual(ADMIN_RULES.permissionsOf('admin'), PERMISSIONS);
  assert.deepEqual(writes('operator'), ['own-keys:write', 'config:write', 'operate', 'approve']);
  assert.deepEqual(writes('auditor'), []);
  assert.deepEqual(ADMIN_RULES.permissionsOf('member'), ['own-keys:write']);
});

test('nobody grants a role above their own, and whoever does not manage access grants none', () => {
  for (const role of ROLES)
    for (const other of ROLES) {
      const isAbove = ROLES.indexOf(other) < ROLES.indexOf(role);
      const expected = (role === 'owner' || role === 'admin') && !isAbove;
      assert.equal(ADMIN_RULES.mayGrant(role, other), expected, `${role} grants ${other}`);
    }
});
