/** What a hostile server, a hostile issuer or another person may try while somebody connects an account, through the real pages. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type OAuthServer, startOAuthServer } from '../../src/upstreams/oauth/testing/oauth-server.ts';
import type { Browser, BrowserPage } from '../support/browser.ts';
import { type ConnectSite, perUser, startConnectSite } from '../support/connect-site.ts';
import { waitFor } from '../support/wait-for.ts';

const RESOURCE_METADATA = '/.well-known/oauth-protected-resource/mcp';
const ISSUER_METADATA = '/.well-known/oauth-authorization-server';

/** `before`: what is done to the server before the gateway knows it. */
async function start(
  t: TestContext,
  before: (server: OAuthServer) => void = () => {},
): Promise<{ server: OAuthServer; site: ConnectSite; ada: Browser }> {
  const server = await startOAuthServer();
  before(server);
  t.after(() => server[Symbol.asyncDispose]());
  const site = await startConnectSite(t, perUser({ files: server.mcpUrl }));
  return { server, site, ada: await site.browserOf('ada') };
}

/** The page after the button was pressed: with a link that leads to the issuer, or why there is none. */
async function begin(site: ConnectSite, browser: Browser): Promise<BrowserPage> {
  return browser.submit(await browser.get(`${site.url}/connect/files`), '/connect/files');
}

/** The address of the callback, which has not been opened. */
async function approve(site: ConnectSite, browser: Browser): Promise<URL> {
  const page = await begin(site, browser);
  const address = /class="button" href="([^"]+)" rel="noreferrer"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&');
  const { location } = await browser.get(address ?? assert.fail(page.text));
  return new URL(location ?? assert.fail('nobody came back'));
}

const finish = async (site: ConnectSite, browser: Browser, back: URL): Promise<BrowserPage> =>
  browser.follow(await browser.get(back.href), site.url);

/** On this machine, as the server is: the guard of addresses would let it be reached. */
async function startElsewhere(t: TestContext): Promise<{ readonly origin: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const http = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    http.closeAllConnections();
    http.close();
  });
  return { origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, asked };
}

test('no address that a server or its issuer names may send the gateway on to another origin', async (t) => {
  const elsewhere = await startElsewhere(t);
  const awayWith = (status: number) => ({ status, headers: { location: `${elsewhere.origin}/away` } });
  const { server, site, ada } = await start(t, (made) => made.instead.set('/register', awayWith(307)));
  const tried = (path: string): number => server.paths.filter((each) => each === path).length;
  const statuses = [301, 302, 303, 307, 308];
  for (const status of statuses) {
    const before = tried('/register');
    server.instead.set('/register', awayWith(status));
    const page = await begin(site, ada);
    assert.equal(page.status, 502, `${status} ${page.text}`);
    assert.ok(tried('/register') > before);
  }
  server.instead.clear();
  for (const status of statuses) {
    const away = awayWith(status);
    for (const path of ['/mcp', RESOURCE_METADATA, ISSUER_METADATA]) {
      const before = tried(path);
      server.instead.set(path, away);
      const page = await begin(site, ada);
      // Without metadata a server is its own issuer, with the usual paths.
      assert.ok(page.text.includes(`href="${server.origin}/authorize?`), `${status} ${path}: ${page.text}`);
      assert.ok(tried(path) > before, `${path} was not asked`);
      server.instead.delete(path);
    }
    const back = await approve(site, ada);
    server.instead.set('/token', away);
    assert.equal((await finish(site, ada, back)).status, 400, String(status));
    server.instead.delete('/token');

    assert.match((await finish(site, ada, await approve(site, ada))).text, /files is connected/);
    server.instead.set('/revoke', away);
    const list = await ada.get(`${site.url}/account/connections`);
    const gone = await ada.submit(list, '/account/connections/disconnect');
    assert.equal(new URL(gone.location ?? '').search, '?done=untold');
    server.instead.delete('/revoke');
  }
  assert.deepEqual(elsewhere.asked, []);
});

test('metadata that is of another issuer or another resource begins no sign-in, and nobody is registered with it', async (t) => {
  const { server, site, ada } = await start(t);
  const registered = (): number => server.paths.filter((path) => path === '/register').length;
  await waitFor('the sign-in of the gateway', () => registered() > 0);
  const before = registered();
  for (const issuer of ['https://honest.example', `${server.origin}/`, `${server.origin}/tenant`, '']) {
    server.metadata = { issuer };
    const page = await begin(site, ada);
    assert.equal(page.status, 502, `${issuer}: ${page.text}`);
  }
  server.metadata = { code_challenge_methods_supported: ['plain'] };
  assert.equal((await begin(site, ada)).status, 502, 'a challenge that whoever sees it can answer');
  server.metadata = {};
  for (const resource of [
    'https://honest.example/mcp',
    `${server.origin}/other`,
    `${server.origin.replace('127.0.0.1', 'localhost')}/mcp`,
  ]) {
    server.instead.set(RESOURCE_METADATA, { status: 200, body: { resource, authorization_servers: [server.origin] } });
    const page = await begin(site, ada);
    assert.equal(page.status, 502, `${resource}: ${page.text}`);
  }
  assert.equal(registered(), before);
  server.instead.clear();
  assert.equal((await begin(site, ada)).status, 200);
});

test('an answer that names another issuer is void also where the issuer had promised to name none', async (t) => {
  const { server, site, ada } = await start(t);
  server.metadata = { authorization_response_iss_parameter_supported: false };
  const wrong = await approve(site, ada);
  wrong.searchParams.set('iss', 'https://honest.example');
  const page = await finish(site, ada, wrong);
  assert.equal(page.status, 400);
  assert.deepEqual(server.grants, [], 'its code was used');
  const none = await approve(site, ada);
  none.searchParams.delete('iss');
  assert.match((await finish(site, ada, none)).text, /files is connected/);
  const twice = await approve(site, ada);
  twice.searchParams.append('iss', 'https://honest.example');
  twice.searchParams.append('state', 'x');
  assert.equal((await finish(site, ada, twice)).status, 400, 'a state that stands twice is none');
});

test('a code of somebody else’s sign-in is worth nothing in one’s own, and neither is a stolen answer in another browser', async (t) => {
  const { server, site, ada } = await start(t);
  const grace = await site.browserOf('grace');
  const [hers, own] = [await approve(site, ada), await approve(site, grace)];
  // Whoever got at the code without the state: it needs the verifier that belongs to it.
  own.searchParams.set('code', hers.searchParams.get('code') ?? '');
  assert.equal((await finish(site, grace, own)).status, 400);
  // Whoever got at all of it, with a session and without.
  const stolen = await approve(site, ada);
  assert.equal((await finish(site, grace, stolen)).status, 403);
  const nobody = await fetch(await approve(site, ada), { redirect: 'manual' });
  assert.ok(nobody.status >= 400, String(nobody.status));
  const { app } = site;
  for (const browser of [ada, grace]) {
    const list = await browser.get(`${site.url}/account/connections`);
    assert.doesNotMatch(list.text, /\/account\/connections\/disconnect/);
  }
  assert.ok(app.registry.current().get('files')?.status().state !== 'healthy');
  assert.ok(server.tokens.length === 0, 'somebody got a token');
});
