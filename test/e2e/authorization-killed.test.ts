/** The authorization server under kill -9: what somebody has granted outlives the process, between any two requests. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createArgon2Hasher } from '../../src/platform/passwords/argon2.ts';
import { openAccountStore } from '../../src/platform/stores/sqlite/accounts.ts';
import { answerConsent, authorizeUrl, createPkce, postForm, registerClient } from '../support/authorization-site.ts';
import { createBrowser } from '../support/browser.ts';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import { openPeople } from '../support/people.ts';
import { sendModern } from '../support/raw-client.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { witnessEntry } from '../support/witness.ts';

const BACK = 'https://editor.example/callback';
const PASSWORD = 'a password of some length';

async function addUser(dataDir: string, name: string): Promise<void> {
  const people = openPeople(dataDir);
  const accounts = openAccountStore({ dataDir });
  await people.add('user', name);
  await accounts.setPassword(name, await createArgon2Hasher().hash(PASSWORD), Date.now());
  await accounts[Symbol.asyncDispose]();
  await people.close();
}

function startOn(t: TestContext, dataDir: string, port: number): Promise<StartedGateway> {
  const config = {
    mcpServers: { desk: witnessEntry(`${dataDir}.log`) },
    authorization: { server: {}, access: { allow: ['*'] } },
  };
  return startGateway(t, { config, dataDir, port });
}

test('a code is good after kill -9, and so are the tokens it gave', { timeout: 120_000 }, async (t) => {
  const dataDir = await createTempDir(t);
  let gateway = await startOn(t, dataDir, 0);
  await addUser(dataDir, 'ada');
  const { url } = gateway;
  const port = Number(new URL(url).port);
  const killAndStart = async (): Promise<void> => {
    await gateway.kill9();
    gateway = await startOn(t, dataDir, port);
  };
  const clientId = await registerClient(gateway, BACK);
  await killAndStart();

  const browser = createBrowser();
  const { verifier, challenge } = createPkce();
  const begin = authorizeUrl({ url }, { clientId, redirectUri: BACK, challenge });
  const login = await browser.follow(await browser.get(begin), url);
  const page = await browser.follow(await browser.submit(login, '/login', { name: 'ada', password: PASSWORD }), url);
  await killAndStart();
  const back = await answerConsent(browser, page);
  await killAndStart();
  const code = { grant_type: 'authorization_code', code: back.searchParams.get('code'), code_verifier: verifier };
  const answer = await postForm(`${url}/oauth/token`, { ...code, client_id: clientId, redirect_uri: BACK });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  await killAndStart();

  const list = async (token: unknown) =>
    (await sendModern({ url: `${url}/mcp`, key: String(token), method: 'tools/list' })).status;
  assert.equal(await list(answer.body.access_token), 200);
  const refresh = { grant_type: 'refresh_token', refresh_token: answer.body.refresh_token, client_id: clientId };
  const renewed = await postForm(`${url}/oauth/token`, refresh);
  assert.equal(renewed.status, 200, JSON.stringify(renewed.body));
  await killAndStart();
  assert.equal(await list(renewed.body.access_token), 200);
  // Nothing that was used before is good again for having been forgotten.
  assert.equal((await postForm(`${url}/oauth/token`, refresh)).body.error, 'invalid_grant');
  assert.equal(await list(renewed.body.access_token), 401);
});
