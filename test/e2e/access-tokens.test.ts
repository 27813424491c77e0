/** Access tokens of an authorization server in place of keys: what is taken, what is refused, and what clients are told. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { post, startTokenIssuer, startTokenSite, type TestTokenIssuer } from '../support/token-issuer.ts';
import { waitFor } from '../support/wait-for.ts';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function start(t: TestContext, more: object = {}, access: object = { allow: ['*', 'model:*'] }) {
  const idp = await startTokenIssuer(t);
  const configOf = (of: TestTokenIssuer, issuer: object = {}) => ({
    authorization: { access, issuers: [{ issuer: of.issuer, ...more, ...issuer }] },
  });
  const site = await startTokenSite(t, configOf(idp));
  await site.people.add('user', 'ada', { identities: [{ issuer: idp.issuer, subject: 'sub-ada' }] });
  await site.people.add('user', 'bob', { identities: [{ issuer: idp.issuer, subject: 'sub-bob' }] });
  const mcp = `${site.url}/mcp`;
  const token = (claims: object = {}, options = {}) => idp.sign({ sub: 'sub-ada', aud: mcp, ...claims }, options);
  await waitFor('the users to be known', async () => (await post(mcp, bearer(await token()))).status === 200);
  return { idp, site, mcp, token, configOf };
}

test('a token of a configured issuer is taken in place of a key, and one without is told where to get it', async (t) => {
  const { site, mcp, token } = await start(t);
  const served = await post(mcp, bearer(await token()));
  assert.equal(served.status, 200);
  assert.match(served.text, /hello/);
  assert.equal((await post(mcp, bearer(site.key))).status, 200);

  const refused = await post(mcp, {});
  assert.equal(refused.status, 401);
  const metadata = `${site.url}/.well-known/oauth-protected-resource/mcp`;
  assert.equal(refused.challenge, `Bearer resource_metadata="${metadata}", scope="mcp"`);
  const document = (await (await fetch(metadata)).json()) as { resource: string };
  assert.equal(document.resource, mcp);
});

test('what is no good token is refused, and says why to whoever develops the client, but never what stands in it', async (t) => {
  const { idp, site, mcp, token } = await start(t);
  const nowS = Math.floor(Date.now() / 1_000);
  const good = await token();
  const [header = '', payload = '', signature = ''] = good.split('.');
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const publicKey = new TextEncoder().encode(JSON.stringify(idp.keys[0]));
  const stranger = await generateKeyPair('ES256', { extractable: true });
  const elsewhere = await startTokenIssuer(t);
  const jwk = { ...(await exportJWK(stranger.publicKey)), kid: 'key-1' };
  elsewhere.keys = [jwk];

  const bad: { readonly [what: string]: readonly [string, RegExp] } = {
    'no signature at all': [`${part({ alg: 'none', typ: 'at+jwt' })}.${payload}.`, /kind that is not taken/],
    'the public key as a shared secret': [
      await token({}, { header: { alg: 'HS256' }, key: publicKey }),
      /kind that is not taken/,
    ],
    'another issuer': [await token({ iss: elsewhere.issuer }), /unknown/],
    'an issuer that only begins like ours': [await token({ iss: `${idp.issuer}/` }), /unknown/],
    'another endpoint': [await token({ aud: `${mcp}/demo` }), /another resource/],
    'no audience': [await token({ aud: undefined }), /aud/],
    'a slash too many in the audience': [await token({ aud: `${mcp}/` }), /another resource/],
    'an audience that only begins like ours': [await token({ aud: [`${mcp}.evil`] }), /another resource/],
    expired: [await token({ exp: nowS - 61 }), /expired/],
    'without an end': [await token({ exp: undefined }), /exp/],
    'not valid yet': [await token({ nbf: nowS + 90 }), /not valid yet/],
    'without a subject': [await token({ sub: undefined }), /sub/],
    'of another type': [await token({}, { header: { typ: 'logout+jwt' } }), /type/],
    'an ID token': [await token({ nonce: 'n' }, { header: { typ: 'JWT' } }), /ID token/],
    'signed by a stranger under a known name': [await token({}, { key: stranger.privateKey }), /signature/],
    'a key that it brings itself': [await token({}, { header: { jwk }, key: stranger.privateKey }), /signature/],
    'keys at an address of its own': [
      await token({}, { header: { jku: `${elsewhere.issuer}/keys`, kid: 'elsewhere' }, key: stranger.privateKey }),
      /no key/,
    ],
    'a certificate at an address of its own': [
      await token({}, { header: { x5u: `${elsewhere.issuer}/keys` }, key: stranger.privateKey }),
      /signature/,
    ],
    'a name of a key that is a path': [
      await token({}, { header: { kid: '../../dev/null' }, key: stranger.privateKey }),
      /no key/,
    ],
    'a critical header that nobody knows': [
      `${part({ alg: 'ES256', typ: 'at+jwt', kid: 'key-1', crit: ['x'], x: 1 })}.${payload}.${signature}`,
      /cannot be read/,
    ],
    'other claims under the same signature': [
      `${header}.${part({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'sub-bob' })}.${signature}`,
      /signature/,
    ],
    'cut off': [good.slice(0, -4), /signature/],
    'a key that is unknown': ['pck_0123456789abcdef', /unknown/],
    'longer than any': [await token({ filler: 'x'.repeat(14_000) }), /longer than/],
  };
  for (const [what, [each, reason]] of Object.entries(bad)) {
    const { status, challenge, text } = await post(mcp, bearer(each));
    assert.equal(status, 401, `${what}: ${text}`);
    assert.match(challenge ?? '', /error="invalid_token", error_description="[^"]+"$/, what);
    assert.match(challenge ?? '', reason, what);
    assert.ok(!text.includes(each) && !text.includes('sub-'), what);
  }
  assert.deepEqual(elsewhere.requests, [], 'what a token says of keys leads nowhere');
  assert.equal((await post(mcp, bearer(await token({ exp: nowS - 50 })))).status, 200, 'clocks may differ');
  assert.equal((await post(mcp, bearer(await token({}, { header: { typ: 'JWT' } })))).status, 200);
  assert.equal((await post(mcp, bearer(await token({ aud: ['x', mcp] })))).status, 200);
  assert.equal((await post(mcp, bearer(site.key))).status, 200);
  const huge = await post(mcp, bearer('x'.repeat(100_000))).catch(() => undefined);
  assert.ok(huge === undefined || huge.status >= 400);
});

test('a token stands in Authorization, and nowhere else', async (t) => {
  const { site, mcp, token, idp, configOf } = await start(t);
  const good = await token();
  for (const header of ['x-api-key', 'x-goog-api-key', 'x-portcullis-key'])
    assert.equal((await post(mcp, { [header]: good })).status, 401, header);
  for (const query of [`?access_token=${good}`, `?key=${good}`, `?token=${good}`])
    assert.equal((await post(`${mcp}${query}`, {})).status, 401);
  const both = await post(mcp, { ...bearer(good), 'x-api-key': site.key });
  assert.equal(both.status, 401);
  assert.match(both.text, /different keys/);
  assert.equal((await post(mcp, { ...bearer(site.key), 'x-api-key': good })).status, 401);

  await site.configure({ ...configOf(idp), providers: { fake: {} } });
  const models = await token({ scope: 'models' });
  const gemini = `${site.url}/v1beta/models`;
  assert.equal((await fetch(`${gemini}?key=${site.key}`)).status, 200);
  assert.equal((await fetch(`${gemini}?key=${models}`)).status, 401);
  assert.equal((await fetch(`${gemini}?key=${site.key}`, { headers: bearer(models) })).status, 401);
  assert.equal((await fetch(gemini, { headers: bearer(models) })).status, 200);
});

test('an endpoint takes only tokens that were issued for it', async (t) => {
  const { site, token } = await start(t);
  const paths = ['/mcp', '/mcp/demo', '/mcp/other'];
  const call = (path: string, authorization: object) =>
    post(`${site.url}${path}`, { ...authorization } as { [name: string]: string }, 'tools/list', {});
  for (const issuedFor of paths)
    for (const path of paths) {
      const { status } = await call(path, bearer(await token({ aud: `${site.url}${issuedFor}` })));
      assert.equal(status, issuedFor === path ? 200 : 401, `${issuedFor} at ${path}`);
    }
  const nowhere = await call('/mcp/nowhere', {});
  const { challenge } = await call('/mcp/demo', {});
  assert.equal(nowhere.challenge, challenge?.replace('demo', 'nowhere'), 'what is not there looks the same');
  assert.equal((await call('/mcp/nowhere', bearer(await token({ aud: `${site.url}/mcp/nowhere` })))).status, 404);
});

test('the documents are there for every name that could be one, for every web page, and only with the section', async (t) => {
  const { site, idp } = await start(t);
  const wellKnown = `${site.url}/.well-known/oauth-protected-resource`;
  const read = async (path: string) => (await (await fetch(`${wellKnown}${path}`)).json()) as { resource: string };
  assert.deepEqual(await read(''), {
    resource: `${site.url}/mcp`,
    authorization_servers: [idp.issuer],
    scopes_supported: ['mcp'],
    bearer_methods_supported: ['header'],
    resource_name: 'Portcullis /mcp',
  });
  for (const path of ['/mcp', '/mcp/demo', '/mcp/nowhere', '/mcp/t/some', '/mcp/t'])
    assert.equal((await read(path)).resource, `${site.url}${path}`);
  for (const path of ['/other', '/mcp/%22', '/mcp/a/b', '/mcp/t/a/b', `/mcp/${'x'.repeat(65)}`])
    assert.equal((await fetch(`${wellKnown}${path}`)).status, 404, path);

  const origin = 'https://page.example';
  const page = await fetch(`${wellKnown}/mcp`, { headers: { origin } });
  assert.equal(page.headers.get('access-control-allow-origin'), '*');
  const preflight = await fetch(`${wellKnown}/mcp`, {
    method: 'OPTIONS',
    headers: {
      ...{ origin, 'access-control-request-method': 'GET' },
      'access-control-request-headers': 'mcp-protocol-version',
    },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
  assert.equal(preflight.headers.get('access-control-allow-headers'), 'mcp-protocol-version');
  assert.equal((await post(`${site.url}/mcp`, { origin })).status, 403, 'no other path is open to it');
  assert.equal((await fetch(`${wellKnown}-not/mcp`, { headers: { origin } })).status, 403);
  assert.equal((await fetch(`${wellKnown}/mcp`, { method: 'POST' })).status, 405);

  await site.configure({});
  assert.equal((await fetch(`${wellKnown}/mcp`)).status, 404);
  const plain = await post(`${site.url}/mcp`, {});
  assert.deepEqual([plain.status, plain.challenge], [401, 'Bearer']);
});

test('a token is good for what it was issued for, and its holder is told what is missing', async (t) => {
  const { site, mcp, token, idp, configOf } = await start(t);
  await site.configure({ ...configOf(idp), providers: { fake: {} } });
  const reading = bearer(await token({ scope: 'openid mcp:read' }));
  assert.equal((await post(mcp, reading, 'tools/list', {})).status, 200);
  const refused = await post(mcp, reading);
  assert.equal(refused.status, 403);
  assert.match(refused.challenge ?? '', /^Bearer resource_metadata=".+", scope="mcp", error="insufficient_scope"/);
  assert.match(refused.text, /"scope":"mcp"/);

  const models = bearer(await token({ scope: undefined, scp: ['models'] }));
  assert.equal((await post(mcp, models, 'tools/list', {})).status, 403);
  assert.equal((await post(mcp, models, 'subscriptions/listen', { notifications: {} })).status, 403);
  assert.equal((await fetch(mcp, { headers: { ...models, accept: 'text/event-stream' } })).status, 403);
  const chat = (headers: { [name: string]: string }) =>
    fetch(`${site.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ model: 'fake/echo', messages: [{ role: 'user', content: 'hi' }] }),
    });
  assert.equal((await chat(models)).status, 200);
  const wrong = await chat(reading);
  assert.equal(wrong.status, 403);
  assert.match(wrong.headers.get('www-authenticate') ?? '', /scope="models", error="insufficient_scope"/);
  const none = await chat({});
  assert.equal(none.status, 401);
  assert.match(none.headers.get('www-authenticate') ?? '', /oauth-protected-resource\/mcp", scope="models"$/);
  const withTools = { ...models, 'x-portcullis-tool-mode': 'classic' };
  const tools = await chat(withTools);
  assert.equal(tools.status, 403);
  assert.match(tools.headers.get('www-authenticate') ?? '', /scope="models mcp", error="insufficient_scope"/);
  const both = bearer(await token({ scope: 'models mcp' }));
  assert.equal((await chat({ ...both, 'x-portcullis-tool-mode': 'classic' })).status, 200);
  const execute = await fetch(`${site.url}/v1/mcp/tool/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...models },
    body: '{}',
  });
  assert.equal(execute.status, 403);

  await site.configure(configOf(idp, { scopes: ['mcp'] }));
  assert.equal((await post(mcp, bearer(await token({ scope: undefined })))).status, 200, 'an issuer that knows none');
});

test('the address is the configured one, as URLs are written', async (t) => {
  const { site, idp, token, configOf } = await start(t);
  await site.configure({ ...configOf(idp), listen: { publicUrl: 'https://Gateway.Example:443' } });
  const { challenge } = await post(`${site.url}/mcp/demo`, {});
  assert.match(challenge ?? '', /="https:\/\/gateway\.example\/\.well-known\/oauth-protected-resource\/mcp\/demo"/);
  assert.equal((await post(`${site.url}/mcp`, bearer(await token()))).status, 401);
  assert.equal(
    (await post(`${site.url}/mcp`, bearer(await token({ aud: 'https://gateway.example/mcp' })))).status,
    200,
  );
});

test('an issuer that gives no keys is no fault of the client', async (t) => {
  const { site, mcp, configOf } = await start(t);
  const lame = await startTokenIssuer(t);
  lame.down = 500;
  await site.configure(configOf(lame));
  const answer = await post(mcp, bearer(await lame.sign({ sub: 's', aud: mcp })));
  assert.equal(answer.status, 503, answer.text);
  assert.equal(answer.challenge, null);
  assert.equal((await post(mcp, bearer(site.key))).status, 200, 'keys go on');
});

test('names of keys that strangers make up do not make the gateway ask the issuer over and over', async (t) => {
  const { idp, mcp, token } = await start(t);
  const before = idp.requests.length;
  const flood = Array.from({ length: 60 }, (_, i) => token({}, { header: { kid: `made-up-${i}` } }));
  const answers = await Promise.all((await Promise.all(flood)).map((each) => post(mcp, bearer(each))));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [401]);
  assert.ok(idp.requests.length - before <= 2, `${idp.requests.length - before} requests`);
  assert.equal((await post(mcp, bearer(await token()))).status, 200);
});

test('keys that the issuer keeps where nobody may look are not looked at', async (t) => {
  const { site, mcp } = await start(t);
  const issuer = 'https://id.example';
  await site.configure({
    authorization: { access: { allow: ['*'] }, issuers: [{ issuer, jwksUrl: 'https://169.254.169.254/keys' }] },
  });
  const { privateKey } = await generateKeyPair('ES256');
  const signed = new SignJWT({ iss: issuer, sub: 's', aud: mcp, exp: Math.floor(Date.now() / 1_000) + 60 });
  const answer = await post(
    mcp,
    bearer(await signed.setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' }).sign(privateKey)),
  );
  assert.equal(answer.status, 503);
  assert.ok(
    site.log.some((line) => line.includes('169.254.169.254 is not allowed')),
    site.log.join('\n'),
  );
});

const INITIALIZE = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
};

async function legacy(url: string, headers: { readonly [name: string]: string }, method: string, params: object = {}) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return {
    status: answer.status,
    session: answer.headers.get('mcp-session-id') ?? '',
    text: await answer.text(),
    challenge: answer.headers.get('www-authenticate'),
  };
}

test('a session belongs to its subject: with another token of theirs it goes on, with anybody else’s it is not there', async (t) => {
  const { mcp, site, token } = await start(t);
  const opened = await legacy(mcp, bearer(await token({ client_id: 'one' })), 'initialize', INITIALIZE);
  assert.equal(opened.status, 200);
  const session = { 'mcp-session-id': opened.session };
  const renewed = bearer(await token({ client_id: 'one', jti: 'second' }));
  assert.equal((await legacy(mcp, { ...session, ...renewed }, 'tools/list')).status, 200);
  const bob = bearer(await token({ sub: 'sub-bob' }));
  for (const other of [bob, bearer(site.key)])
    assert.equal((await legacy(mcp, { ...session, ...other }, 'tools/list')).status, 404);
  assert.equal((await fetch(mcp, { method: 'DELETE', headers: { ...session, ...bob } })).status, 404);
  assert.equal((await legacy(mcp, session, 'tools/list')).status, 401, 'a session proves nothing');
  assert.equal((await legacy(mcp, { ...session, ...renewed }, 'tools/list')).status, 200);

  const reading = bearer(await token({ scope: 'mcp:read' }));
  const call = { name: 'demo__echo', arguments: { message: 'hello' } };
  const refused = await legacy(mcp, { ...session, ...reading }, 'tools/call', call);
  assert.equal(refused.status, 403, refused.text);
  assert.match(refused.challenge ?? '', /insufficient_scope/);
});

test('the doors of 2024 take the tokens of their endpoint, and bind their streams to the subject, too', async (t) => {
  const { site, mcp, token } = await start(t);
  const ada = bearer(await token());
  const refused = await fetch(`${site.url}/sse`);
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get('www-authenticate') ?? '', /oauth-protected-resource\/mcp"/);
  const elsewhere = bearer(await token({ aud: `${mcp}/demo` }));
  assert.equal((await fetch(`${site.url}/sse`, { headers: elsewhere })).status, 401);
  const gone = new AbortController();
  const stream = await fetch(`${site.url}/sse`, {
    headers: { ...ada, accept: 'text/event-stream' },
    signal: gone.signal,
  });
  t.after(() => gone.abort());
  const reader = stream.body?.getReader() ?? assert.fail('there is no stream');
  const first = new TextDecoder().decode((await reader.read()).value);
  const messages = new URL(/^data: (.+)$/m.exec(first)?.[1] ?? assert.fail(first), site.url).href;
  const send = async (headers: { readonly [name: string]: string }) =>
    (await legacy(messages, headers, 'initialize', INITIALIZE)).status;
  assert.equal(await send(bearer(await token({ sub: 'sub-bob' }))), 404);
  assert.equal(await send({}), 401);
  assert.equal(await send(bearer(await token({ scope: 'models' }))), 403);
  assert.equal(await send(bearer(await token({ jti: 'renewed' }))), 202);
});
