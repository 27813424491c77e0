/** What strangers, other clients and other people may try at our authorization server, and what comes of it. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import {
  answerConsent,
  authorizeUrl,
  createPkce,
  letIn,
  postForm,
  register,
  registerClient,
  startAuthorizationSite,
} from '../support/authorization-site.ts';
import { readForm } from '../support/browser.ts';
import type { Cleanup } from '../support/temp-dir.ts';

const BACK = 'https://editor.example/callback';

async function site(t: Cleanup, server: object = {}) {
  const started = await startAuthorizationSite(t, server);
  await started.addUser('ada');
  const clientId = await registerClient(started, BACK);
  return { started, clientId, token: `${started.url}/oauth/token`, ada: await started.signIn('ada') };
}

test('a code is worth nothing without the verifier, to another client, at another address, or a second time', async (t) => {
  const { started, clientId, token, ada } = await site(t);
  const other = await registerClient(started, BACK, 'Other');
  const codeOf = async (challenge: string): Promise<string> => {
    const page = await ada.follow(
      await ada.get(authorizeUrl(started, { clientId, redirectUri: BACK, challenge })),
      started.url,
    );
    return (await answerConsent(ada, page)).searchParams.get('code') ?? assert.fail();
  };
  const { verifier, challenge } = createPkce();
  const good = { grant_type: 'authorization_code', code_verifier: verifier, client_id: clientId, redirect_uri: BACK };
  for (const wrong of [
    { code_verifier: createPkce().verifier },
    { client_id: other },
    { redirect_uri: 'https://editor.example/other' },
    { resource: `${started.url}/mcp/elsewhere` },
  ]) {
    const answer = await postForm(token, { ...good, code: await codeOf(challenge), ...wrong });
    assert.equal(answer.status, 400, JSON.stringify(wrong));
    assert.match(String(answer.body.error), /^invalid_(grant|target)$/, JSON.stringify(wrong));
    assert.equal(answer.body.access_token, undefined);
  }
  const missing = { ...good, code: await codeOf(challenge), code_verifier: '' };
  assert.equal((await postForm(token, missing)).status, 400);

  const code = await codeOf(challenge);
  const first = await postForm(token, { ...good, code });
  assert.equal(first.status, 200);
  const isValid = async () =>
    (await started.app.tokens.verify(String(first.body.access_token), `${started.url}/mcp`)).type === 'valid';
  assert.equal(await isValid(), true);
  const again = await postForm(token, { ...good, code });
  assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
  assert.equal(await isValid(), false, 'what the first one got ends, too');
});

test('of two who present the same code or refresh token at once, at most one is served and nothing of it lasts', async (t) => {
  const { started, clientId, token, ada } = await site(t);
  const { body } = await letIn(started, ada, { clientId, redirectUri: BACK });
  const refresh = { grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id: clientId };
  const answers = await Promise.all([1, 2, 3, 4].map(() => postForm(token, refresh)));
  assert.ok(answers.filter(({ status }) => status === 200).length <= 1);
  for (const { body: each } of answers)
    if (each.access_token !== undefined)
      assert.equal((await started.app.tokens.verify(String(each.access_token), `${started.url}/mcp`)).type, 'invalid');
});

test('only addresses that a program or a site can be behind are registered, and only these are gone back to', async (t) => {
  const { started, clientId, ada } = await site(t, { registration: { maxPerMinute: 1_000 } });
  const uris = [
    ...['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', 'http://editor.example/cb'],
    ...['https://editor.example/cb#x', 'https://user@editor.example/cb', '/relative', 'view-source:https://x', ''],
    ...['JaVaScRiPt:alert(1)', 'https://*.example/cb', 'intent://x#Intent;end', 'https://a\\@b.example/'],
  ];
  for (const uri of uris) {
    const { status, body } = await register(started, { redirect_uris: [uri], token_endpoint_auth_method: 'none' });
    assert.deepEqual([status, body.error], [400, 'invalid_redirect_uri'], uri);
  }
  for (const uri of ['http://127.0.0.1/cb', 'http://localhost:7/cb', 'cursor://anysphere.cursor-mcp/cb', BACK])
    assert.equal((await register(started, { redirect_uris: [uri] })).status, 201, uri);
  assert.equal((await register(started, { redirect_uris: [] })).status, 400);
  assert.equal((await register(started, [1])).status, 400);

  const { challenge } = createPkce();
  for (const redirectUri of [
    ...['https://evil.example/cb', `${BACK}/more`, `${BACK}?x=1`, 'https://editor.example/Callback'],
    ...['javascript:alert(1)', 'https://editor.example@evil.example/callback'],
  ]) {
    const page = await ada.get(authorizeUrl(started, { clientId, redirectUri, challenge }));
    assert.equal(page.status, 400, redirectUri);
    assert.equal(page.location, undefined, redirectUri);
    assert.match(page.text, /This request cannot be answered/);
  }
  const local = String((await register(started, { redirect_uris: ['http://127.0.0.1/cb'] })).body.client_id);
  const anyPort = await ada.get(
    authorizeUrl(started, { clientId: local, redirectUri: 'http://127.0.0.1:51234/cb', challenge }),
  );
  assert.match(String(anyPort.location), /\/oauth\/consent\//);
  assert.match((await ada.follow(anyPort)).text, /a program on this computer/);
});

test('what a request lacks is told to the client, with the issuer, and nobody is asked', async (t) => {
  const { started, clientId, ada } = await site(t);
  const { challenge } = createPkce();
  const ask = async (more: object): Promise<URLSearchParams> => {
    const url = authorizeUrl(started, { clientId, redirectUri: BACK, challenge }, more);
    const { location = '' } = await ada.get(url);
    assert.match(location.slice(BACK.length), /^[?#]/, location);
    return new URL(location.replace('#', '?')).searchParams;
  };
  for (const [more, error] of [
    [{ resource: 'https://elsewhere.example/mcp' }, 'invalid_target'],
    [{ resource: `${started.url}/v1/models` }, 'invalid_target'],
    [{ resource: `${started.url}/mcp/../api` }, 'invalid_target'],
    [{ resource: '' }, 'invalid_target'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge: '' }, 'invalid_request'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ prompt: 'none' }, 'consent_required'],
  ] as const) {
    const answer = await ask(more);
    assert.deepEqual([answer.get('error'), answer.get('iss')], [error, started.url], JSON.stringify(more));
    assert.equal(answer.get('state'), 'st');
  }
  const unknown = await ada.get(authorizeUrl(started, { clientId: 'nobody', redirectUri: BACK, challenge }));
  assert.deepEqual([unknown.status, unknown.location], [400, undefined]);
});

test('the form is good in the session it was made for alone, once, and not without its token', async (t) => {
  const { started, clientId, ada } = await site(t);
  await started.addUser('eve');
  const eve = await started.signIn('eve');
  const { challenge } = createPkce();
  const page = await ada.follow(await ada.get(authorizeUrl(started, { clientId, redirectUri: BACK, challenge })));
  const action = new URL(page.url).pathname;
  const fields = readForm(page, action);
  assert.equal(page.headers.get('x-frame-options'), 'DENY');
  assert.match(String(page.headers.get('content-security-policy')), /frame-ancestors 'none'/);
  assert.match(String(page.headers.get('content-security-policy')), /default-src 'none'/);

  const hers = await eve.get(page.url);
  assert.deepEqual([hers.status, /nothing to answer/.test(hers.text)], [404, true], 'it is not hers to see');
  const approve = { ...fields, remember: '', answer: 'approve' };
  const outcomes = [
    await eve.post(page.url, approve),
    await ada.post(page.url, { answer: 'approve' }),
    await ada.post(page.url, { ...approve, csrf: 'x'.repeat(43) }),
    await ada.post(page.url, approve, { from: 'https://evil.example/' }),
    await ada.post(page.url, { ...approve, as: 'key_of_somebody' }),
    await ada.post(page.url, { ...fields, answer: 'perhaps' }),
  ].map(({ status, text }) => [status, /http-equiv="refresh"/.test(text)]);
  assert.deepEqual(outcomes, [
    [404, false],
    [403, false],
    [403, false],
    [403, false],
    [404, false],
    [422, false],
  ]);
  assert.match((await ada.post(page.url, approve)).text, /http-equiv="refresh"/);
  assert.equal((await ada.post(page.url, approve)).status, 404, 'a second time');
  const denied = await ada.follow(await ada.get(authorizeUrl(started, { clientId, redirectUri: BACK, challenge })));
  const back = await answerConsent(ada, denied, { answer: 'deny' });
  assert.deepEqual(
    [back.searchParams.get('error'), back.searchParams.get('iss'), back.searchParams.get('code')],
    ['access_denied', started.url, null],
  );
});

test('an answer stands for the same question alone, and not where any program could pass for the client', async (t) => {
  const { started, clientId, ada } = await site(t);
  const asks = async (options: object, more: object = {}): Promise<boolean> => {
    const { challenge } = createPkce();
    const url = authorizeUrl(started, { clientId, redirectUri: BACK, challenge, ...options }, more);
    return /\/oauth\/consent\//.test((await ada.get(url)).location ?? '');
  };
  await letIn(started, ada, { clientId, redirectUri: BACK });
  assert.equal(await asks({}), true, 'nobody said that it should stand');
  await letIn(started, ada, { clientId, redirectUri: BACK }, { remember: 'yes' });
  assert.equal(await asks({}), false);
  assert.equal(await asks({}, { prompt: 'consent' }), true);
  assert.equal(await asks({ scope: 'mcp models' }), true);
  assert.equal(await asks({ resource: `${started.url}/mcp/files` }), true);
  assert.equal(await asks({ clientId: await registerClient(started, BACK, 'Editor') }), true);
  const local = await registerClient(started, 'http://127.0.0.1/cb');
  await letIn(started, ada, { clientId: local, redirectUri: 'http://127.0.0.1/cb' }, { remember: 'yes' });
  assert.equal(await asks({ clientId: local, redirectUri: 'http://127.0.0.1/cb' }), true);
});

test('a sign-in leads back to the question, and nowhere else', async (t) => {
  const { started } = await site(t);
  for (const next of ['//evil.example/oauth/authorize', 'https://evil.example', '/\\evil.example', 'javascript:1']) {
    const page = await fetch(`${started.url}/login?next=${encodeURIComponent(next)}`);
    assert.match(await page.text(), /name="next" value=""/, next);
  }
});

/** A server on which clients describe themselves; `documents` by path. */
async function startClientSite(
  t: Cleanup,
  documents: Map<string, () => { status?: number; body: string; headers?: object }>,
) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const { status = 200, body, headers } = documents.get(request.url ?? '')?.() ?? { status: 404, body: '' };
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => void server.close());
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

test('a client that is known by an address is what stands there, to the letter', async (t) => {
  const documents = new Map<string, () => { status?: number; body: string; headers?: object }>();
  const { origin, asked } = await startClientSite(t, documents);
  const { started, ada } = await site(t, { clientDocuments: { allowLoopback: true } });
  const good = (path: string) => ({
    ...{ client_id: `${origin}${path}`, client_name: 'Known \u202eeditor', redirect_uris: [BACK] },
  });
  const add = (path: string, body: unknown, more: object = {}) =>
    documents.set(path, () => ({ body: typeof body === 'string' ? body : JSON.stringify(body), ...more }));
  add('/good', good('/good'));
  add('/other-id', good('/good'));
  add('/case', { ...good('/case'), client_id: `${origin}/Case` });
  add('/secret', { ...good('/secret'), client_secret: 'x'.repeat(40) });
  add('/shared', { ...good('/shared'), token_endpoint_auth_method: 'client_secret_post' });
  add('/script', { ...good('/script'), redirect_uris: ['javascript:alert(1)'] });
  add('/nameless', { ...good('/nameless'), client_name: ' ' });
  add('/text', '<html>');
  add('/list', []);
  add('/html', good('/html'), { headers: { 'content-type': 'text/html' } });
  add('/moved', '', { status: 302, headers: { location: '/good' } });
  add('/large', JSON.stringify({ ...good('/large'), filler: 'x'.repeat(20_000) }));
  const { challenge } = createPkce();
  const ask = (path: string, browser = ada) =>
    browser.get(authorizeUrl(started, { clientId: `${origin}${path}`, redirectUri: BACK, challenge }));
  for (const path of documents.keys()) {
    if (path === '/good') continue;
    const page = await ask(path);
    assert.deepEqual([page.status, page.location], [400, undefined], path);
    assert.match(page.text, /cannot be used|has to be/, path);
  }
  assert.equal((await ask('/')).status, 400, 'no path');
  const page = await ada.follow(await ask('/good'));
  assert.match(page.text, new RegExp(`Describes itself at <strong>${new URL(origin).host}</strong>`));
  assert.match(page.text, /Known editor/, 'nothing turns its name around');
  const count = asked.length;
  await ask('/good');
  assert.equal(asked.length, count, 'it is kept as long as its server says, five minutes at least');
  const clientId = `${origin}/good`;
  const { status, body } = await letIn(started, ada, { clientId, redirectUri: BACK });
  assert.equal(status, 200, JSON.stringify(body));

  const stranger = await postForm(`${started.url}/oauth/token`, {
    ...{ grant_type: 'refresh_token', refresh_token: 'por_x', client_id: `${origin}/never-seen` },
  });
  assert.deepEqual([stranger.status, stranger.body.error], [401, 'invalid_client']);
  assert.equal(asked.includes('/never-seen'), false, 'nobody without a session has anything fetched');
});

test('no description is fetched from this machine, a private network or over http unless that is allowed', async (t) => {
  const { origin, asked } = await startClientSite(t, new Map());
  const { started, ada } = await site(t, { clientDocuments: {} });
  const { challenge } = createPkce();
  const port = new URL(origin).port;
  for (const clientId of [
    ...[`${origin}/good`, `https://127.0.0.1:${port}/good`, `https://localhost:${port}/good`, 'https://10.0.0.1/x'],
    ...[
      'https://169.254.169.254/latest',
      'https://[::1]/x',
      `https://[::ffff:127.0.0.1]:${port}/x`,
      'https://2130706433/x',
    ],
  ]) {
    const page = await ada.get(authorizeUrl(started, { clientId, redirectUri: BACK, challenge }));
    assert.deepEqual([page.status, page.location], [400, undefined], clientId);
  }
  assert.deepEqual(asked, []);
  const narrow = await site(t, { clientDocuments: { hosts: ['*.good.example'] } });
  const page = await narrow.ada.get(
    authorizeUrl(narrow.started, { clientId: 'https://good.example.evil/x', redirectUri: BACK, challenge }),
  );
  assert.match(page.text, /clients of this host are not accepted here/);
});

test('whoever registers too often waits, and when there are too many nobody else registers', async (t) => {
  const metadata = { redirect_uris: [BACK], token_endpoint_auth_method: 'none' };
  const often = await startAuthorizationSite(t, { registration: { maxPerMinute: 2 } });
  const answers = [];
  for (let i = 0; i < 3; i++) answers.push(await register(often, metadata));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 201, 429],
  );
  assert.ok(Number(answers[2]?.headers.get('retry-after')) > 0);
  const many = await startAuthorizationSite(t, { registration: { maxClients: 1 } });
  assert.equal((await register(many, metadata)).status, 201);
  assert.equal((await register(many, metadata)).status, 400);
  const closed = await startAuthorizationSite(t, { registration: { enabled: false } });
  assert.equal((await register(closed, metadata)).status, 404);
});
