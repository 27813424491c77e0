/** Who the subject of an access token is here, and what follows from it: bounds, limits, labels, the trail, and the end of it. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openApprovalStore } from '../../src/platform/stores/sqlite/approvals.ts';
import { readTrail } from '../support/gateway.ts';
import { post, startTokenIssuer, startTokenSite } from '../support/token-issuer.ts';
import { waitFor } from '../support/wait-for.ts';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function start(t: TestContext, claims: object, more: object = {}) {
  const idp = await startTokenIssuer(t);
  const config = (of: object = claims) => ({
    authorization: { access: { allow: ['*'] }, issuers: [{ issuer: idp.issuer, claims: of }] },
    ...more,
  });
  const site = await startTokenSite(t, config());
  const mcp = `${site.url}/mcp`;
  const token = (each: object) => idp.sign({ aud: mcp, ...each });
  const tools = async (each: object): Promise<readonly string[] | string> => {
    const { status, text } = await post(mcp, bearer(await token(each)), 'tools/list', {});
    if (status !== 200) return `${status} ${(JSON.parse(text) as { error: { message: string } }).error.message}`;
    return (JSON.parse(text) as { result: { tools: { name: string }[] } }).result.tools.map(({ name }) => name);
  };
  const isIn = (each: object) => waitFor('the change to be in force', async () => Array.isArray(await tools(each)));
  return { idp, site, mcp, token, tools, isIn, config };
}

const DEMO = ['demo__add', 'demo__echo', 'demo__wait'];

test('whoever is a user by identity has their bounds, whatever a token says their name is', async (t) => {
  const { idp, site, tools, isIn } = await start(t, { user: 'preferred_username' });
  const identities = [{ issuer: idp.issuer, subject: 'sub-ada' }];
  await site.people.add('team', 'research', { bounds: { allow: ['demo'] }, labels: { cost: 'r' } });
  await site.people.add('user', 'ada', { identities, teams: ['research'] });
  await site.people.add('user', 'boss', {});
  await isIn({ sub: 'sub-ada' });
  assert.deepEqual(await tools({ sub: 'sub-ada', preferred_username: 'boss' }), DEMO);
  assert.equal((await tools({ sub: 'sub-other', preferred_username: 'boss' })).length, 6);
  const taken = await tools({ sub: 'sub-other', preferred_username: 'ada' });
  assert.match(String(taken), /^403 Nobody here/, 'ada has another subject at this issuer');
  assert.match(String(await tools({ sub: 'sub-other', preferred_username: ['boss', 'x'] })), /^403/);
  assert.match(String(await tools({ sub: 'sub-other' })), /^403/);
});

test('an address that nobody has verified is nobody’s name', async (t) => {
  const { site, tools, isIn } = await start(t, { user: 'email' });
  await site.people.add('user', 'ada@example.com', {});
  const email = 'Ada@example.com';
  await isIn({ sub: 's', email, email_verified: true });
  for (const email_verified of [false, 'true', undefined])
    assert.match(String(await tools({ sub: 's', email, email_verified })), /^403/);
});

test('a rule makes somebody of a team of whoever is no user: its bounds, its access, the first that fits', async (t) => {
  const { tools, site } = await start(
    t,
    {
      rules: [
        { claim: 'realm.groups', value: 'guests', team: 'guests', access: { allow: ['demo/echo'] } },
        { claim: 'realm.groups', value: 'eng-*', team: 'engineers' },
        { claim: 'realm.groups', value: 'lost', team: 'nowhere' },
      ],
    },
    { teams: { guests: {}, engineers: { bounds: { deny: ['*/wait'] } } } },
  );
  const of = (...groups: string[]) => tools({ sub: 's', realm: { groups } });
  assert.deepEqual(await of('guests'), ['demo__echo']);
  assert.deepEqual(await of('eng-1', 'guests'), ['demo__echo']);
  assert.deepEqual(await of('eng-1'), ['demo__add', 'demo__echo', 'other__add', 'other__echo']);
  assert.match(String(await of('lost')), /^403 .*a team that it counts for is not there/);
  assert.match(String(await of('others')), /^403/);
  assert.equal(site.log.filter((line) => line.includes('nobody here')).length, 2, 'once for each');
  await of('others');
  assert.equal(site.log.filter((line) => line.includes('nobody here')).length, 2);
});

test('limits and the trail follow the subject through all its tokens, with the labels that claims give', async (t) => {
  const { site, mcp, token } = await start(
    t,
    { labels: { client: 'client_id' }, rules: [{ claim: 'sub', value: 'sub-*', team: 'all' }] },
    { teams: { all: { limits: { requests: [{ max: 2, per: 'day' }] } } } },
  );
  const call = async (claims: object) => post(mcp, bearer(await token({ sub: 'sub-1', ...claims })));
  assert.equal((await call({ client_id: 'one' })).status, 200);
  assert.equal((await call({ client_id: 'two\u202e', jti: 'x' })).status, 200);
  assert.equal((await call({ client_id: 'one', jti: 'y' })).status, 429);
  assert.equal((await call({ sub: 'nobody' })).status, 403);
  await site.app[Symbol.asyncDispose]();
  const rows = (await readTrail(site.dataDir)).filter(({ kind }) => kind === 'tools.call');
  assert.deepEqual([...new Set(rows.map(({ keyName }) => keyName))], ['oauth:sub:sub-1']);
  assert.equal(new Set(rows.map(({ keyId }) => keyId)).size, 1);
  assert.match(String(rows[0]?.keyId), /^oauth:[0-9a-f]{32}$/);
  assert.deepEqual(
    rows.map(({ labels }) => labels),
    [{ client: 'one' }, { client: 'two' }, { client: 'one' }],
  );
  const refused = (await readTrail(site.dataDir)).filter(({ error }) => error === 'unknown_subject');
  assert.deepEqual(
    refused.map(({ keyName, result }) => [keyName, result]),
    [['oauth:sub:nobody', 'refused']],
  );
});

test('rules on calls know tokens by the name of their caller', async (t) => {
  const { site, mcp, token } = await start(
    t,
    { rules: [{ claim: 'sub', value: '*', team: 'all' }] },
    {
      teams: { all: {} },
      policy: { rules: [{ name: 'keys alone', keys: ['oauth:*'], targets: ['demo/add'], action: 'deny' }] },
    },
  );
  const add = { name: 'demo__add', arguments: { a: 1, b: 2 } };
  assert.match((await post(mcp, bearer(site.key), 'tools/call', add)).text, /"3"/);
  const refused = await post(mcp, bearer(await token({ sub: 's' })), 'tools/call', add);
  assert.match(refused.text, /unknown_tool|Unknown tool|denied|does not allow/);
});

test('what a person approves is carried out for the subject that asked, with whatever token, and for nobody else', async (t) => {
  const { site, mcp, token } = await start(
    t,
    { rules: [{ claim: 'sub', value: '*', team: 'all' }] },
    {
      teams: { all: {} },
      policy: { rules: [{ name: 'look-first', action: 'ask', targets: ['demo/add'], message: 'look first' }] },
    },
  );
  const add = { name: 'demo__add', arguments: { a: 1, b: 2 } };
  const call = async (sub: string, jti: string): Promise<string> =>
    (await post(mcp, bearer(await token({ sub, jti })), 'tools/call', add)).text;
  const asked = /"approvalId":"([^"]+)"/.exec(await call('ada', '1'))?.[1] ?? assert.fail('nobody was asked');
  const store = openApprovalStore({ dataDir: site.dataDir });
  t.after(() => store[Symbol.asyncDispose]());
  const approval = (await store.find(asked)) ?? assert.fail('it is not there');
  assert.equal(approval.keyName, 'oauth:sub:ada');
  const by = { type: 'operator', id: 'operator', name: 'operator' } as const;
  const vote = { approver: by, via: 'cli', atMs: Date.now(), vote: 'approve', reason: undefined } as const;
  await store.replace({ ...approval, state: 'approved', votes: [vote] }, approval.version);
  assert.match(await call('bob', '2'), /approval_required/);
  assert.match(await call('ada', '3'), /"text":"3"/);
  assert.match(await call('ada', '4'), /approval_required/, 'it is good once');
});

test('somebody who is switched off is out at once: requests, sessions and open streams', async (t) => {
  const { idp, site, mcp, token, isIn, tools } = await start(t, {});
  const identities = [{ issuer: idp.issuer, subject: 'sub-ada' }];
  await site.people.add('user', 'ada', { identities });
  await isIn({ sub: 'sub-ada' });
  const opened = await fetch(mcp, {
    method: 'POST',
    headers: {
      ...bearer(await token({ sub: 'sub-ada' })),
      ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' },
    },
    body: JSON.stringify({
      ...{ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen' },
      params: {
        notifications: { toolsListChanged: true },
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
          'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
        },
      },
    }),
  });
  assert.equal(opened.status, 200);
  const ended = opened.text();
  await site.people.change('user', 'ada', { identities, isActive: false });
  await ended;
  assert.match(String(await tools({ sub: 'sub-ada' })), /^403 .*switched off/);
  await site.people.change('user', 'ada', { identities, isActive: true });
  await isIn({ sub: 'sub-ada' });
});

test('another configuration is in force for tokens that were checked before it', async (t) => {
  const { idp, site, mcp, token, config, tools } = await start(
    t,
    { rules: [{ claim: 'sub', value: '*', team: 'all' }] },
    { teams: { all: {} } },
  );
  const same = bearer(await token({ sub: 's' }));
  assert.equal((await post(mcp, same)).status, 200);
  const { authorization } = config();
  await site.configure({ ...config(), authorization: { ...authorization, access: { allow: ['other'] } } });
  assert.match((await post(mcp, same)).text, /Unknown tool/);
  await site.configure(config({ rules: [] }));
  assert.equal((await post(mcp, same)).status, 403);
  await site.configure({});
  assert.equal((await post(mcp, same)).status, 401);
  await site.configure(config());
  assert.equal((await tools({ sub: 's' })).length, 6);
  // With the keys it now has.
  await idp.rotate();
  assert.equal((await post(mcp, same)).status, 200, 'checked a moment ago');
  idp.down = 500;
  assert.equal((await post(mcp, same)).status, 200);
});
