/** A server for which the gateway gets its token by itself: with a secret, with a signed assertion, and never at another issuer. */

import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { startAccountServer, startTenant } from '../support/account-server.ts';
import { startApp } from '../support/app.ts';
import { connectV2 } from '../support/clients.ts';
import { waitFor } from '../support/wait-for.ts';

const SECRET = 'a-client-secret-of-32-characters';
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PEM = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const JWK = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' };

const WAYS = {
  'a secret': { client: { client_secret: SECRET }, oauth: { clientSecret: SECRET }, own: {} },
  'a signed assertion': {
    client: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [JWK] } },
    oauth: {},
    own: { privateKey: PEM },
  },
} as const;

for (const [name, { client, oauth, own }] of Object.entries(WAYS)) {
  test(`with ${name} the gateway gets a token, and another one when it is refused, without a person`, async (t) => {
    const tenant = await startTenant(t, { type: 'alone', client: { client_id: 'gateway', ...client } });
    const server = await startAccountServer(t, 'modern', tenant);
    const { app, url, key, log } = await startApp(t, {
      mcpServers: { notes: { url: server.mcpUrl } },
      serverOptions: {
        notes: {
          oauth: {
            clientId: 'gateway',
            scopes: ['notes'],
            ...oauth,
            clientCredentials: { issuer: tenant.issuer, ...own },
          },
        },
      },
    });
    await waitFor('the server', () => app.registry.current().get('notes')?.status().state === 'healthy');
    const caller = await connectV2('auto')({
      url: `${url}/mcp`,
      headers: { authorization: `Bearer ${key}` },
      home: '',
    });
    const whoami = async (): Promise<string> => JSON.stringify(await caller.callTool('notes__whoami', {}));
    assert.match(await whoami(), /"gateway"/);
    assert.deepEqual([...new Set(tenant.grants)], ['client_credentials']);
    const before = tenant.grants.length;
    await caller.callTool('notes__note', { text: 'x' });
    assert.equal(tenant.grants.length, before, 'a token for each call');
    await caller.close();
    const told = log.join('\n');
    assert.ok(!told.includes(SECRET) && !told.includes('PRIVATE KEY'), 'a secret was logged');
  });
}

test('an issuer that the configuration does not name gets neither secret nor assertion', async (t) => {
  const tenant = await startTenant(t, { type: 'alone', client: { client_id: 'gateway', ...WAYS['a secret'].client } });
  const server = await startAccountServer(t, 'modern', tenant);
  const { app, log } = await startApp(t, {
    mcpServers: { notes: { url: server.mcpUrl } },
    serverOptions: {
      notes: {
        oauth: { clientId: 'gateway', clientSecret: SECRET, clientCredentials: { issuer: 'https://id.example' } },
      },
    },
  });
  await waitFor('the refusal', () => app.registry.current().get('notes')?.status().state === 'needs_auth');
  assert.deepEqual(tenant.grants, []);
  assert.match(log.join('\n'), /the client credentials are for https:\/\/id\.example/);
});
