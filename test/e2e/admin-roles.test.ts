import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROLES, type Role } from '../../src/contracts/admin.ts';
import { type AskOptions, startAdmin } from '../support/admin-api.ts';

const ADMINS: readonly Role[] = ['owner', 'admin'];
const OPERATORS: readonly Role[] = [...ADMINS, 'operator'];
const READERS: readonly Role[] = [...OPERATORS, 'auditor'];
const SELF: readonly Role[] = [...OPERATORS, 'member'];

/** Written by hand, beside the declarations: whoever adds an operation says here, too, who is to use it. */
const MAY: { readonly [operation: string]: readonly Role[] | 'public' } = {
  getOpenApi: 'public',
  listErrors: 'public',
  getVersion: ROLES,
  getMe: ROLES,
  ...each(SELF, 'listOwnKeys createOwnKey getOwnKey replaceOwnKey rotateOwnKey revokeOwnKey'),
  ...each(
    READERS,
    'listOrganizations getOrganization listTeams getTeam listUsers getUser listKeys getKey getKeyLimits',
  ),
  ...each(ADMINS, 'createOrganization replaceOrganization deleteOrganization createTeam replaceTeam deleteTeam'),
  ...each(ADMINS, 'createUser replaceUser deleteUser inviteUser'),
  ...each(ADMINS, 'createKey replaceKey rotateKey revokeKey deleteKey'),
  ...each(ADMINS, 'listAdminTokens createAdminToken getAdminToken replaceAdminToken revokeAdminToken deleteAdminToken'),
  ...each(READERS, 'listServerObjects getServer listProviderObjects getProvider listToolsetObjects getToolset'),
  ...each(
    READERS,
    'listAliasObjects getAlias listRouteObjects getRoute listPolicyRuleObjects getPolicyRule listWebhookObjects getWebhook',
  ),
  ...each(OPERATORS, 'createServer replaceServer deleteServer createProvider replaceProvider deleteProvider'),
  ...each(OPERATORS, 'createToolset replaceToolset deleteToolset createAlias replaceAlias deleteAlias'),
  ...each(
    OPERATORS,
    'createRoute replaceRoute deleteRoute createPolicyRule replacePolicyRule deletePolicyRule createWebhook replaceWebhook deleteWebhook',
  ),
  ...each(READERS, 'listServerStatus getServerStatus listTools listModels listDefinitions'),
  ...each(OPERATORS, 'approveDefinition rejectDefinition'),
  ...each(READERS, 'listCalls getCall sumSpend listChanges explain'),
};

function each(roles: readonly Role[], operations: string): { readonly [operation: string]: readonly Role[] } {
  return Object.fromEntries(operations.split(' ').map((operation) => [operation, roles]));
}

test('every operation is open to exactly the roles it is meant for, and closed to strangers and virtual keys', async (t) => {
  const { operations, ask, seq, addUser } = await startAdmin(t);
  assert.deepEqual(operations.map(({ id }) => id).sort(), Object.keys(MAY).sort(), 'each operation has its entry here');
  for (const role of ROLES) await addUser(`user_${role}`, { name: role, role });
  const before = await seq();
  for (const operation of operations) {
    const { id, method } = operation;
    const path = operation.path.replace(/\{\w+\}/, 'nobody');
    // Enough to get as far as the permission, and not to change anything.
    const attempt = (options: AskOptions) =>
      ask(method, path, { ...options, ...(operation.body !== undefined && { rawBody: '{"unknown":1}' }) });
    const may = MAY[id] ?? [];
    for (const role of ROLES)
      for (const who of [{ as: role }, { session: `user_${role}` }]) {
        const { status, body } = await attempt(who);
        const isClosed = status === 403 && body.permission === operation.permission;
        assert.notEqual(status, 401, `${id} as ${role}`);
        assert.equal(isClosed, may !== 'public' && !may.includes(role), `${id} as ${JSON.stringify(who)}: ${status}`);
      }
    const virtualKey = { authorization: `Bearer pck_${'a'.repeat(43)}` };
    for (const headers of [{}, virtualKey]) {
      const { status, body } = await attempt({ as: null, headers });
      if (may === 'public') assert.equal(status, 200, id);
      else assert.ok(status === 401 || body.code === 'too_many_attempts', `${id}: ${status}`);
    }
  }
  assert.equal(await seq(), before, 'nothing was changed by any of it');
});

test('an operation says the permission it takes by what it does: what reads is never a right to write', async (t) => {
  const { operations } = await startAdmin(t);
  for (const { id, method, permission } of operations) {
    const reads = /:read$|^anyone$|^public$/.test(permission);
    const isOwn = permission === 'own-keys:write' || permission === 'access:write';
    assert.ok(isOwn || reads === (method === 'GET'), `${id} is ${method} and takes ${permission}`);
  }
});
