/** The official SDK's clients get a token for the gateway at a real OpenID provider by what the gateway tells them, and use it. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { UnauthorizedError as UnauthorizedErrorV1 } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { createBrowser } from '../support/browser.ts';
import { CLIENT, signInAtProvider, startIdentityProvider } from '../support/identity-provider.ts';
import { startTokenSite } from '../support/token-issuer.ts';

const REDIRECT = 'http://127.0.0.1:9/callback';
const IDENTITY = { name: 'test', version: '1.0.0' };

async function start(t: TestContext) {
  const idp = await startIdentityProvider(t, () => 'http://127.0.0.1:9', {
    ...{ redirectUri: REDIRECT, scope: 'mcp mcp:read models' },
  });
  const site = await startTokenSite(t, {
    authorization: {
      access: { allow: ['demo'] },
      issuers: [{ issuer: idp.issuer, claims: { rules: [{ claim: 'sub', value: 'sub-*', team: 'all' }] } }],
    },
    teams: { all: {} },
  });
  return { idp, site, resource: `${site.url}/mcp/demo` };
}

/** What a client of the SDK keeps of its authorization; `url` is where it would have sent somebody. */
function createKeeper() {
  let verifier = '';
  let tokens: { access_token: string; token_type: string } | undefined;
  const keeper = {
    url: undefined as URL | undefined,
    get accessToken(): string {
      return tokens?.access_token ?? assert.fail('there is no token');
    },
    redirectUrl: REDIRECT,
    clientMetadata: { redirect_uris: [REDIRECT], client_name: 'test' },
    clientInformation: () => ({ client_id: CLIENT.id, client_secret: CLIENT.secret }),
    tokens: () => tokens,
    saveTokens(each: { access_token: string; token_type: string }) {
      tokens = each;
    },
    redirectToAuthorization(url: URL) {
      keeper.url = url;
    },
    saveCodeVerifier(each: string) {
      verifier = each;
    },
    codeVerifier: () => verifier,
  };
  return keeper;
}

/** The code, once somebody has signed in where the client sent them. */
async function authorize(url: URL | undefined, login: string): Promise<URLSearchParams> {
  const browser = createBrowser();
  const page = await signInAtProvider(browser, await browser.get(url?.href ?? assert.fail('nobody was sent')), login);
  return new URL(page.location ?? assert.fail('the provider sent nobody back')).searchParams;
}

test('a client of SDK v2 finds the provider, gets a token for the endpoint, and calls a tool with it', async (t) => {
  const { site, resource } = await start(t);
  const keeper = createKeeper();
  const connect = (): StreamableHTTPClientTransport =>
    new StreamableHTTPClientTransport(new URL(resource), { authProvider: keeper });
  const first = connect();
  await assert.rejects(new Client(IDENTITY).connect(first), UnauthorizedError);
  assert.equal(keeper.url?.searchParams.get('resource'), resource);
  assert.equal(keeper.url?.searchParams.get('scope'), 'mcp');
  await first.finishAuth(await authorize(keeper.url, 'sub-ada'));
  const client = new Client(IDENTITY);
  await client.connect(connect());
  t.after(() => client.close());
  const answer = await client.callTool({ name: 'echo', arguments: { message: 'hello' } });
  assert.match(JSON.stringify(answer.content), /hello/);
  const elsewhere = await fetch(`${site.url}/mcp/other`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keeper.accessToken}`, 'content-type': 'application/json' },
    body: '{}',
  });
  assert.equal(elsewhere.status, 401, 'it is good for that endpoint alone');
});

test('a client of SDK v1 does, too, and goes on while the provider is down', async (t) => {
  const { idp, resource } = await start(t);
  const keeper = createKeeper();
  const connect = async (): Promise<ClientV1> => {
    const client = new ClientV1(IDENTITY);
    const transport = new TransportV1(new URL(resource), { authProvider: keeper });
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    return client;
  };
  await assert.rejects(connect(), UnauthorizedErrorV1);
  const { searchParams } = keeper.url ?? assert.fail('nobody was sent');
  assert.equal(searchParams.get('resource'), resource);
  const transport = new TransportV1(new URL(resource), { authProvider: keeper });
  await transport.finishAuth((await authorize(keeper.url, 'sub-ada')).get('code') ?? '');
  const client = await connect();
  const echo = { name: 'echo', arguments: { message: 'hello' } };
  assert.match(JSON.stringify(await client.callTool(echo)), /hello/);
  idp.down = 503;
  assert.match(JSON.stringify(await client.callTool(echo)), /hello/);
  await client.close();
});

test('somebody who is nobody here is told so, and the client does not send them round and round', async (t) => {
  const { resource } = await start(t);
  const keeper = createKeeper();
  const first = new StreamableHTTPClientTransport(new URL(resource), { authProvider: keeper });
  await assert.rejects(new Client(IDENTITY).connect(first), UnauthorizedError);
  await first.finishAuth(await authorize(keeper.url, 'stranger'));
  keeper.url = undefined;
  const again = new StreamableHTTPClientTransport(new URL(resource), { authProvider: keeper });
  await assert.rejects(new Client(IDENTITY).connect(again), /Nobody here|403/);
  assert.equal(keeper.url, undefined);
});
