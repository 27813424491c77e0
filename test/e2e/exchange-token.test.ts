/** Servers whose tokens are got with the access tokens that callers present: each user's own, and never the one they came with. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type AccountServer, startAccountServer } from '../support/account-server.ts';
import { type ConnectSite, startConnectSite } from '../support/connect-site.ts';
import { EXCHANGE_SECRET, type ExchangeProvider, startExchangeProvider } from '../support/exchange-provider.ts';
import { post } from '../support/token-issuer.ts';
import { waitFor } from '../support/wait-for.ts';

interface Setup {
  readonly idp: ExchangeProvider;
  readonly server: AccountServer;
  readonly site: ConnectSite;
  /** A token for the gateway. */
  tokenOf(who: string): Promise<string>;
  /** Text of the result. */
  call(credential: string, tool?: string, args?: object): Promise<string>;
}

async function start(
  t: TestContext,
  {
    exchange = {},
    era = 'modern',
    second,
    listsForAll = true,
  }: {
    readonly exchange?: object;
    readonly era?: 'legacy' | 'modern';
    readonly second?: boolean;
    readonly listsForAll?: boolean;
  } = {},
): Promise<Setup & { readonly authorization: ExchangeProvider }> {
  const idp = await startExchangeProvider(t);
  const authorization = second === true ? await startExchangeProvider(t, idp) : idp;
  const server = await startAccountServer(t, era, authorization);
  server.listsForAll = listsForAll;
  const client = { clientId: 'gateway', clientSecret: EXCHANGE_SECRET };
  const tokenExchange = {
    ...{ issuer: idp.issuer, ...client, ...exchange },
    ...(second === true && { idJag: { issuer: authorization.issuer, ...client } }),
  };
  const site = await startConnectSite(t, {
    mcpServers: { notes: { url: server.mcpUrl } },
    serverOptions: { notes: { credentials: 'per-user', tokenExchange } },
    authorization: { access: { allow: ['*'] }, issuers: [{ issuer: idp.issuer, claims: { user: 'sub' } }] },
  });
  const wanted = listsForAll ? 'healthy' : 'needs_auth';
  await waitFor('the server', () => site.app.registry.current().get('notes')?.status().state === wanted);
  const tokenOf = (who: string): Promise<string> => idp.issue(who, `${site.url}/mcp`);
  const call = async (credential: string, tool = 'whoami', args: object = {}): Promise<string> => {
    const params = { name: `notes__${tool}`, arguments: args };
    const { text } = await post(`${site.url}/mcp`, { authorization: `Bearer ${credential}` }, 'tools/call', params);
    const { result, error } = JSON.parse(text) as {
      result?: { content: { text: string }[] };
      error?: { message: string };
    };
    return result?.content[0]?.text ?? error?.message ?? text;
  };
  return { idp, authorization, server, site, tokenOf, call };
}

/** Nowhere but at the gateway's door and at its issuer. */
function assertKept({ server, site, idp }: Setup, tokens: readonly string[]): void {
  for (const token of tokens) {
    assert.ok(!server.sent.some((header) => header.includes(token)), 'a token of a caller came to the server');
    assert.ok(!site.log.some((line) => line.includes(token)), 'a token of a caller is in the log');
  }
  for (const header of server.sent)
    assert.ok(!site.log.some((line) => line.includes(header.slice(7))), 'a token for the server is in the log');
  assert.ok(!site.log.some((line) => line.includes(EXCHANGE_SECRET)), `the secret for ${idp.issuer} is in the log`);
}

test('two users see their own data alone, and nothing that they came with comes to the server', async (t) => {
  const setup = await start(t);
  const { idp, server, tokenOf, call } = setup;
  const [ada, grace] = [await tokenOf('ada'), await tokenOf('grace')];
  assert.equal(await call(ada), 'ada@notes');
  assert.equal(await call(grace), 'grace@notes');
  assert.equal(await call(ada, 'note', { text: 'a' }), 'a');
  assert.equal(await call(grace, 'note', { text: 'g' }), 'g');
  assert.equal(idp.requests.length, 2);
  assert.equal(idp.requests[0]?.resource, server.mcpUrl);
  assert.equal(idp.requests[0]?.subject_token, ada);
  assert.equal(await call(await tokenOf('ada')), 'ada@notes');
  assert.equal(idp.requests.length, 2, 'another token of the same user needs no further exchange');
  assertKept(setup, [ada, grace]);
});

test('fifty calls at once make one exchange', async (t) => {
  const { idp, server, tokenOf, call } = await start(t, { era: 'legacy' });
  const ada = await tokenOf('ada');
  const said = await Promise.all(Array.from({ length: 50 }, () => call(ada)));
  assert.deepEqual([...new Set(said)], ['ada@notes']);
  assert.equal(idp.requests.length, 1);
  assert.equal(server.callers.length, 50);
});

test('a token that is about to run out, or that the server refuses, is got anew once', async (t) => {
  const { idp, tokenOf, call } = await start(t);
  const ada = await tokenOf('ada');
  idp.lifeSeconds = 2;
  assert.equal(await call(ada), 'ada@notes');
  assert.equal(idp.requests.length, 1);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  idp.lifeSeconds = 600;
  assert.deepEqual(await Promise.all([call(ada), call(ada)]), ['ada@notes', 'ada@notes']);
  assert.equal(idp.requests.length, 2);
  idp.revokeAll();
  assert.match(await call(ada), /the server refuses what the exchange brought/, 'it has only just been got');
  assert.equal(idp.requests.length, 2);
});

test('an issuer that refuses or does not answer is named, with what it said, and nothing goes to the server', async (t) => {
  const setup = await start(t);
  const { idp, server, tokenOf, call } = setup;
  const tokens: string[] = [];
  const answers: readonly [number, object, RegExp][] = [
    [400, { error: 'invalid_grant' }, /^No token for the server could be got .* refused with invalid_grant$/],
    [400, { error: 'invalid_target' }, /refused with invalid_target$/],
    [403, { error: 'access_denied' }, /refused with access_denied$/],
    [503, {}, /^No token for the server can be got for now: .* answered 503$/],
    [200, { token_type: 'Bearer' }, /answered with nothing that is a token$/],
    [200, { token_type: 'N_A', access_token: 'x' }, /of a type that servers do not take$/],
  ];
  for (const [status, body, said] of answers) {
    const token = await tokenOf('ada');
    tokens.push(token);
    idp.answer = { status, body: { ...body, error_description: token } };
    assert.match(await call(token), said);
    assert.match(await call(token), said, 'also from memory');
  }
  assert.equal(idp.requests.length, answers.length, 'a failure is remembered for a while');
  const own = await tokenOf('ada');
  idp.answer = { status: 200, body: { token_type: 'Bearer', access_token: own } };
  assert.match(await call(own), /gave the caller's own token back$/);
  assert.equal(server.callers.length, 0);
  assertKept(setup, [...tokens, own]);
});

test('a token for another audience does not leave the gateway', async (t) => {
  const setup = await start(t);
  const { idp, server, site, tokenOf, call } = setup;
  idp.givesFor = `${site.url}/mcp`;
  assert.match(await call(await tokenOf('ada')), /gave a token for another audience than http/);
  assert.deepEqual(server.sent, []);
  assert.match(await call(await idp.issue('ada', server.mcpUrl)), /it was issued for another resource/);
});

test('a key has nothing to exchange, and does not profit from an exchange of its user', async (t) => {
  const { server, site, tokenOf, call } = await start(t);
  assert.match(await call(site.keys.ada), /call with an access token of http/);
  assert.equal(await call(await tokenOf('ada')), 'ada@notes');
  assert.match(await call(site.keys.ada), /call with an access token of http/);
  assert.match(await call(site.keys.robot), /belongs to none/);
  assert.equal(server.callers.length, 1);
});

test('where users may sign in as well, a key asks its user to connect', async (t) => {
  const { site, tokenOf, call } = await start(t, { exchange: { signIn: true } });
  assert.equal(await call(await tokenOf('ada')), 'ada@notes');
  assert.match(await call(site.keys.ada), /\/connect\/notes\?for=/);
});

test('an identity assertion of one provider brings a token of another, for the server alone', async (t) => {
  const setup = await start(t, { second: true });
  const { idp, authorization, server, tokenOf, call } = setup;
  const [ada, grace] = [await tokenOf('ada'), await tokenOf('grace')];
  assert.deepEqual(await Promise.all([call(ada), call(grace)]), ['ada@notes', 'grace@notes']);
  assert.deepEqual(
    idp.requests.map(({ audience, resource }) => [audience, resource]),
    [1, 2].map(() => [authorization.issuer, server.mcpUrl]),
  );
  assert.equal(authorization.requests.length, 2);
  assert.ok(!authorization.requests.some(({ assertion }) => assertion === ada || assertion === grace));
  assertKept(setup, [ada, grace]);
});

test('an assertion for somebody else does not leave the gateway, nor is one asked for where none are taken', async (t) => {
  const { idp, authorization, server, tokenOf, call } = await start(t, { second: true });
  idp.givesFor = 'https://elsewhere.example';
  assert.match(await call(await tokenOf('ada')), /gave an assertion that is not for/);
  assert.equal(authorization.requests.length, 0);
  server.tenant = idp;
  assert.match(await call(await tokenOf('ada')), /the server names another authorization server than/);
  assert.equal(idp.requests.length, 1);
});

test('a server that lists its tools to nobody else shows them once somebody with a token has looked', async (t) => {
  const { idp, server, site, tokenOf } = await start(t, { listsForAll: false });
  const list = async (credential: string): Promise<string> =>
    (await post(`${site.url}/mcp`, { authorization: `Bearer ${credential}` }, 'tools/list', {})).text;
  assert.doesNotMatch(await list(site.keys.ada), /whoami/);
  assert.equal(idp.requests.length, 0);
  const ada = await tokenOf('ada');
  await waitFor('the tools', async () => (await list(ada)).includes('notes__whoami'));
  assert.doesNotMatch(await list(ada), /connection_required/);
  assert.match(await list(await tokenOf('grace')), /notes__whoami/);
  assert.ok(!server.sent.some((header) => header.includes(ada)));
});

test('what an issuer says of one token of a user is not said of another one', async (t) => {
  const { idp, tokenOf, call } = await start(t);
  // The gateway forgives clocks a minute, which this issuer does not.
  const old: string[] = [];
  for (const life of [1, 2]) {
    idp.lifeSeconds = life;
    old.push(await tokenOf('ada'));
  }
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  idp.lifeSeconds = 600;
  const [first = '', second = ''] = old;
  const said = await Promise.all([call(first), call(second), call(await tokenOf('ada'))]);
  assert.match(said[0] ?? '', /refused with invalid_grant$/);
  assert.equal(said[2], 'ada@notes');
});
