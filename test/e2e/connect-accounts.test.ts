/** Servers that are called with an account of each user: from the first connection to calls that nobody else can make. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { startAccountServer, startTenant } from '../support/account-server.ts';
import { connectStreamableV1, connectV2 } from '../support/clients.ts';
import { freePort, perUser, startConnectSite } from '../support/connect-site.ts';
import { waitFor } from '../support/wait-for.ts';

for (const era of ['legacy', 'modern'] as const) {
  test(`${era} server: calls of two users use their own tokens, and see their own accounts' data`, async (t) => {
    const tenant = await startTenant(t, { type: 'dynamic' });
    const server = await startAccountServer(t, era, tenant);
    const site = await startConnectSite(t, perUser({ notes: server.mcpUrl }));
    const healthy = () => site.app.registry.current().get('notes')?.status().state === 'healthy';
    await waitFor(
      'the server to want a sign-in',
      () => site.app.registry.current().get('notes')?.status().state === 'needs_auth',
    );

    const [ada, grace] = [await site.browserOf('ada'), await site.browserOf('grace')];
    const done = await site.connect(ada, 'notes', 'ada@notes');
    assert.match(done.text, /notes is connected/);
    await waitFor('the tools', healthy);
    assert.match((await site.connect(grace, 'notes', 'grace@notes')).text, /notes is connected/);
    assert.equal(tenant.requests.filter((each) => each === 'POST /reg').length, 1, 'registered once for all');

    for (const connect of [connectStreamableV1, connectV2('auto')]) {
      const clientOf = (key: string) =>
        connect({ url: `${site.url}/mcp`, headers: { authorization: `Bearer ${key}` }, home: '' });
      const clients = { ada: await clientOf(site.keys.ada), grace: await clientOf(site.keys.grace) };
      const call = async (who: 'ada' | 'grace', tool: string, args: object = {}): Promise<string> => {
        const answer = await clients[who].callTool(`notes__${tool}`, args);
        assert.ok('result' in answer, JSON.stringify(answer));
        return (answer.result.content as { text: string }[])[0]?.text ?? '';
      };
      assert.equal(await call('ada', 'whoami'), 'ada@notes');
      assert.equal(await call('grace', 'whoami'), 'grace@notes');
      const said = await Promise.all([
        ...[1, 2, 3].map((i) => call('ada', 'note', { text: `a${i}` })),
        ...[1, 2, 3].map((i) => call('grace', 'note', { text: `g${i}` })),
      ]);
      assert.ok(
        said.slice(0, 3).every((text) => !text.includes('g')) && said.slice(3).every((text) => !text.includes('a')),
      );
      for (const client of Object.values(clients)) await client.close();
    }
    assert.equal(server.sharedSessions, 0);

    const robot = await connectV2('auto')({
      url: `${site.url}/mcp`,
      headers: { authorization: `Bearer ${site.keys.robot}` },
      home: '',
    });
    const before = server.callers.length;
    const refused = await robot.callTool('notes__whoami', {});
    assert.match(JSON.stringify(refused), /belongs to none/);
    await robot.close();
    assert.equal(server.callers.length, before, 'nobody was called');
    for (const key of Object.values(site.keys))
      assert.ok(!server.sent.some((header) => header.includes(key)), 'a key of the gateway went to the server');
  });
}

test('people connect at tenants that registered the gateway beforehand, and at such that read its metadata document', async (t) => {
  const gateway = { url: '' };
  const secret = 'a-client-secret-of-32-characters';
  const redirectUri = (): string => `${gateway.url}/oauth/callback`;
  const port = await freePort();
  gateway.url = `http://127.0.0.1:${port}`;
  const beforehand = await startTenant(t, { type: 'beforehand', id: 'gateway-at-work', secret, redirectUri });
  const clientMetadataUrl = 'https://gateway.example/client.json';
  const document = (): object => ({
    ...{ client_id: clientMetadataUrl, client_name: 'Portcullis', redirect_uris: [redirectUri()] },
    ...{ grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'none' },
  });
  const byDocument = await startTenant(t, { type: 'metadata-document', url: clientMetadataUrl, document });
  const [one, two] = [
    await startAccountServer(t, 'modern', beforehand),
    await startAccountServer(t, 'modern', byDocument),
  ];
  const oauth = { one: { clientId: 'gateway-at-work', clientSecret: secret }, two: { clientMetadataUrl } };
  const site = await startConnectSite(t, perUser({ one: one.mcpUrl, two: two.mcpUrl }, oauth), port);
  const ada = await site.browserOf('ada');
  for (const server of ['one', 'two']) {
    assert.match((await site.connect(ada, server, `ada@${server}`)).text, /is connected/);
    await waitFor('the tools', () => site.app.registry.current().get(server)?.status().state === 'healthy');
  }
  const client = await connectV2('auto')({
    ...{ url: `${site.url}/mcp`, headers: { authorization: `Bearer ${site.keys.ada}` }, home: '' },
  });
  for (const server of ['one', 'two'])
    assert.match(JSON.stringify(await client.callTool(`${server}__whoami`, {})), new RegExp(`ada@${server}`));
  await client.close();
  for (const tenant of [beforehand, byDocument]) assert.ok(!tenant.requests.includes('POST /reg'));
  // Disconnecting ends the grant there, too.
  const list = await ada.get(`${site.url}/account/connections`);
  const gone = await ada.follow(await ada.submit(list, '/account/connections/disconnect', { server: 'one' }), site.url);
  assert.match(gone.text, /Disconnected\./);
  const [last = ''] = one.sent.slice(-1);
  assert.equal(
    await beforehand.accountOf(last.replace('Bearer ', ''), one.mcpUrl),
    undefined,
    'the token is still good',
  );
});

test('a key that each user fills in goes along with their calls only', async (t) => {
  const server = await startAccountServer(t, 'legacy', undefined);
  server.apiKeys.set('key-of-ada', 'ada@keys').set('key-of-grace', 'grace@keys');
  const config = perUser({ keys: server.mcpUrl });
  Object.assign(config.serverOptions.keys ?? {}, { userHeaders: [{ name: 'X-Api-Key', title: 'API key' }] });
  const site = await startConnectSite(t, config);
  for (const name of ['ada', 'grace'] as const) {
    const browser = await site.browserOf(name);
    const page = await browser.get(`${site.url}/connect/keys`);
    assert.match(page.text, /<label for="field-0">API key<\/label>/);
    const stale = await browser.submit(page, '/connect/keys', { csrf: 'guessed', 'header-0': 'x' });
    assert.equal(stale.status, 403);
    const done = await browser.follow(await browser.submit(page, '/connect/keys', { 'header-0': `key-of-${name}` }));
    assert.match(done.text, /keys is connected/);
    for (const path of ['/connect/keys', '/account/connections'])
      assert.ok(!(await browser.get(`${site.url}${path}`)).text.includes(`key-of-${name}`), 'the key is shown');
  }
  await waitFor('the tools', () => site.app.registry.current().get('keys')?.status().state === 'healthy');
  for (const name of ['ada', 'grace'] as const) {
    const client = await connectStreamableV1({
      ...{ url: `${site.url}/mcp`, headers: { authorization: `Bearer ${site.keys[name]}` }, home: '' },
    });
    assert.match(JSON.stringify(await client.callTool('keys__whoami', {})), new RegExp(`${name}@keys`));
    await client.close();
  }
  assert.equal(server.sharedSessions, 0);
  assert.ok(!site.log.some((line) => /key-of-(ada|grace)/.test(line)), 'a key was logged');
});

test('whoever connects another account is in no session of the one before', async (t) => {
  const tenant = await startTenant(t, { type: 'dynamic' });
  const server = await startAccountServer(t, 'legacy', tenant);
  const site = await startConnectSite(t, perUser({ notes: server.mcpUrl }));
  await site.connect(await site.browserOf('ada'), 'notes', 'first@notes');
  await waitFor('the tools', () => site.app.registry.current().get('notes')?.status().state === 'healthy');
  const client = await connectStreamableV1({
    ...{ url: `${site.url}/mcp`, headers: { authorization: `Bearer ${site.keys.ada}` }, home: '' },
  });
  const whoami = async (): Promise<string> => JSON.stringify(await client.callTool('notes__whoami', {}));
  assert.match(await whoami(), /first@notes/);
  // Another browser, in which nobody is signed in at the tenant.
  await site.connect(await site.browserOf('ada'), 'notes', 'second@notes');
  assert.match(await whoami(), /second@notes/);
  await client.close();
  assert.equal(server.sharedSessions, 0);
});

test('whoever connects or disconnects is told that their list has changed, in the sessions of theirs and in no others', async (t) => {
  const tenant = await startTenant(t, { type: 'dynamic' });
  const server = await startAccountServer(t, 'modern', tenant);
  const site = await startConnectSite(t, perUser({ notes: server.mcpUrl }));
  const [ada, grace] = [await site.browserOf('ada'), await site.browserOf('grace')];
  await site.connect(ada, 'notes', 'ada@notes');
  await waitFor('the tools', () => site.app.registry.current().get('notes')?.status().state === 'healthy');

  const told: string[] = [];
  const open = async (who: 'ada' | 'grace'): Promise<Client> => {
    const client = new Client({ name: who, version: '1' });
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void told.push(who));
    const requestInit = { headers: { authorization: `Bearer ${site.keys[who]}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${site.url}/mcp`), { requestInit }));
    t.after(() => client.close());
    return client;
  };
  const clients = { ada: await open('ada'), grace: await open('grace') };
  const markOf = async (who: 'ada' | 'grace'): Promise<string> =>
    JSON.stringify((await clients[who].listTools()).tools.find(({ name }) => name === 'notes__whoami')?._meta ?? {});
  assert.match(await markOf('grace'), /connection_required/);
  assert.doesNotMatch(await markOf('ada'), /connection_required/);
  // Their streams stand.
  await new Promise((resolve) => setTimeout(resolve, 300));
  told.length = 0;

  await site.connect(grace, 'notes', 'grace@notes');
  await waitFor('the news', () => told.includes('grace'));
  assert.doesNotMatch(await markOf('grace'), /connection_required/);
  const list = await grace.get(`${site.url}/account/connections`);
  told.splice(0);
  await grace.submit(list, '/account/connections/disconnect', { server: 'notes' });
  await waitFor('the news of its end', () => told.includes('grace'));
  assert.match(await markOf('grace'), /connection_required/);
  assert.ok(!told.includes('ada'), 'somebody else was told');
});
