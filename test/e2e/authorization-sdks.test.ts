/** The official SDKs as clients of our authorization server, by registration and by an address, from nothing to a renewed token. */

import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { auth as authModern } from '@modelcontextprotocol/client';
import { auth as authLegacy } from '@modelcontextprotocol/sdk/client/auth.js';
import { type AuthorizationSite, answerConsent, startAuthorizationSite } from '../support/authorization-site.ts';
import type { Browser } from '../support/browser.ts';
import { sendModern } from '../support/raw-client.ts';
import { TEST_CERTIFICATE, TEST_CERTIFICATE_KEY } from '../support/secrets/test-certificate.ts';
import type { Cleanup } from '../support/temp-dir.ts';

const BACK = 'http://127.0.0.1:39999/callback';

interface Kept {
  client?: { client_id: string };
  tokens?: { access_token: string; refresh_token?: string };
  verifier?: string;
  discovery?: object;
  sentTo?: URL;
}

/** What a program has to bring along; the same members for both SDKs. */
function createProvider(kept: Kept, clientMetadataUrl: string | undefined) {
  return {
    redirectUrl: BACK,
    ...(clientMetadataUrl !== undefined && { clientMetadataUrl }),
    clientMetadata: {
      client_name: 'SDK client',
      redirect_uris: [BACK],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    state: () => 'a state',
    clientInformation: () => kept.client as never,
    saveClientInformation(client: unknown) {
      kept.client = client as { client_id: string };
    },
    tokens: () => kept.tokens as never,
    saveTokens(tokens: unknown) {
      kept.tokens = tokens as { access_token: string };
    },
    redirectToAuthorization(url: URL) {
      kept.sentTo = url;
    },
    saveCodeVerifier(verifier: string) {
      kept.verifier = verifier;
    },
    codeVerifier: () => kept.verifier ?? assert.fail(),
    saveDiscoveryState(state: unknown) {
      kept.discovery = state as object;
    },
    discoveryState: () => kept.discovery as never,
  };
}

interface Step {
  readonly serverUrl: string;
  readonly authorizationCode?: string;
  readonly iss?: string;
  readonly fetchFn: (url: string | URL, init?: RequestInit) => Promise<Response>;
}

const SDKS: { readonly [name: string]: (provider: object, step: Step) => Promise<string> } = {
  'SDK 1': (provider, step) => authLegacy(provider as Parameters<typeof authLegacy>[0], step),
  'SDK 2': (provider, step) => authModern(provider as Parameters<typeof authModern>[0], step),
};

/** Where the endpoint does not say itself whose tokens it takes, this says so. */
function fetchWithResource(site: AuthorizationSite): Step['fetchFn'] {
  return async (url, init) => {
    const answer = await fetch(url, init);
    if (answer.status !== 404 || !String(url).includes('/.well-known/oauth-protected-resource')) return answer;
    await answer.body?.cancel();
    const resource = `${site.url}/mcp`;
    return Response.json({ resource, authorization_servers: [site.url], scopes_supported: ['mcp'] });
  };
}

/** The metadata of a client, at an https address of this machine. */
async function startClientSite(t: Cleanup): Promise<string> {
  let url = '';
  const server = createServer({ cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY }, (_request, response) => {
    const document = { client_id: url, client_name: 'Known by its address', redirect_uris: [BACK] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...before, TEST_CERTIFICATE]);
  t.after(() => tls.setDefaultCACertificates(before));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/client.json`;
  return url;
}

async function goThrough(site: AuthorizationSite, ada: Browser, sdk: string, clientMetadataUrl: string | undefined) {
  const authorize = SDKS[sdk] ?? assert.fail(sdk);
  const kept: Kept = {};
  const provider = createProvider(kept, clientMetadataUrl);
  const step = { serverUrl: `${site.url}/mcp`, fetchFn: fetchWithResource(site) };
  assert.equal(await authorize(provider, step), 'REDIRECT');
  assert.equal(kept.sentTo?.origin, site.url);
  assert.equal(kept.sentTo?.searchParams.get('resource'), `${site.url}/mcp`);
  const back = await answerConsent(ada, await ada.follow(await ada.get(String(kept.sentTo)), site.url));
  assert.equal(back.searchParams.get('state'), 'a state');
  const authorizationCode = back.searchParams.get('code') ?? assert.fail(back.href);
  const iss = back.searchParams.get('iss') ?? assert.fail(back.href);
  assert.equal(await authorize(provider, { ...step, authorizationCode, iss }), 'AUTHORIZED');
  const verify = async () => {
    const verdict = await site.app.tokens.verify(kept.tokens?.access_token ?? '', `${site.url}/mcp`);
    return verdict.type === 'valid' ? [verdict.caller.keyName, verdict.clientId] : verdict;
  };
  assert.deepEqual(await verify(), ['oauth:user:ada', kept.client?.client_id]);
  const ask = (key: string) => sendModern({ url: `${site.url}/mcp`, key, method: 'tools/list' });
  assert.equal((await ask(kept.tokens?.access_token ?? '')).status, 200);
  assert.equal((await ask('poa_x')).status, 401);
  const first = kept.tokens;
  assert.equal(await authorize(provider, step), 'AUTHORIZED', 'with the refresh token, without a person');
  assert.notEqual(kept.tokens?.refresh_token, first?.refresh_token);
  assert.deepEqual(await verify(), ['oauth:user:ada', kept.client?.client_id]);
  return kept.client?.client_id ?? '';
}

for (const sdk of Object.keys(SDKS)) {
  test(`${sdk} registers, is let in, and renews its token`, async (t) => {
    const site = await startAuthorizationSite(t);
    await site.addUser('ada');
    assert.match(await goThrough(site, await site.signIn('ada'), sdk, undefined), /^oc_/);
  });

  test(`${sdk} comes with an address that describes it, is let in, and renews its token`, async (t) => {
    const site = await startAuthorizationSite(t, { clientDocuments: { allowLoopback: true } });
    await site.addUser('ada');
    const clientUrl = await startClientSite(t);
    assert.equal(await goThrough(site, await site.signIn('ada'), sdk, clientUrl), clientUrl);
  });
}
