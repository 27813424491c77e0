import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { ROLES, type Role } from '../../src/contracts/admin.ts';
import { KeyShape } from '../../src/contracts/shapes/directory.ts';
import type { Operation } from '../../src/edges/admin/define-operation.ts';
import { type Asked, type AskOptions, SETUP, startAdmin } from '../support/admin-api.ts';
import { startAdminGateway } from '../support/admin-gateway.ts';
import { type AdminSite, clear, goodBody, idFor, restore } from '../support/admin-site.ts';

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
  ...each(READERS, 'listRuns getRun getRunTimeline'),
  ...each(READERS, 'listApprovals getApproval listStandingApprovals getStandingApproval'),
  ...each(OPERATORS, 'cancelRun approveApproval rejectApproval createStandingApproval deleteStandingApproval'),
  ...each(READERS, 'listOAuthGrants getOAuthGrant'),
  ...each(ADMINS, 'endOAuthGrant'),
  ...each(READERS, 'listCalls getCall sumSpend listChanges explain'),
};

function each(roles: readonly Role[], operations: string): { readonly [operation: string]: readonly Role[] } {
  return Object.fromEntries(operations.split(' ').map((operation) => [operation, roles]));
}

/** What a role may do, and its token all the same cannot: keys of one's own are for people. */
const isForPeople = ({ id }: Operation): boolean => /OwnKeys?$/.test(id);

async function checkRoles(site: AdminSite): Promise<void> {
  const { operations, ask, state, hidden } = site;
  assert.deepEqual(operations.map(({ id }) => id).sort(), Object.keys(MAY).sort(), 'each operation has its entry here');
  for (const role of ROLES) await site.addUser(`user_${role}`, { name: role, role });
  await site.addUser('user_1', { name: 'ada', role: 'admin' });
  // Who signs in for the first time chooses a password, which stands in the record of changes.
  for (const role of ROLES) await ask('GET', '/version', { session: `user_${role}` });
  let made = 0;
  for (const operation of operations) {
    const { id, method, precondition, permission } = operation;
    await restore(site, operation);
    await site.settled();
    const path = operation.path.replace(/\{\w+\}/, idFor(site, operation));
    /** One that changes something, if anybody lets it. */
    const attempt = async (options: AskOptions): Promise<Asked> => {
      const body = goodBody(site, operation, `made-${made++}`);
      const answer = await ask(method, path, {
        ...options,
        headers: { ...options.headers, ...(precondition === 'required' && { 'if-match': '*' }) },
        ...(body !== undefined && { body }),
      });
      for (const secret of hidden) assert.ok(!answer.text.includes(secret), `${id} shows ${secret}: ${answer.text}`);
      return answer;
    };
    const may = MAY[id] ?? [];
    const isOpen = (role: Role): boolean => may === 'public' || may.includes(role);
    const before = await state();
    for (const role of ROLES.filter((each) => !isOpen(each)))
      for (const who of [{ as: role }, { session: `user_${role}` }]) {
        const { status, body } = await attempt(who);
        assert.deepEqual([status, body.code, body.permission], [403, 'forbidden', permission], `${id} as ${role}`);
      }
    const virtualKeys = [`pck_${'a'.repeat(43)}`, site.virtualKey];
    const withKeys = virtualKeys.map((key) => ({ authorization: `Bearer ${key}` }));
    for (const headers of [{}, ...withKeys]) {
      const { status, body } = await attempt({ as: null, headers });
      if (may === 'public') assert.equal(status, 200, id);
      else assert.ok(status === 401 || body.code === 'too_many_attempts', `${id}: ${status}`);
    }
    if (may !== 'public') assert.equal(await state(), before, `${id} was refused, and changed something`);

    for (const role of ROLES.filter(isOpen))
      for (const who of [{ as: role }, { session: `user_${role}` }]) {
        const isOwn = isForPeople(operation) && 'session' in who;
        await restore(site, operation);
        await clearParts(site, operation);
        const keyOfTheirs = isOwn && path !== operation.path ? await addKeyOf(site, `user_${role}`) : undefined;
        const then = await state();
        const body = goodBody(site, operation, `made-${made++}`);
        const answer = await ask(method, keyOfTheirs === undefined ? path : path.replace('key_1', keyOfTheirs), {
          ...who,
          ...(precondition === 'required' && { headers: { 'if-match': '*' } }),
          ...(body !== undefined && { body }),
        });
        const what = `${id} as ${JSON.stringify(who)}: ${answer.text}`;
        const expected =
          isForPeople(operation) && !isOwn ? 403 : isOwn && isBoundless(role, id) ? 403 : operation.status;
        assert.equal(answer.status, expected, what);
        // What `/me/keys` refuses is said in other words than that a permission is missing.
        if (expected === 403) assert.equal(answer.body.permission, undefined, what);
        if (expected === 403 || method === 'GET') assert.equal(await state(), then, `${what} changed something`);
      }
  }
  assert.deepEqual(site.failures, []);
}

/** Members and operators make keys within the bounds that somebody gave them, and these have none. */
const isBoundless = (role: Role, id: string): boolean =>
  ['operator', 'member'].includes(role) && /^(create|replace)OwnKey$/.test(id);

async function addKeyOf({ objects }: AdminSite, user: string): Promise<string> {
  const id = `key_${randomUUID()}`;
  const body = JSON.parse(JSON.stringify(KeyShape.parse({ name: id, type: 'personal', user, grant: {}, secrets: [] })));
  await objects.write([{ action: 'create', kind: 'key', id, name: id, body }], SETUP, 1);
  return id;
}

/** Of some kinds there can be one of a sort: what was made before is in the way of the next. */
async function clearParts(site: AdminSite, { id }: Operation): Promise<void> {
  if (/^create(Server|Provider|Toolset|Alias|Route|PolicyRule|Webhook)$/.test(id)) await clear(site);
}

test('every operation does what it says for exactly the roles it is meant for, and nothing for others, strangers and virtual keys', async (t) => {
  await checkRoles(await startAdmin(t));
});

test('so it does at a gateway that runs, for tokens and for people who signed in', async (t) => {
  await checkRoles(await startAdminGateway(t));
});

test('an operation says the permission it takes by what it does: what reads is never a right to write', async (t) => {
  const { operations } = await startAdmin(t);
  for (const { id, method, permission } of operations) {
    const reads = /:read$|^anyone$|^public$/.test(permission);
    const isOwn = permission === 'own-keys:write' || permission === 'access:write';
    assert.ok(isOwn || reads === (method === 'GET'), `${id} is ${method} and takes ${permission}`);
  }
});
