/** The admin API and people who sign in, at a gateway that runs: the real composition, with the CLI beside it. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Browser, createBrowser, readForm } from '../support/browser.ts';
import { runCli, type StartedGateway, startGateway } from '../support/gateway.ts';

const PASSWORD = 'correct horse battery staple';

interface Asked {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  readonly body: any;
}

interface Start {
  readonly gateway: StartedGateway;
  readonly owner: string;
  /** Every answer of the API so far, as text. */
  readonly answers: string[];
  cli(...args: string[]): Promise<string>;
  ask(method: string, path: string, body?: unknown, headers?: { readonly [name: string]: string }): Promise<Asked>;
  /** As somebody who signed in, from our own page. */
  askAs(browser: Browser, method: string, path: string, body?: unknown): Promise<Asked>;
  /** Makes a user, who sets a password by the link and signs in. */
  signIn(user: object): Promise<{ readonly id: string; readonly browser: Browser }>;
  /** Whether the secret of a virtual key is taken. */
  opens(secret: string): Promise<boolean>;
}

async function start(t: TestContext, config: object = {}): Promise<Start> {
  const gateway = await startGateway(t, { config });
  const where = ['--data', gateway.dataDir, '--config', gateway.configFile];
  const cli = (...args: string[]) => runCli(...args, ...where);
  const owner = (await cli('admin-tokens', 'create', '--name', 'setup', '--role', 'owner')).trim();
  const answers: string[] = [];
  const send = async (method: string, path: string, body: unknown, headers: { readonly [name: string]: string }) => {
    const answer = await fetch(`${gateway.url}/api/v1${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    answers.push(text);
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  const ask: Start['ask'] = (method, path, body, headers = {}) =>
    send(method, path, body, { authorization: `Bearer ${owner}`, ...headers });
  return {
    ...{ gateway, owner, answers, cli, ask },
    async askAs(browser, method, path, body) {
      const { csrf = '' } = readForm(await browser.get(`${gateway.url}/account`), '/logout');
      return send(method, path, body, {
        cookie: `portcullis=${browser.cookie(gateway.url, 'portcullis')}`,
        ...{ origin: gateway.url, 'sec-fetch-site': 'same-origin', 'x-portcullis-csrf': csrf },
      });
    },
    async signIn(user) {
      const made = await ask('POST', '/users', user);
      assert.equal(made.status, 201, JSON.stringify(made.body));
      const { url } = (await ask('POST', `/users/${made.body.id}/invite`)).body;
      const browser = createBrowser();
      const set = await browser.submit(await browser.get(url), new URL(url).pathname, {
        password: PASSWORD,
        again: PASSWORD,
      });
      assert.equal(set.status, 200, set.text);
      const page = await browser.get(`${gateway.url}/login`);
      const done = await browser.submit(page, '/login', { name: made.body.name, password: PASSWORD });
      assert.equal(done.status, 303, done.text);
      return { id: made.body.id, browser };
    },
    async opens(secret) {
      const answer = await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } });
      await answer.arrayBuffer();
      return answer.status !== 401;
    },
  };
}

test('a user made through the API sets a password by a link that is good once, and is themselves at the API', async (t) => {
  const { gateway, ask, askAs, signIn } = await start(t);
  const { id, browser } = await signIn({ name: 'Ada', role: 'admin' });
  const me = await askAs(browser, 'GET', '/me');
  assert.deepEqual(
    [me.status, me.body.id ?? me.body.actor?.id, me.body.role ?? me.body.actor?.role],
    [200, id, 'admin'],
  );
  const made = await askAs(browser, 'POST', '/teams', { name: 'research' });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const [change] = (await ask('GET', `/changes?kind=team&id=${made.body.id}`)).body.items;
  assert.deepEqual([change.actor.type, change.actor.id, change.via], ['user', id, 'console']);

  const cookie = `portcullis=${browser.cookie(gateway.url, 'portcullis')}`;
  const withoutToken = await ask('POST', '/teams', { name: 'x' }, { authorization: '', cookie });
  assert.ok([401, 403].includes(withoutToken.status), JSON.stringify(withoutToken.body));
  assert.equal((await ask('GET', '/teams?name=x')).body.items.length, 0);
  assert.equal((await ask('POST', '/users', { name: 'ADA' })).status, 409);
  assert.equal((await ask('GET', '/users?name=ADA')).body.items[0].name, 'Ada');
});

test('another role, being switched off or deleted ends the sessions of a person; deleting takes their password, too', async (t) => {
  const { ask, askAs, signIn, gateway } = await start(t);
  const put = (id: string, body: object) => ask('PUT', `/users/${id}`, body, { 'if-match': '*' });
  const grace = await signIn({ name: 'grace', role: 'operator' });
  const isIn = async (browser: Browser) => (await browser.get(`${gateway.url}/account`)).status === 200;
  assert.equal((await put(grace.id, { name: 'grace', role: 'operator', displayName: 'G' })).status, 200);
  assert.equal(await isIn(grace.browser), true, 'another display name ends nothing');
  assert.equal((await put(grace.id, { name: 'grace', role: 'auditor' })).status, 200);
  assert.equal(await isIn(grace.browser), false);

  const alan = await signIn({ name: 'alan', role: 'member' });
  assert.equal((await put(alan.id, { name: 'alan', isActive: false })).status, 200);
  assert.equal(await isIn(alan.browser), false);
  assert.equal((await ask('POST', `/users/${alan.id}/invite`)).status, 409, 'nobody invites who is switched off');

  const kurt = await signIn({ name: 'kurt', role: 'member' });
  const late = await ask('POST', `/users/${kurt.id}/invite`);
  assert.equal((await ask('DELETE', `/users/${kurt.id}`)).status, 200);
  assert.equal(await isIn(kurt.browser), false);
  assert.equal((await createBrowser().get(late.body.url)).status, 404);
  const page = await kurt.browser.get(`${gateway.url}/login`);
  assert.equal((await kurt.browser.submit(page, '/login', { name: 'kurt', password: PASSWORD })).status, 403);
  assert.equal((await askAs(grace.browser, 'GET', '/me').catch(() => ({ status: 401 }))).status, 401);
});

test('nobody invites whoever stands above them: the link would be theirs', async (t) => {
  const { ask, askAs, signIn } = await start(t);
  const admin = await signIn({ name: 'admin', role: 'admin' });
  const { id } = (await ask('POST', '/users', { name: 'owner', role: 'owner' })).body;
  assert.equal((await askAs(admin.browser, 'POST', `/users/${id}/invite`)).status, 403);
  const { id: member } = (await ask('POST', '/users', { name: 'm' })).body;
  assert.equal((await askAs(admin.browser, 'POST', `/users/${member}/invite`)).status, 201);
});
