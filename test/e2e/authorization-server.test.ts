/** Our own authorization server: from a client that nobody knows to a token that stands for a person, and what may go wrong. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  answerConsent,
  authorizeUrl,
  createPkce,
  letIn,
  postForm,
  registerClient,
  startAuthorizationSite,
} from '../support/authorization-site.ts';
import { createBrowser } from '../support/browser.ts';
import { PASSWORD } from '../support/login-site.ts';

const BACK = 'https://editor.example/callback';

test('a client registers, a person signs in and lets it in, and its token is theirs at that endpoint alone', async (t) => {
  const site = await startAuthorizationSite(t);
  await site.addUser('ada');
  const clientId = await registerClient(site, BACK);
  const { verifier, challenge } = createPkce();
  const browser = createBrowser();
  const login = await browser.follow(
    await browser.get(authorizeUrl(site, { clientId, redirectUri: BACK, challenge, state: 'a&b=c' })),
  );
  assert.match(login.text, /<h1>Sign in<\/h1>/);
  const page = await browser.follow(await browser.submit(login, '/login', { name: 'ada', password: PASSWORD }));
  assert.match(page.text, /Let <span class="name">Editor<\/span> in\?/);
  const back = await answerConsent(browser, page);
  assert.equal(`${back.origin}${back.pathname}`, BACK);
  assert.equal(back.searchParams.get('state'), 'a&b=c');
  assert.equal(back.searchParams.get('iss'), site.url);
  const answer = await postForm(`${site.url}/oauth/token`, {
    ...{ grant_type: 'authorization_code', code: back.searchParams.get('code'), code_verifier: verifier },
    ...{ client_id: clientId, redirect_uri: BACK },
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const { access_token: token, refresh_token: refresh, ...rest } = answer.body;
  assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 600, scope: 'mcp' });
  assert.match(String(refresh), /^por_/);
  const verdict = await site.app.tokens.verify(String(token), `${site.url}/mcp`);
  assert.equal(verdict.type, 'valid');
  assert.deepEqual(
    verdict.type === 'valid' && [verdict.caller.keyId, verdict.caller.keyName, verdict.scopes, verdict.clientId],
    ['user:ada', 'ada', ['mcp'], clientId],
  );
  assert.equal((await site.app.tokens.verify(String(token), `${site.url}/mcp/other`)).type, 'invalid');
  assert.equal((await site.app.tokens.verify('pck_something', `${site.url}/mcp`)).type, 'foreign');
});

test('a refresh token is good once; a second use ends everything the person granted with it', async (t) => {
  const site = await startAuthorizationSite(t);
  await site.addUser('ada');
  const clientId = await registerClient(site, BACK);
  const first = await letIn(site, await site.signIn('ada'), { clientId, redirectUri: BACK });
  const refresh = (token: unknown) =>
    postForm(`${site.url}/oauth/token`, { grant_type: 'refresh_token', refresh_token: token, client_id: clientId });
  const second = await refresh(first.body.refresh_token);
  assert.equal(second.status, 200, JSON.stringify(second.body));
  assert.notEqual(second.body.refresh_token, first.body.refresh_token);
  const isValid = async (token: unknown) =>
    (await site.app.tokens.verify(String(token), `${site.url}/mcp`)).type === 'valid';
  assert.deepEqual([await isValid(first.body.access_token), await isValid(second.body.access_token)], [true, true]);
  const stolen = await refresh(first.body.refresh_token);
  assert.deepEqual([stolen.status, stolen.body.error], [400, 'invalid_grant']);
  assert.deepEqual([await isValid(first.body.access_token), await isValid(second.body.access_token)], [false, false]);
  assert.equal((await refresh(second.body.refresh_token)).body.error, 'invalid_grant');
});
