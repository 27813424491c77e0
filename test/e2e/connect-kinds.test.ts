/** Accounts of users at servers that are no streamable HTTP: the older event stream, and HTTP APIs by their OpenAPI document. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type AccountApi, startAccountApi } from '../support/account-api.ts';
import { startAccountServer, startTenant } from '../support/account-server.ts';
import { createBrowser } from '../support/browser.ts';
import { connectStreamableV1, connectV2, type McpClient } from '../support/clients.ts';
import { type ConnectSite, freePort, startConnectSite } from '../support/connect-site.ts';
import { runCli } from '../support/gateway.ts';
import { signInAtProvider } from '../support/identity-provider.ts';
import { waitFor } from '../support/wait-for.ts';

const PEOPLE = ['ada', 'grace'] as const;
const CLIENTS = [connectStreamableV1, connectV2('auto')];
const userHeaders = [{ name: 'X-Api-Key', title: 'API key' }];

const server = (entry: object, options: object = {}): object => ({
  mcpServers: { notes: entry },
  serverOptions: { notes: { credentials: 'per-user', ...options } },
});
const api = ({ document, baseUrl }: AccountApi, options: object = {}): object =>
  server({ type: 'openapi', document, baseUrl }, options);
const isHealthy = (site: ConnectSite): boolean =>
  site.app.registry.current().get('notes')?.status().state === 'healthy';

async function fillIn(site: ConnectSite, who: 'ada' | 'grace', key: string): Promise<void> {
  const browser = await site.browserOf(who);
  const page = await browser.get(`${site.url}/connect/notes`);
  const done = await browser.follow(await browser.submit(page, '/connect/notes', { 'header-0': key }));
  assert.match(done.text, /notes is connected/);
}

async function open(t: TestContext, site: ConnectSite, who: keyof ConnectSite['keys'], connect = connectV2('auto')) {
  const client = await connect({
    ...{ url: `${site.url}/mcp`, headers: { authorization: `Bearer ${site.keys[who]}` }, home: '' },
  });
  t.after(() => client.close());
  return client;
}

const call = async (client: McpClient, tool: string, args: object = {}): Promise<string> =>
  JSON.stringify(await client.callTool(`notes__${tool}`, args));

/** Everybody sees their own data, and nobody that of others, with clients of both eras. */
async function assertApart(t: TestContext, site: ConnectSite): Promise<void> {
  for (const [i, connect] of CLIENTS.entries()) {
    const clients = {
      ada: await open(t, site, 'ada', connect),
      grace: await open(t, site, 'grace', connect),
    };
    await Promise.all(
      PEOPLE.flatMap((who) => [1, 2, 3].map((n) => call(clients[who], 'note', { text: `${who}-${i}-${n}` }))),
    );
    for (const [who, other] of [
      ['ada', 'grace'],
      ['grace', 'ada'],
    ] as const) {
      assert.match(await call(clients[who], 'whoami'), new RegExp(`${who}@notes`));
      const all = await call(clients[who], 'note', { text: 'last' });
      for (const n of [1, 2, 3]) assert.ok(all.includes(`${who}-${i}-${n}`), all);
      assert.ok(!all.includes(other), all);
    }
  }
}

test('an sse server: two users who signed in use their own accounts, and whoever has not is asked to', async (t) => {
  const tenant = await startTenant(t, { type: 'dynamic' });
  const accounts = await startAccountServer(t, 'sse', tenant);
  const site = await startConnectSite(t, server({ type: 'sse', url: accounts.mcpUrl }));
  assert.match((await site.connect(await site.browserOf('ada'), 'notes', 'ada@notes')).text, /notes is connected/);
  await waitFor('the tools', () => isHealthy(site));
  const early = await call(await open(t, site, 'grace'), 'whoami');
  assert.match(early, /connection_required/);
  assert.ok(!accounts.callers.includes('ada@notes'), 'called with the account of somebody else');
  await site.connect(await site.browserOf('grace'), 'notes', 'grace@notes');
  await assertApart(t, site);
  assert.match(await call(await open(t, site, 'robot'), 'whoami'), /belongs to none/);
  assert.equal(accounts.sharedSessions, 0);

  // What was taken back is found out by the next call, which asks its user again.
  tenant.revokeAll();
  assert.match(await call(await open(t, site, 'ada'), 'whoami'), /connection_required/);
  for (const key of Object.values(site.keys))
    assert.ok(!accounts.sent.some((header) => header.includes(key)), 'a key of the gateway went to the server');
});

test('an sse server: a token that has run out is renewed, and the call is made', async (t) => {
  const tenant = await startTenant(t, { type: 'dynamic' });
  tenant.lifeSeconds = 2;
  const accounts = await startAccountServer(t, 'sse', tenant);
  const site = await startConnectSite(t, server({ type: 'sse', url: accounts.mcpUrl }));
  await site.connect(await site.browserOf('ada'), 'notes', 'ada@notes');
  await waitFor('the tools', () => isHealthy(site));
  const client = await open(t, site, 'ada');
  const end = Date.now() + 2_500;
  await waitFor('the end of the first token', () => Date.now() > end);
  assert.match(await call(client, 'whoami'), /ada@notes/);
  assert.ok(tenant.grants.includes('refresh_token'));
});

test('an sse server that wants a sign-in for all is signed in at by an operator, and everybody calls it', async (t) => {
  const tenant = await startTenant(t, { type: 'dynamic' });
  const accounts = await startAccountServer(t, 'sse', tenant);
  const site = await startConnectSite(t, { mcpServers: { notes: { type: 'sse', url: accounts.mcpUrl } } });
  const state = () => site.app.registry.current().get('notes')?.status().state;
  await waitFor('the server to want a sign-in', () => state() === 'needs_auth');
  const browser = createBrowser();
  const address = (await runCli('login', 'notes', '--data', site.dataDir)).trim();
  const back = await signInAtProvider(browser, await browser.get(address), 'all@notes');
  assert.equal((await browser.get(back.location ?? assert.fail(back.text))).status, 200);
  await waitFor('the tools', () => isHealthy(site));
  for (const who of ['ada', 'robot'] as const)
    assert.match(await call(await open(t, site, who), 'whoami'), /all@notes/);
});

test('an sse server: a key that each user fills in goes along with their calls only', async (t) => {
  const accounts = await startAccountServer(t, 'sse', undefined);
  accounts.apiKeys.set('key-of-ada', 'ada@notes').set('key-of-grace', 'grace@notes');
  const site = await startConnectSite(t, server({ type: 'sse', url: accounts.mcpUrl }, { userHeaders }));
  for (const who of PEOPLE) await fillIn(site, who, `key-of-${who}`);
  await waitFor('the tools', () => isHealthy(site));
  await assertApart(t, site);
  assert.equal(accounts.sharedSessions, 0);
});

test('an HTTP API: a key that each user fills in goes along with their calls only, and is no argument', async (t) => {
  const accounts = await startAccountApi(t);
  accounts.apiKeys.set('key-of-ada', 'ada@notes').set('key-of-grace', 'grace@notes');
  const site = await startConnectSite(t, api(accounts, { userHeaders }));
  // Its document is for everybody: the tools are there before anybody has connected.
  await waitFor('the tools', () => isHealthy(site));
  const early = await open(t, site, 'ada');
  const tools = await early.listTools();
  assert.ok(tools.some(({ name }) => name === 'notes__whoami'));
  assert.ok(!JSON.stringify(tools).includes('X-Api-Key'), 'what users bring is shown as an argument');
  assert.match(await call(early, 'whoami'), /connection_required/);
  assert.deepEqual(accounts.callers, [], 'called for somebody who has connected nothing');
  for (const who of PEOPLE) await fillIn(site, who, `key-of-${who}`);
  await assertApart(t, site);
  assert.match(await call(await open(t, site, 'robot'), 'whoami'), /belongs to none/);
  // It repeats what it was sent; that is not for models to read.
  const told = await call(early, 'whoami');
  assert.match(told, /ada@notes/);
  assert.ok(!told.includes('key-of-ada'), told);

  // A key that is refused is asked for again.
  accounts.apiKeys.delete('key-of-ada');
  assert.match(await call(early, 'whoami'), /connection_required/);
  assert.match(await call(await open(t, site, 'grace'), 'whoami'), /grace@notes/);
  assert.ok(!site.log.some((line) => /key-of-(ada|grace)/.test(line)), 'a key was logged');
});

for (const namesIssuer of [true, false])
  test(`an HTTP API ${namesIssuer ? 'that names its issuer' : 'whose issuer is named in the configuration'}: two users who signed in use their own accounts`, async (t) => {
    const gateway = { url: '' };
    const redirectUri = (): string => `${gateway.url}/oauth/callback`;
    const port = await freePort();
    gateway.url = `http://127.0.0.1:${port}`;
    const client = { clientId: 'gateway-at-work', clientSecret: 'a-client-secret-of-32-characters' };
    const tenant = await startTenant(t, {
      ...{ type: 'beforehand', id: client.clientId, secret: client.clientSecret, redirectUri },
    });
    const accounts = await startAccountApi(t, tenant, { namesIssuer });
    const oauth = { ...client, scopes: ['notes'], ...(!namesIssuer && { issuer: tenant.issuer }) };
    const site = await startConnectSite(t, api(accounts, { oauth }), port);
    await waitFor('the tools', () => isHealthy(site));
    const ada = await site.browserOf('ada');
    assert.match((await site.connect(ada, 'notes', 'ada@notes')).text, /notes is connected/);
    assert.match(await call(await open(t, site, 'grace'), 'whoami'), /connection_required/);
    await site.connect(await site.browserOf('grace'), 'notes', 'grace@notes');
    await assertApart(t, site);
    assert.ok(!accounts.callers.includes(''), 'called as a stranger');

    const list = await ada.get(`${site.url}/account/connections`);
    await ada.submit(list, '/account/connections/disconnect', { server: 'notes' });
    const before = accounts.callers.length;
    assert.match(await call(await open(t, site, 'ada'), 'whoami'), /connection_required/);
    assert.equal(accounts.callers.length, before);
    // An issuer that ended the grants: the next call asks its user again.
    tenant.revokeAll();
    assert.match(await call(await open(t, site, 'grace'), 'whoami'), /connection_required/);
  });
