/** Accounts of users at a certified provider that fails: what each caller gets meanwhile, and what it takes afterwards. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAccountServer, startTenant } from '../support/account-server.ts';
import { perUser, startConnectSite } from '../support/connect-site.ts';
import { sendModern } from '../support/raw-client.ts';
import { waitFor } from '../support/wait-for.ts';

const LIMIT = { timeout: 120_000 };

/** Ada has connected, and her access token has run out. */
async function startExpired(t: TestContext) {
  const tenant = await startTenant(t, { type: 'dynamic' });
  const server = await startAccountServer(t, 'modern', tenant);
  const site = await startConnectSite(t, perUser({ notes: server.mcpUrl }));
  const whoami = async (): Promise<string> => {
    const params = { name: 'notes__whoami', arguments: {} };
    return JSON.stringify(
      await sendModern({ url: `${site.url}/mcp`, key: site.keys.ada, method: 'tools/call', params }),
    );
  };
  tenant.lifeSeconds = 2;
  const ada = await site.browserOf('ada');
  assert.match((await site.connect(ada, 'notes', 'ada@notes')).text, /notes is connected/);
  await waitFor('the tools', async () => /ada@notes/.test(await whoami()));
  // For the provider, which counts whole seconds, a little earlier than for the gateway.
  await sleep(2_500);
  tenant.lifeSeconds = 600;
  const asked = (): number => tenant.requests.filter((each) => each.startsWith('POST /interaction')).length;
  return { tenant, server, site, ada, whoami, asked };
}

test(
  'while the provider is down a call fails for the time, and goes on afterwards without a person',
  LIMIT,
  async (t) => {
    const { tenant, server, whoami, asked } = await startExpired(t);
    const before = asked();
    tenant.down = 503;
    const called = server.callers.length;
    const refused = await whoami();
    assert.match(refused, /try again later/);
    assert.doesNotMatch(refused, /\/connect\//, 'nobody is asked to connect: it would not help');
    assert.equal(server.callers.length, called);
    tenant.down = undefined;
    await waitFor('it to go on', async () => /ada@notes/.test(await whoami()), 30_000);
    assert.equal(asked(), before, 'a person was asked');
  },
);

test('a grant that was taken back is asked for again, and what she connects then is used', LIMIT, async (t) => {
  const { tenant, site, ada, whoami } = await startExpired(t);
  tenant.revokeAll();
  assert.match(await whoami(), /\/connect\//);
  assert.match((await site.connect(ada, 'notes', 'ada@notes')).text, /notes is connected/);
  assert.match(await whoami(), /ada@notes/);
});

test('a provider that has forgotten the gateway gets it registered anew, once', LIMIT, async (t) => {
  const { tenant, site, ada, whoami } = await startExpired(t);
  tenant.forgetClients();
  assert.match(await whoami(), /\/connect\//);
  assert.match((await site.connect(ada, 'notes', 'ada@notes')).text, /notes is connected/);
  assert.match((await site.connect(await site.browserOf('grace'), 'notes', 'grace@notes')).text, /notes is connected/);
  assert.match(await whoami(), /ada@notes/);
  assert.equal(tenant.requests.filter((each) => each === 'POST /reg').length, 2);
});

test(
  'a server that moves to another provider: nothing goes there but a new registration and a new sign-in',
  LIMIT,
  async (t) => {
    const { tenant, server, site, ada, whoami } = await startExpired(t);
    const elsewhere = await startTenant(t, { type: 'dynamic' });
    server.tenant = elsewhere;
    const grants = tenant.grants.length;
    assert.match(await whoami(), /\/connect\//);
    assert.deepEqual(elsewhere.grants, [], 'a token of the one before went there');
    assert.match((await site.connect(ada, 'notes', 'ada@elsewhere')).text, /notes is connected/);
    assert.match(await whoami(), /ada@elsewhere/);
    assert.deepEqual(elsewhere.grants, ['authorization_code']);
    assert.ok(tenant.grants.length - grants <= 1, 'the one before was asked over and over');
  },
);
