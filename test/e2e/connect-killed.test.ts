/** Accounts of users under kill -9: between the code and its tokens, and in the midst of a renewal. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type AccountServer, startAccountServer, startTenant, type Tenant } from '../support/account-server.ts';
import { addPeople, type ConnectSite, createVisits, freePort, perUser } from '../support/connect-site.ts';
import { startGateway } from '../support/gateway.ts';
import { sendModern } from '../support/raw-client.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const LIMIT = { timeout: 180_000 };
/** A grant that outlives the session has to be confirmed each time (OpenID Connect Core 1.0, 11): one button, and no sign-in. */
const CONFIRMED = 1;
const NEVER = new Promise<void>(() => undefined);

interface Scene extends ReturnType<typeof createVisits> {
  readonly tenant: Tenant;
  readonly server: AccountServer;
  readonly keys: ConnectSite['keys'];
  readonly url: string;
  /** The issuer answers as it should again. */
  killAndStart(): Promise<void>;
  whoami(key: string): Promise<string>;
  /** How often somebody was asked for something at the issuer. */
  asked(): number;
}

async function start(t: TestContext): Promise<Scene> {
  const [dataDir, port] = [await createTempDir(t), await freePort()];
  const tenant = await startTenant(t, { type: 'dynamic' });
  const server = await startAccountServer(t, 'modern', tenant);
  const keys = await addPeople(dataDir);
  const config = perUser({ notes: server.mcpUrl });
  let gateway = await startGateway(t, { config, dataDir, port });
  return {
    ...{ tenant, server, keys, url: gateway.url, ...createVisits(gateway.url) },
    async killAndStart() {
      await gateway.kill9();
      Object.assign(tenant, { onCode: undefined, onRefresh: undefined, onIssued: undefined, lifeSeconds: 600 });
      gateway = await startGateway(t, { config, dataDir, port });
    },
    async whoami(key) {
      const params = { name: 'notes__whoami', arguments: {} };
      return JSON.stringify(await sendModern({ url: gateway.mcpUrl, key, method: 'tools/call', params }));
    },
    asked: () => tenant.requests.filter((each) => each.startsWith('POST /interaction')).length,
  };
}

test(
  'a gateway that is killed before the issuer took the code: the same page, loaded again, connects',
  LIMIT,
  async (t) => {
    const { tenant, url, keys, ...scene } = await start(t);
    const ada = await scene.browserOf('ada');
    const back = await scene.approve(ada, 'notes', 'ada@notes');
    const asked = scene.asked();
    assert.ok(asked > 0);
    tenant.onCode = () => NEVER;
    const cut = ada.get(back).catch(() => undefined);
    await waitFor('the code to be brought', () => tenant.grants.includes('authorization_code'));
    await scene.killAndStart();
    await cut;
    let text = '';
    await waitFor(
      'the same answer to be taken',
      async () => {
        ({ text } = await ada.follow(await ada.get(back), url));
        return /notes is connected/.test(text);
      },
      60_000,
    ).catch((error: unknown) => assert.fail(`${String(error)}: ${text}`));
    assert.equal(scene.asked(), asked, 'nobody was asked a second time');
    await waitFor('the tools', async () => /ada@notes/.test(await scene.whoami(keys.ada)));
    assert.equal(tenant.grants.filter((each) => each === 'authorization_code').length, 2);
  },
);

test(
  'a gateway that is killed after the issuer took the code: connecting again takes no second sign-in',
  LIMIT,
  async (t) => {
    const { tenant, url, keys, ...scene } = await start(t);
    const ada = await scene.browserOf('ada');
    const back = await scene.approve(ada, 'notes', 'ada@notes');
    const asked = scene.asked();
    let isTaken = false;
    tenant.onIssued = () => {
      isTaken = true;
      return NEVER;
    };
    const cut = ada.get(back).catch(() => undefined);
    await waitFor('the code to be taken', () => isTaken);
    await scene.killAndStart();
    await cut;
    assert.doesNotMatch((await scene.connect(ada, 'notes', 'ada@notes')).text, /went wrong/i);
    assert.equal(scene.asked(), asked + CONFIRMED, 'the issuer remembers who they are');
    await waitFor('the tools', async () => /ada@notes/.test(await scene.whoami(keys.ada)));
    assert.match((await ada.get(`${url}/account/connections`)).text, /notes/);
  },
);

/** `hold`: where the issuer is when the gateway is killed. Returns her browser, and how often she had been asked for something. */
async function killWhileRenewing({ tenant, keys, ...scene }: Scene, hold: 'onRefresh' | 'onIssued') {
  tenant.lifeSeconds = 2;
  const ada = await scene.browserOf('ada');
  assert.match((await scene.connect(ada, 'notes', 'ada@notes')).text, /notes is connected/);
  const asked = scene.asked();
  let isHeld = false;
  tenant[hold] = () => {
    isHeld = true;
    return NEVER;
  };
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const cut = scene.whoami(keys.ada).catch(() => '');
  await waitFor('a renewal', () => isHeld);
  await scene.killAndStart();
  await cut;
  return { ada, asked };
}

test(
  'a gateway that is killed while it renews a token: what the issuer has not taken is renewed after the start',
  LIMIT,
  async (t) => {
    const scene = await start(t);
    // The refresh token has not been used.
    const { asked } = await killWhileRenewing(scene, 'onRefresh');
    await waitFor('a call with a new token', async () => /ada@notes/.test(await scene.whoami(scene.keys.ada)), 60_000);
    assert.equal(scene.asked(), asked, 'nobody was asked again');
    assert.ok(scene.server.callers.includes('ada@notes'));
  },
);

test(
  'a gateway that is killed after the issuer took the refresh token: its user is told, and connects again without a sign-in',
  LIMIT,
  async (t) => {
    const scene = await start(t);
    const { ada, asked } = await killWhileRenewing(scene, 'onIssued');
    // Its refresh token is spent, and issuers take one that comes twice for stolen.
    const page = async () => (await ada.get(`${scene.url}/account/connections`)).text;
    await waitFor('her page to say so', async () => /run out or was taken back/.test(await page()), 30_000);
    assert.match((await scene.connect(ada, 'notes', 'ada@notes')).text, /notes is connected/);
    assert.equal(scene.asked(), asked + CONFIRMED, 'the issuer remembers who they are');
    await waitFor('the tools', async () => /ada@notes/.test(await scene.whoami(scene.keys.ada)));
    assert.doesNotMatch(await page(), /run out/);
  },
);
