/** Addresses that strangers hand to our authorization server: of all that a client says of itself, nothing is fetched but its own description. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import {
  authorizeUrl,
  createPkce,
  letIn,
  postForm,
  register,
  startAuthorizationSite,
} from '../support/authorization-site.ts';
import type { Cleanup } from '../support/temp-dir.ts';

const BACK = 'https://editor.example/callback';

/** Answers each path with what is put there; all others with nothing. */
async function startStranger(t: Cleanup) {
  const asked: string[] = [];
  const pages = new Map<string, { readonly status?: number; readonly headers?: object; readonly body?: object }>();
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const { status = 200, headers, body = {} } = pages.get(request.url ?? '') ?? { status: 404 };
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, pages };
}

/** Every member of a client's metadata that is an address, but for those that browsers are sent to. */
const addressesAt = (origin: string) => ({
  jwks_uri: `${origin}/jwks`,
  sector_identifier_uri: `${origin}/sector`,
  logo_uri: `${origin}/logo`,
  client_uri: `${origin}/home`,
  policy_uri: `${origin}/policy`,
  tos_uri: `${origin}/tos`,
  initiate_login_uri: `${origin}/login`,
  backchannel_logout_uri: `${origin}/logout`,
  request_uris: [`${origin}/request`],
  post_logout_redirect_uris: [`${origin}/bye`],
});

test('nothing that a client names is fetched, neither when it registers nor when it asks', async (t) => {
  const stranger = await startStranger(t);
  const site = await startAuthorizationSite(t, {
    ...{ clientDocuments: { allowLoopback: true }, registration: { maxPerMinute: 1_000 } },
  });
  await site.addUser('ada');
  const ada = await site.signIn('ada');
  const registered: string[] = [];
  const addresses = addressesAt(stranger.origin);
  for (const method of ['none', 'client_secret_basic', 'private_key_jwt'])
    for (const [member, value] of [...Object.entries(addresses), ['all', addresses] as const]) {
      const { status, body } = await register(site, {
        ...{ client_name: 'Editor', redirect_uris: [BACK], token_endpoint_auth_method: method },
        ...(member === 'all' ? addresses : { [member]: value }),
      });
      assert.ok(status === 201 || status === 400, `${method} ${member}: ${status}`);
      if (status === 201 && method === 'none') registered.push(String(body.client_id));
    }
  assert.ok(registered.length > 0, 'nobody was registered');
  const clientId = `${stranger.origin}/client`;
  stranger.pages.set('/client', {
    body: { client_id: clientId, client_name: 'Editor', redirect_uris: [BACK], ...addresses },
  });
  for (const each of [...registered, clientId]) {
    const { challenge } = createPkce();
    for (const more of [
      { request_uri: `${stranger.origin}/request` },
      { request: `eyJhbGciOiJSUzI1NiIsImprdSI6Ii9qd2tzIn0.e30.x` },
      { claims_uri: `${stranger.origin}/claims`, registration: `{"jwks_uri":"${stranger.origin}/jwks"}` },
    ])
      await ada.get(authorizeUrl(site, { clientId: each, redirectUri: BACK, challenge }, more));
    const { status, body } = await letIn(site, ada, { clientId: each, redirectUri: BACK });
    // Which of them may is told elsewhere; here is only looked at what is fetched.
    assert.ok(status === 200 || status === 401, `${status} ${JSON.stringify(body)}`);
    const assertion = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: 'eyJhbGciOiJSUzI1NiJ9.e30.x',
    };
    const refresh = { grant_type: 'refresh_token', refresh_token: 'por_x', client_id: each };
    const answer = await postForm(`${site.url}/oauth/token`, { ...refresh, ...assertion });
    assert.ok(answer.status >= 400);
  }
  assert.deepEqual([...new Set(stranger.asked)], ['/client']);
});

test('a description that has moved is not followed, wherever it leads', async (t) => {
  const [stranger, elsewhere] = [await startStranger(t), await startStranger(t)];
  const site = await startAuthorizationSite(t, { clientDocuments: { allowLoopback: true } });
  await site.addUser('ada');
  const ada = await site.signIn('ada');
  const { challenge } = createPkce();
  const places = [`${elsewhere.origin}/there`, '/there', 'http://169.254.169.254/latest', 'file:///etc/passwd'];
  for (const location of places)
    for (const status of [301, 302, 303, 307, 308]) {
      const path = `/moved-${status}-${places.indexOf(location)}`;
      stranger.pages.set(path, { status, headers: { location } });
      const clientId = `${stranger.origin}${path}`;
      const page = await ada.get(authorizeUrl(site, { clientId, redirectUri: BACK, challenge }));
      assert.deepEqual([page.status, page.location], [400, undefined], location);
      assert.match(page.text, new RegExp(`status ${status}`), location);
    }
  assert.deepEqual(elsewhere.asked, []);
  assert.ok(!stranger.asked.includes('/there'));
});
