/** The admin API and people who sign in, at a gateway that runs: the real composition, with the CLI beside it. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { type Browser, createBrowser } from '../support/browser.ts';
import { runCli, type StartedGateway, startGateway } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';

const PASSWORD = 'correct horse battery staple';

const INITIALIZE = {
  ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

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
      const cookie = `portcullis=${browser.cookie(gateway.url, 'portcullis')}`;
      const me = await send('GET', '/me', undefined, { cookie });
      return send(method, path, body, {
        ...{ cookie, origin: gateway.url },
        ...{ 'sec-fetch-site': 'same-origin', 'x-portcullis-csrf': me.body?.csrfToken ?? '' },
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
      const answer = await fetch(gateway.mcpUrl, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${secret}`,
          ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        },
        body: JSON.stringify(INITIALIZE),
      });
      await answer.arrayBuffer();
      assert.ok([200, 401].includes(answer.status), String(answer.status));
      return answer.status === 200;
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

test('a key rotated with grace works with both secrets, and after the next rotation only with the newest', async (t) => {
  const { cli, opens, ask } = await start(t);
  const first = (await cli('keys', 'create', '--name', 'k', '--allow', '*')).trim();
  const second = (await cli('keys', 'rotate', 'k', '--grace', '1h')).trim();
  assert.notEqual(first, second);
  await waitFor('the new secret to be known', () => opens(second));
  assert.equal(await opens(first), true);
  const third = (await cli('keys', 'rotate', 'k')).trim();
  await waitFor('the newest secret to be known', () => opens(third));
  assert.deepEqual([await opens(first), await opens(second)], [false, false]);
  const { items } = (await ask('GET', '/changes?kind=key')).body;
  assert.deepEqual(items.map(({ action, via }: { action: string; via: string }) => [action, via]).slice(0, 3), [
    ['update', 'cli'],
    ['update', 'cli'],
    ['create', 'cli'],
  ]);
  await assert.rejects(cli('keys', 'rotate', 'k', '--grace', '31d'), /at most 30 days/);
  await cli('keys', 'revoke', 'k');
  await assert.rejects(cli('keys', 'rotate', 'k'), /no active key/);
});

test('a team made at the command line bounds its keys at once, and stays while keys need it', async (t) => {
  const { cli, opens, ask } = await start(t);
  await cli('organizations', 'create', 'acme', '--budget', '100usd/month');
  await cli(
    'teams',
    'create',
    'research',
    '--allow',
    'filesystem',
    '--organization',
    'acme',
    '--label',
    'customer=acme',
  );
  const secret = (
    await cli('keys', 'create', '--name', 'k', '--allow', '*', '--team', 'research', '--label', 'app=x')
  ).trim();
  await waitFor('the key to be known', () => opens(secret));
  const [key] = (await ask('GET', '/keys')).body.items.filter(({ name }: { name: string }) => name === 'k');
  const explained = await ask('POST', '/explain', { key: key.id, target: { kind: 'tool', name: 'memory/read' } });
  assert.equal(explained.status, 200, JSON.stringify(explained.body));
  assert.equal(explained.body.verdict, 'refused');
  const refusing = explained.body.rules.find((rule: { verdict: string }) => rule.verdict === 'refuses');
  assert.deepEqual([refusing.level?.type, refusing.level?.name], ['team', 'research']);
  assert.match(await cli('teams', 'list'), /research/);
  await cli('teams', 'set', 'research', '--rate', '5/minute');
  const [team] = (await ask('GET', '/teams')).body.items;
  assert.deepEqual(
    [team.bounds.allow, team.limits.requests[0].max, team.labels],
    [['filesystem'], 5, { customer: 'acme' }],
  );
  await assert.rejects(cli('teams', 'delete', 'research'), /still belong/);
  await assert.rejects(cli('organizations', 'delete', 'acme'), /still belong/);
  await assert.rejects(cli('keys', 'create', '--name', 'x', '--team', 'nobody'), /there is no team/);
  await cli('keys', 'revoke', 'k');
  await cli('teams', 'delete', 'research');
  await cli('organizations', 'delete', 'acme');
});

test('two members see, change and make only keys of their own, and no answer ever holds a hash or a secret of before', async (t) => {
  const { askAs, signIn, answers, owner, gateway, cli } = await start(t);
  const bounds = { allow: ['*'] };
  const ada = await signIn({ name: 'ada', bounds });
  const bob = await signIn({ name: 'bob', bounds });
  const made = await askAs(ada.browser, 'POST', '/me/keys', { name: 'mine', grant: { allow: ['*'] } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const path = `/me/keys/${made.body.id}`;
  assert.deepEqual((await askAs(bob.browser, 'GET', '/me/keys')).body.items, []);
  for (const [method, where, body] of [
    ['GET', path, undefined],
    ['POST', `${path}/rotate`, {}],
    ['POST', `${path}/revoke`, undefined],
  ] as const)
    assert.equal((await askAs(bob.browser, method, where, body)).status, 404, `${method} ${where}`);
  assert.equal((await askAs(bob.browser, 'GET', '/keys')).status, 403);
  const rotated = await askAs(ada.browser, 'POST', `${path}/rotate`, {});
  assert.equal(rotated.status, 200);
  for (const where of ['/me/keys', path, '/me']) await askAs(ada.browser, 'GET', where);
  await cli('admin-tokens', 'list');
  const secrets = [made.body.secret, rotated.body.secret, owner, gateway.key, PASSWORD];
  const hashes = secrets.map((secret) => createHash('sha256').update(secret).digest('hex'));
  const shown = answers.filter((text) => secrets.some((secret) => text.includes(secret)));
  assert.equal(shown.length, 2, 'only making and rotating show a secret');
  for (const text of answers) for (const hash of hashes) assert.ok(!text.includes(hash));
  for (const secret of secrets) assert.ok(!gateway.stderr().includes(secret));
});

test('an admin token revoked at the command line opens nothing from then on', async (t) => {
  const { cli, ask } = await start(t);
  const token = (await cli('admin-tokens', 'create', '--name', 'ci', '--role', 'auditor')).trim();
  const asCi = () => ask('GET', '/teams', undefined, { authorization: `Bearer ${token}` });
  assert.equal((await asCi()).status, 200);
  await cli('admin-tokens', 'revoke', 'ci');
  assert.equal((await asCi()).status, 401);
  const [change] = (await ask('GET', '/changes?kind=admin-token')).body.items;
  assert.deepEqual([change.action, change.via, change.actor.type], ['update', 'cli', 'operator']);
});

test('a team of the file bounds keys of the file and of the store, follows the file, and is edited nowhere else', async (t) => {
  const secret = 'a-key-of-the-file-0123456789';
  const config = (allow: readonly string[]) => ({
    mcpServers: { notes: { url: 'http://127.0.0.1:1/mcp', disabled: true } },
    teams: { research: { bounds: { allow }, labels: { customer: 'acme' } } },
    keys: [{ name: 'ci', value: secret, allow: ['*'], team: 'research' }],
  });
  const { gateway, ask, cli } = await start(t, config(['notes']));
  const [team] = (await ask('GET', '/teams')).body.items;
  assert.deepEqual([team.id, team.name, team.owner], ['config:team:research', 'research', 'file']);
  const edited = await ask('PUT', `/teams/${team.id}`, { name: 'research' }, { 'if-match': '"1"' });
  assert.equal(edited.status, 409, JSON.stringify(edited.body));

  const made = await ask('POST', '/keys', { name: 'stored', team: team.id, grant: { allow: ['*'] } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const explained = (id: string, tool: string): Promise<string> =>
    cli('keys', 'explain', id, '--tool', tool).catch(({ stdout }: { stdout: string }) => stdout);
  /** Whether grants let it by; there are no such tools. */
  const verdict = async (keyId: string, name: string): Promise<string> => {
    const body = { key: keyId, target: { kind: 'tool', name } };
    return (await ask('POST', '/explain', body)).body.rules[0].verdict;
  };
  for (const id of ['config:ci', made.body.id]) {
    assert.equal(await verdict(id, 'notes/read'), 'passes', id);
    assert.equal(await verdict(id, 'other/read'), 'refuses', id);
    assert.match(await explained(id, 'notes/read'), /^allowed/);
    assert.match(await explained(id, 'other/read'), /^refused .*/);
  }
  writeFileSync(gateway.configFile, JSON.stringify(config(['other'])));
  for (const id of ['config:ci', made.body.id]) {
    await waitFor('the edit to be in force', async () => (await verdict(id, 'other/read')) === 'passes');
    assert.equal(await verdict(id, 'notes/read'), 'refuses', id);
  }
});

test('what is wrong with a stored server is told with its place in what was sent', async (t) => {
  const { ask } = await start(t);
  const body = { url: 'nowhere', headers: { 'X a': 1 }, options: { timeoutMs: 'x', 'odd one': 1 } };
  const { status, body: problem } = await ask('POST', '/servers', { name: 'web', body });
  assert.equal(status, 400, JSON.stringify(problem));
  const places = problem.errors.map(({ pointer }: { pointer: string }) => pointer);
  for (const place of ['/body/url', '/body/options/timeoutMs', '/body/options/odd one'])
    assert.ok(places.includes(place), JSON.stringify(problem.errors));
});

test('a rule whose condition or patterns are no good is refused where it is written', async (t) => {
  const { ask } = await start(t);
  const rule = (body: object) => ask('POST', '/policy-rules', { name: 'careful', body: { name: 'careful', ...body } });
  for (const [body, pointer, detail] of [
    [{ action: 'deny', when: 'tool.name ==' }, '/body/when', /character 13/],
    [{ action: 'deny', targets: ['github', 'github/'] }, '/body/targets/1', /names nothing after/],
    [{ action: 'never' }, '/body/action', /expected one of/],
  ] as const) {
    const { status, body: problem } = await rule(body);
    assert.deepEqual([status, problem.code], [400, 'invalid_params'], JSON.stringify(problem));
    assert.deepEqual(
      problem.errors.map((error: { pointer: string }) => error.pointer),
      [pointer],
    );
    assert.match(problem.errors[0].detail, detail);
  }
});
