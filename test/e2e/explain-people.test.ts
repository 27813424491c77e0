/** What an operator can ask about, and do for, people who come with access tokens in place of keys. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createArgon2Hasher } from '../../src/platform/passwords/argon2.ts';
import { openAccountStore } from '../../src/platform/stores/sqlite/accounts.ts';
import { letIn, registerClient } from '../support/authorization-site.ts';
import { createBrowser } from '../support/browser.ts';
import { runCli } from '../support/gateway.ts';
import { CHEAP, PASSWORD } from '../support/login-site.ts';
import { post, startTokenIssuer, startTokenSite } from '../support/token-issuer.ts';
import { waitFor } from '../support/wait-for.ts';

const BACK = 'https://editor.example/callback';
const ADD = { name: 'demo__add', arguments: { a: 1, b: 2 } };

/** Ada signs in here and at the issuer; both kinds of token are taken, and calls of `add` are asked about. */
async function start(t: TestContext) {
  const idp = await startTokenIssuer(t);
  const policy = { rules: [{ name: 'look-first', action: 'ask', targets: ['demo/add'] }] };
  const config = {
    authorization: { access: { allow: ['demo/*'] }, server: {}, issuers: [{ issuer: idp.issuer }] },
    policy,
  };
  const site = await startTokenSite(t, config);
  const file = join(site.dataDir, 'portcullis.json');
  const demo = { type: 'in-process', module: 'demo' };
  await writeFile(file, JSON.stringify({ mcpServers: { demo, other: demo }, ...config }));
  const identities = [{ issuer: idp.issuer, subject: 'sub-ada' }];
  const limits = { requests: [{ max: 100, per: 'hour' }] };
  await site.people.add('user', 'ada', { identities, limits });
  const accounts = openAccountStore({ dataDir: site.dataDir });
  await accounts.setPassword('ada', await createArgon2Hasher(CHEAP).hash(PASSWORD), Date.now());
  await accounts[Symbol.asyncDispose]();
  const browser = createBrowser();
  const page = await browser.get(`${site.url}/login`);
  assert.equal((await browser.submit(page, '/login', { name: 'ada', password: PASSWORD })).status, 303);
  const clientId = await registerClient(site, BACK);
  const own = await letIn(site, browser, { clientId, redirectUri: BACK });
  const tokens = {
    own: String(own.body.access_token),
    issuer: await idp.sign({ aud: `${site.url}/mcp`, sub: 'sub-ada' }),
  };
  const cli = (...args: string[]) => runCli(...args, '--data', site.dataDir, '--config', file);
  const admin = (await cli('admin-tokens', 'create', '--name', 'olga', '--role', 'operator')).trim();
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${site.url}/api/v1${path}`, {
      ...{ method, headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' } },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: JSON.parse(await answer.text()) };
  };
  const call = async (token: string, params: object = ADD): Promise<string> =>
    (await post(`${site.url}/mcp`, { authorization: `Bearer ${token}` }, 'tools/call', { ...params })).text;
  return { idp, site, config, tokens, cli, ask, call };
}

test('what is explained of a user with a token of either kind is what their calls get, by API and command line', {
  timeout: 120_000,
}, async (t) => {
  const { idp, cli, ask, call, tokens } = await start(t);
  const [grant] = (await ask('GET', '/oauth-grants')).body.items;
  const byToken = { token: { issuer: idp.issuer, subject: 'sub-ada' } };
  const whos: readonly [token: string, who: object, options: readonly string[]][] = [
    [tokens.own, { key: 'user:ada' }, []],
    [tokens.own, { oauthGrant: grant.id }, ['--client', 'Editor']],
    [tokens.issuer, byToken, ['--issuer', idp.issuer]],
  ];
  for (const [token, who, options] of whos)
    for (const [tool, name, verdict, said] of [
      ['demo/echo', 'demo__echo', 'allowed', /hello/],
      ['demo/add', 'demo__add', 'asks', /approval_required|"approvalId"/],
      ['other/echo', 'other__echo', 'refused', /Unknown tool/i],
    ] as const) {
      const given = name === 'demo__add' ? ADD.arguments : { message: 'hello' };
      assert.match(await call(token, { name, arguments: given }), said);
      const { status, body } = await ask('POST', '/explain', { ...who, target: { kind: 'tool', name: tool } });
      assert.deepEqual([status, body.verdict], [200, verdict], JSON.stringify(body));
      const told = JSON.parse(await cli('users', 'explain', 'ada', ...options, '--tool', tool, '--json'));
      assert.equal(told.verdict, verdict, JSON.stringify(told));
      const limit = body.limits.find(({ level }: { level: { type: string } }) => level.type === 'user');
      assert.equal(limit?.max, 100, JSON.stringify(body.limits));
      if (verdict === 'allowed') assert.ok(limit.used > 0, 'nothing was counted');
    }

  const explain = (who: object) => ask('POST', '/explain', { ...who, target: { kind: 'tool', name: 'demo/echo' } });
  const stranger = await explain({ token: { issuer: idp.issuer, subject: 'nobody' } });
  assert.deepEqual([stranger.body.verdict, stranger.body.code], ['refused', 'unknown_subject']);
  assert.match(stranger.body.reason, /no user here has this identity/);
  const elsewhere = await explain({ token: { issuer: 'https://else.example', subject: 'sub-ada' } });
  assert.match(elsewhere.body.reason, /is not in "authorization.issuers"/);
  const narrow = await explain({ token: { ...byToken.token, scopes: ['mcp:read'] } });
  assert.equal(narrow.body.code, 'insufficient_scope');
  assert.equal((await explain({ oauthGrant: 'og_none' })).status, 404);
  assert.equal((await explain({ key: 'user:ada', ...byToken })).status, 400);
  await assert.rejects(cli('users', 'explain', 'bob', '--tool', 'demo/echo'), /there is no user "bob"/);
});

test('limits of a user who comes with tokens can be looked at, and calls of theirs be approved beforehand', {
  timeout: 120_000,
}, async (t) => {
  const { idp, cli, ask, call, tokens, site, config } = await start(t);
  assert.match(await call(tokens.own, { name: 'demo__echo', arguments: { message: 'hello' } }), /hello/);
  const limits = await ask('GET', '/keys/user%3Aada/limits');
  assert.equal(limits.status, 200, JSON.stringify(limits.body));
  assert.deepEqual(
    limits.body.items.map(({ level, max, used }: { level: { name: string }; max: number; used: number }) => ({
      ...{ level: level.name, max, isUsed: used > 0 },
    })),
    [{ level: 'ada', max: 100, isUsed: true }],
  );

  await site.configure({ authorization: { access: { allow: ['demo/*'] }, issuers: [{ issuer: idp.issuer }] } });
  const alone = await ask('GET', '/keys/user%3Aada/limits');
  assert.deepEqual([alone.status, alone.body.items.length], [200, 1], 'of an issuer alone');
  assert.equal((await ask('GET', '/keys/user%3Abob/limits')).status, 404);
  await site.configure(config);

  for (const [token, other, options] of [
    [tokens.own, tokens.issuer, ['--user', 'ada']],
    [tokens.issuer, tokens.own, ['--issuer', idp.issuer, '--subject', 'sub-ada']],
  ] as const) {
    assert.match(await call(token), /approval/);
    const id = await cli(
      'approvals',
      'standing',
      'add',
      '--name',
      'sums',
      '--tool',
      'demo/add',
      '--for',
      '1h',
      ...options,
    );
    await waitFor('the approval to stand', async () => /"text":"3"/.test(await call(token)));
    assert.match(await call(other), /approval/, 'it stands for somebody else, too');
    await cli('approvals', 'standing', 'remove', id.trim());
    await waitFor('its end', async () => /approval/.test(await call(token)));
  }
  const body = { name: 'sums', targets: ['demo/add'], expiresAtMs: Date.now() + 3_600_000 };
  const [made, nobody, wrong] = [
    await ask('POST', '/standing-approvals', { ...body, key: 'user:ada' }),
    await ask('POST', '/standing-approvals', { ...body, key: 'user:bob' }),
    await ask('POST', '/standing-approvals', { ...body, key: 'oauth:bob' }),
  ];
  assert.deepEqual([made.status, nobody.status, wrong.status], [201, 400, 400], JSON.stringify(made.body));
  await waitFor('the approval to stand', async () => /"text":"3"/.test(await call(tokens.own)));
});
