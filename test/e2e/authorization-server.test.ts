/** Our own authorization server: from a client that nobody knows to a token that stands for a person, and what may go wrong. */

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startApp } from '../support/app.ts';
import {
  answerConsent,
  authorizeUrl,
  createPkce,
  letIn,
  type OAuthAnswer,
  postForm,
  register,
  registerClient,
  startAuthorizationSite,
} from '../support/authorization-site.ts';
import { createBrowser, readForm } from '../support/browser.ts';
import { PASSWORD } from '../support/login-site.ts';
import { waitFor } from '../support/wait-for.ts';

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
    ['user:ada', 'oauth:user:ada', ['mcp'], clientId],
  );
  assert.equal((await site.app.tokens.verify(String(token), `${site.url}/mcp/other`)).type, 'invalid');
  assert.equal((await site.app.tokens.verify('pck_something', `${site.url}/mcp`)).type, 'foreign');
});

test('whoever acts as themselves counts for their teams, and is bounded by them', async (t) => {
  const site = await startAuthorizationSite(t);
  await site.people.add('organization', 'acme');
  await site.people.add('team', 'Wiki', { organization: 'acme' });
  await site.addUser('ada');
  await site.people.change('user', 'ada', { teams: ['Wiki'] });
  const clientId = await registerClient(site, BACK);
  const { body } = await letIn(site, await site.signIn('ada'), { clientId, redirectUri: BACK });
  const verdict = await site.app.tokens.verify(String(body.access_token), `${site.url}/mcp`);
  assert.deepEqual(verdict.type === 'valid' && verdict.caller.levels?.map(({ type, name }) => `${type} ${name}`), [
    'user ada',
    'team Wiki',
    'organization acme',
  ]);
});

test('web pages read the metadata, and nothing else', async (t) => {
  const site = await startAuthorizationSite(t);
  const headers = { origin: 'https://elsewhere.example' };
  for (const name of ['oauth-authorization-server', 'openid-configuration', 'oauth-protected-resource/mcp']) {
    const answer = await fetch(`${site.url}/.well-known/${name}`, { headers });
    assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin')], [200, '*'], name);
  }
  for (const path of ['token', 'register', 'revoke'])
    assert.equal((await fetch(`${site.url}/oauth/${path}`, { method: 'POST', headers })).status, 403, path);
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

test('a gateway that ends between code and token leaves the code good, and what was granted and kept goes on', async (t) => {
  const site = await startAuthorizationSite(t);
  await site.addUser('ada');
  const clientId = await registerClient(site, BACK);
  const { verifier, challenge } = createPkce();
  const ada = await site.signIn('ada');
  const page = await ada.follow(await ada.get(authorizeUrl(site, { clientId, redirectUri: BACK, challenge })));
  await site.restart();
  const back = await answerConsent(ada, page);
  await site.restart();
  const answer = await postForm(`${site.url}/oauth/token`, {
    ...{ grant_type: 'authorization_code', code: back.searchParams.get('code'), code_verifier: verifier },
    ...{ client_id: clientId, redirect_uri: BACK },
  });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  await site.restart();
  const verdict = await site.app.tokens.verify(String(answer.body.access_token), `${site.url}/mcp`);
  assert.equal(verdict.type, 'valid');
  const renewed = await postForm(`${site.url}/oauth/token`, {
    ...{ grant_type: 'refresh_token', refresh_token: answer.body.refresh_token, client_id: clientId },
  });
  assert.equal(renewed.status, 200, JSON.stringify(renewed.body));
});

test('tokens end with the person, with the key they act as, and when the client gives them back', async (t) => {
  const site = await startAuthorizationSite(t);
  for (const name of ['ada', 'grace', 'linus']) await site.addUser(name);
  await site.people.addKey('laptop', { type: 'personal', user: 'grace' });
  const clientId = await registerClient(site, BACK);
  const options = { clientId, redirectUri: BACK };
  const hers = await letIn(site, await site.signIn('ada'), options);
  const ofKey = await letIn(site, await site.signIn('grace'), options, { as: 'laptop' });
  const his = await letIn(site, await site.signIn('linus'), options);
  const verify = (answer: OAuthAnswer) => site.app.tokens.verify(String(answer.body.access_token), `${site.url}/mcp`);
  const keyIds = await Promise.all(
    [hers, ofKey, his].map(async (answer) => {
      const verdict = await verify(answer);
      return verdict.type === 'valid' ? verdict.caller.keyId : verdict.type;
    }),
  );
  assert.deepEqual(keyIds, ['user:ada', 'laptop', 'user:linus']);
  const [one, two] = [await verify(hers), await verify(hers)];
  assert.ok(
    one.type === 'valid' && two.type === 'valid' && one.caller === two.caller,
    'one object while nothing changes',
  );

  await site.people.change('user', 'ada', { isActive: false });
  await site.people.change('key', 'laptop', { revokedAtMs: 1 });
  const revoke = { token: his.body.refresh_token, client_id: clientId };
  assert.equal((await postForm(`${site.url}/oauth/revoke`, revoke)).status, 200);
  for (const answer of [hers, ofKey, his]) {
    await waitFor('the token to end', async () => (await verify(answer)).type === 'invalid');
    const renewed = await postForm(`${site.url}/oauth/token`, {
      ...{ grant_type: 'refresh_token', refresh_token: answer.body.refresh_token, client_id: clientId },
    });
    assert.deepEqual([renewed.status, renewed.body.error], [400, 'invalid_grant']);
  }
});

test('the metadata tells what there is, under both names, and nothing is there where none is configured', async (t) => {
  const site = await startAuthorizationSite(t, { registration: { enabled: false } });
  const read = async (name: string) => (await fetch(`${site.url}/.well-known/${name}`)).json();
  const metadata = (await read('oauth-authorization-server')) as { readonly [member: string]: unknown };
  assert.deepEqual(await read('openid-configuration'), metadata);
  assert.equal(metadata.issuer, site.url);
  assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
  assert.equal(metadata.client_id_metadata_document_supported, true);
  assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  assert.equal(metadata.registration_endpoint, undefined);
  assert.ok((metadata.token_endpoint_auth_methods_supported as string[]).includes('none'));
  const { url } = await startApp(t, { mcpServers: {} });
  for (const path of ['.well-known/oauth-authorization-server', 'oauth/authorize', 'oauth/token'])
    assert.equal((await fetch(`${url}/${path}`)).status, 404, path);
});

test('neither a token nor a code nor the secret of a client stands in the store or in the log', async (t) => {
  const site = await startAuthorizationSite(t);
  await site.addUser('ada');
  const { body: client } = await register(site, { redirect_uris: [BACK], client_name: 'Confidential' });
  assert.ok(client.client_secret);
  const { verifier, challenge } = createPkce();
  const ada = await site.signIn('ada');
  const clientId = String(client.client_id);
  const page = await ada.follow(await ada.get(authorizeUrl(site, { clientId, redirectUri: BACK, challenge })));
  const code = (await answerConsent(ada, page)).searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: BACK };
  const basic = Buffer.from(`${clientId}:${client.client_secret}`).toString('base64');
  assert.equal((await postForm(`${site.url}/oauth/token`, { ...form, client_id: clientId })).status, 401);
  const answer = await postForm(`${site.url}/oauth/token`, form, { authorization: `Basic ${basic}` });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  await site.app[Symbol.asyncDispose]();
  const files = (await readdir(site.dataDir, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
  const stored = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'latin1')));
  for (const secret of [code, client.client_secret, answer.body.access_token, answer.body.refresh_token]) {
    assert.ok(String(secret).length > 40);
    assert.ok(!stored.some((text) => text.includes(String(secret))), 'stored in clear');
    assert.ok(!site.log.some((line) => line.includes(String(secret))), 'logged');
  }
});

test('a person sees on their account whom they let in, and ends it; both stand in the record of changes', async (t) => {
  const site = await startAuthorizationSite(t);
  for (const name of ['ada', 'eve']) await site.addUser(name);
  const clientId = await registerClient(site, BACK);
  const [ada, eve] = [await site.signIn('ada'), await site.signIn('eve')];
  const { body } = await letIn(site, ada, { clientId, redirectUri: BACK });
  const verify = async () => (await site.app.tokens.verify(String(body.access_token), `${site.url}/mcp`)).type;
  const page = await ada.get(`${site.url}/account`);
  assert.match(page.text, /Clients you let in[\s\S]*<strong>Editor<\/strong>[\s\S]*mcp at \/mcp/);
  const { grant = '' } = readForm(page, '/account/clients/end');
  const hers = await eve.get(`${site.url}/account`);
  assert.doesNotMatch(hers.text, /Clients you let in/);
  const { csrf = '' } = readForm(hers, '/logout');
  await eve.post(`${site.url}/account/clients/end`, { csrf, grant });
  await ada.post(`${site.url}/account/clients/end`, { grant });
  assert.equal(await verify(), 'valid', 'neither somebody else nor a form of nobody ends it');
  const ended = await ada.submit(page, '/account/clients/end');
  assert.equal(ended.location, `${site.url}/account?done=client`);
  assert.equal(await verify(), 'invalid');
  assert.doesNotMatch((await ada.follow(ended)).text, /<strong>Editor/);
  const changes = await site.people.changes('user', 'ada');
  const deeds = changes.filter(({ action }) => action.includes('client'));
  assert.deepEqual(
    deeds.map(({ action, actor, via, before, after }) => [action, actor.id, via, (after ?? before)?.clientId]),
    [
      ['end-client', 'ada', 'console', clientId],
      ['let-client-in', 'ada', 'console', clientId],
    ],
  );
});
