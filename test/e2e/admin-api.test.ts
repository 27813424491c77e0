import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import { SETUP, startAdmin } from '../support/admin-api.ts';

const GRANT = { allow: ['github'] };

test('an object is made, read, replaced and deleted, each change with its actor in the record', async (t) => {
  const { ask } = await startAdmin(t);
  const made = await ask('POST', '/teams', { as: 'admin', body: { name: 'research', labels: { customer: 'acme' } } });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.headers.get('location'), `/api/v1/teams/${made.body.id}`);
  assert.equal(made.headers.get('etag'), '"1"');
  const path = `/teams/${made.body.id}`;
  const read = await ask('GET', path, { as: 'auditor' });
  assert.deepEqual(read.body, made.body);
  assert.equal((await ask('GET', path, { headers: { 'if-none-match': '"1"' } })).status, 304);

  const put = await ask('PUT', path, { body: { name: 'science' }, headers: { 'if-match': '"1"' } });
  assert.equal(put.status, 200, put.text);
  assert.deepEqual([put.body.name, put.body.version, put.body.labels], ['science', 2, {}]);
  assert.equal((await ask('GET', path, { headers: { 'if-none-match': '"1"' } })).status, 200);
  assert.equal((await ask('DELETE', path, { headers: { 'if-match': '"2"' } })).status, 200);
  assert.equal((await ask('GET', path)).body.code, 'unknown_object');

  const { items } = (await ask('GET', `/changes?kind=team&id=${made.body.id}`)).body;
  assert.deepEqual(
    items.map((change: { action: string; actor: { name: string }; via: string }) => [
      change.action,
      change.actor.name,
      change.via,
    ]),
    [
      ['delete', 'owner', 'api'],
      ['update', 'owner', 'api'],
      ['create', 'admin', 'api'],
    ],
  );
  assert.deepEqual([items[1].before.name, items[1].after.name], ['research', 'science']);
});

test('who replaces says what they replace: nothing, an old version and nonsense are refused', async (t) => {
  const { ask, seq } = await startAdmin(t);
  const { id } = (await ask('POST', '/teams', { body: { name: 'a' } })).body;
  const before = await seq();
  const put = (headers: { [name: string]: string }) => ask('PUT', `/teams/${id}`, { body: { name: 'b' }, headers });
  assert.deepEqual([(await put({})).status, (await put({})).body.code], [428, 'version_required']);
  assert.deepEqual((await put({ 'if-match': '"7"' })).body.code, 'changed_meanwhile');
  for (const wrong of ['7', '"x"', 'W/"1"', '"1", "2"', ''])
    assert.equal((await put({ 'if-match': wrong })).status, 400, wrong);
  assert.equal((await ask('DELETE', `/teams/${id}`, { headers: { 'if-match': '"9"' } })).status, 412);
  assert.equal(await seq(), before);
  assert.equal((await put({ 'if-match': '*' })).status, 200);
});

test('of 50 who replace the same version at once exactly one does, version for version', async (t) => {
  const { ask } = await startAdmin(t);
  const { id } = (await ask('POST', '/teams', { body: { name: 'a' } })).body;
  for (const version of [1, 2]) {
    const tries = Array.from({ length: 50 }, (_, i) =>
      ask('PUT', `/teams/${id}`, { body: { name: `v${version} ${i}` }, headers: { 'if-match': `"${version}"` } }),
    );
    const answers = await Promise.all(tries);
    const won = answers.filter(({ status }) => status === 200);
    assert.equal(won.length, 1);
    assert.ok(answers.every(({ status }) => status === 200 || status === 412));
    assert.equal((await ask('GET', `/teams/${id}`)).body.name, won[0]?.body.name);
  }
});

test('everything that is wrong with a request is told at once, each with a pointer', async (t) => {
  const { ask, seq } = await startAdmin(t);
  const before = await seq();
  const answer = await ask('POST', '/keys?x=1', {
    body: { name: 7, grant: { allow: ['a', 3], 'a/b~c': 1 }, secrets: [], labels: {} },
  });
  assert.equal(answer.status, 400);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  assert.deepEqual(
    answer.body.errors.map((fault: { in: string; pointer: string }) => `${fault.in} ${fault.pointer}`).sort(),
    ['body /grant/allow/1', 'body /grant/a~1b~0c', 'body /name', 'body /secrets', 'query x'],
  );
  assert.equal(answer.body.type, '/api/v1/errors#invalid_params');
  for (const rawBody of [
    '',
    '{',
    '[]',
    'null',
    '{"name":"a","name":"b"}',
    '{"name":"\\u0000"}',
    '{"name":"\\ud800"}',
    '{"name":"a","__proto__":{}}',
  ])
    assert.equal((await ask('POST', '/teams', { rawBody })).status, 400, rawBody);
  assert.equal((await ask('POST', '/teams', { rawBody: `{"name":"${'x'.repeat(1_100_000)}"}` })).status, 413);
  assert.equal(
    (await ask('POST', '/teams', { rawBody: '{"name":"x"}', headers: { 'content-type': 'text/plain' } })).status,
    415,
  );
  assert.equal((await ask('PATCH', '/teams', { body: {} })).status, 405);
  assert.equal((await ask('GET', '/nowhere')).status, 404);
  assert.equal(await seq(), before);
});

test('what can never fit is refused where it is written, with its place and a remedy', async (t) => {
  const { ask, seq, addUser } = await startAdmin(t);
  await addUser('user_ada', { name: 'ada', role: 'admin' });
  const { id } = (await ask('POST', '/teams', { body: { name: 'a' } })).body;
  const before = await seq();
  const grant = {
    ...{ allow: ['github', 'githb:x/y', ''], deny: ['my server'], networks: ['10.0.0.0/8', '10.0.0.1/8', 'home'] },
    hours: [{ from: '08:00', to: '08:00', timeZone: 'Europe/Berln' }],
    providerKeys: ['openai/*', 'openai'],
  };
  const limits = {
    requests: [{ max: 1, per: 'minute', on: ['github/'] }],
    budgets: [{ maxUsd: 1, per: 'day', timeZone: 'Mars', on: ['ok', ':'] }],
  };
  const ofGrant = ['allow/1', 'allow/2', 'deny/0', 'hours/0/timeZone', 'hours/0/to', 'networks/1', 'networks/2'];
  const expected = (member: string) => [
    ...[...ofGrant, 'providerKeys/1'].map((place) => `/${member}/${place}`),
    ...['/limits/budgets/0/on/1', '/limits/requests/0/on/0'],
  ];
  const level = {
    name: 'x',
    bounds: grant,
    limits: { ...limits, budgets: [{ ...limits.budgets[0], timeZone: 'UTC' }] },
  };
  const key = { name: 'x', grant, limits: level.limits };
  const headers = { 'if-match': '*' };
  const answers = {
    'POST /teams': await ask('POST', '/teams', { body: level }),
    'PUT /teams': await ask('PUT', `/teams/${id}`, { body: level, headers }),
    'POST /organizations': await ask('POST', '/organizations', { body: level }),
    'POST /users': await ask('POST', '/users', { body: level }),
    'PUT /users': await ask('PUT', '/users/user_ada', { body: level, headers }),
    'POST /keys': await ask('POST', '/keys', { body: key }),
    'POST /me/keys': await ask('POST', '/me/keys', { session: 'user_ada', body: key }),
  };
  for (const [what, { status, body }] of Object.entries(answers)) {
    assert.deepEqual([status, body.code], [400, 'invalid_params'], what);
    const places = body.errors.map(({ pointer }: { pointer: string }) => pointer).sort();
    assert.deepEqual(places, expected(what.includes('keys') ? 'grant' : 'bounds').sort(), what);
    const about = (place: string) =>
      body.errors.find((error: { pointer: string }) => error.pointer.endsWith(place)).detail;
    assert.match(about('networks/1'), /is no network.*; write it as "10\.0\.0\.0\/8"/);
    assert.match(about('hours/0/timeZone'), /Europe\/Berlin/);
    assert.match(about('allow/1'), /begins with no kind there is/);
  }
  const zone = await ask('POST', '/teams', { body: { name: 'x', limits } });
  assert.match(zone.text, /\/limits\/budgets\/0\/timeZone.*write a name such as/);
  assert.equal(await seq(), before);
});

test('what an older version stored with faults is shown all the same, and refused when it is put back', async (t) => {
  const { ask, objects } = await startAdmin(t);
  const body = { name: 'old', bounds: { allow: ['*'], deny: [], networks: ['home'] }, labels: {} };
  await objects.write([{ action: 'create', kind: 'team', id: 'team_old', name: 'old', body }], SETUP, 1);
  const read = await ask('GET', '/teams/team_old');
  assert.deepEqual([read.status, read.body.bounds.networks], [200, ['home']], read.text);
  assert.equal((await ask('GET', '/teams')).status, 200);
  const put = await ask('PUT', '/teams/team_old', { body, headers: { 'if-match': '"1"' } });
  assert.deepEqual([put.status, put.body.errors[0].pointer], [400, '/bounds/networks/0']);
});

test('a reference to nobody is refused with its place', async (t) => {
  const { ask } = await startAdmin(t);
  const answer = await ask('POST', '/keys', { body: { name: 'k', grant: GRANT, team: 'team_x', user: 'user_y' } });
  assert.deepEqual(
    answer.body.errors.map((fault: { pointer: string }) => fault.pointer),
    ['/user', '/team'],
  );
});

test('a key shows its secret once, works in the directory by its hash, and is rotated with grace', async (t) => {
  let nowMs = 1_000_000;
  const { ask, objects } = await startAdmin(t, { now: () => nowMs });
  const made = await ask('POST', '/keys', { body: { name: 'k', grant: GRANT } });
  assert.equal(made.status, 201, made.text);
  assert.match(made.body.secret, /^pck_/);
  const path = `/keys/${made.body.id}`;
  assert.equal((await ask('GET', path)).body.secret, undefined);

  const rotated = await ask('POST', `${path}/rotate`, { body: { graceMs: 60_000 } });
  assert.notEqual(rotated.body.secret, made.body.secret);
  assert.deepEqual(
    rotated.body.secrets.map((secret: { expiresAtMs?: number }) => secret.expiresAtMs),
    [nowMs + 60_000, undefined],
  );
  nowMs += 60_000;
  const again = await ask('POST', `${path}/rotate`, { body: {} });
  assert.equal(again.body.secrets.length, 1, 'the first has ended, the second ends at once');
  const stored = await objects.find('key', made.body.id);
  assert.equal((stored?.body as { secrets?: unknown[] } | undefined)?.secrets?.length, 1);

  assert.equal((await ask('POST', `${path}/revoke`, {})).body.revokedAtMs, nowMs);
  assert.equal((await ask('POST', `${path}/rotate`, { body: {} })).body.code, 'conflict');
  const put = { body: { name: 'k', grant: GRANT }, headers: { 'if-match': '*' } };
  assert.equal((await ask('PUT', path, put)).body.code, 'conflict', 'nothing brings a revoked key back');
});

test('no answer but the one that makes a secret shows it, and none shows a hash', async (t) => {
  const { ask, tokens } = await startAdmin(t);
  const key = (await ask('POST', '/keys', { body: { name: 'k', grant: GRANT } })).body;
  const token = (await ask('POST', '/admin-tokens', { body: { name: 'n', role: 'auditor' } })).body;
  const paths = ['/keys', `/keys/${key.id}`, '/admin-tokens', `/admin-tokens/${token.id}`, '/changes', '/me'];
  for (const path of paths) {
    const { text } = await ask('GET', path);
    for (const secret of [key.secret, token.secret, ...Object.values(tokens)]) assert.ok(!text.includes(secret), path);
    assert.ok(!/"hash"|[0-9a-f]{64}/.test(text), path);
  }
});

test('a request that is sent again is answered again and not done again', async (t) => {
  let nowMs = 1_000_000;
  const { ask, seq, tokens } = await startAdmin(t, { now: () => nowMs });
  const make = (key: string, name: string, as: 'owner' | 'admin' = 'owner') =>
    ask('POST', '/keys', { as, body: { name, grant: GRANT }, headers: { 'idempotency-key': key } });
  const first = await make('one', 'k');
  const after = await seq();
  const second = await make('one', 'k');
  assert.deepEqual([second.status, second.text], [first.status, first.text]);
  assert.equal(second.headers.get('idempotency-replayed'), 'true');
  assert.equal(await seq(), after);
  assert.equal((await make('one', 'other')).body.code, 'idempotency_mismatch');
  assert.equal((await make('one', 'k', 'admin')).status, 201, 'keys of different people are different keys');

  assert.equal((await ask('POST', '/teams', { body: {}, headers: { 'idempotency-key': 'bad' } })).status, 400);
  assert.equal(
    (await ask('POST', '/teams', { body: { name: 'x' }, headers: { 'idempotency-key': 'bad' } })).status,
    201,
  );

  const crowd = await Promise.all(Array.from({ length: 10 }, () => make('crowd', 'c')));
  const made = new Set(crowd.filter(({ status }) => status === 201).map(({ body }) => body.id));
  assert.equal(made.size, 1);
  assert.ok(crowd.every(({ status, body }) => status === 201 || body.code === 'repeated_too_soon'));

  nowMs += 24 * 3_600_000;
  assert.notEqual((await make('one', 'k')).body.id, first.body.id, 'after a day it is a new request');
  assert.ok(tokens.owner.startsWith('pca_'));
});

test('kept answers lie sealed in the database: no secret stands there in clear', async (t) => {
  const { ask, dataDir } = await startAdmin(t);
  const { readFileSync, readdirSync } = await import('node:fs');
  const { secret } = (
    await ask('POST', '/keys', { body: { name: 'k', grant: GRANT }, headers: { 'idempotency-key': 'x' } })
  ).body;
  for (const file of readdirSync(dataDir)) {
    if (!file.startsWith('portcullis.db')) continue;
    assert.ok(!readFileSync(`${dataDir}/${file}`, 'latin1').includes(secret), file);
  }
});

test('lists come in pages whose cursors lead through all of them once', async (t) => {
  const { ask } = await startAdmin(t);
  for (let i = 0; i < 7; i++) await ask('POST', '/teams', { body: { name: `team ${i}` } });
  const seen: string[] = [];
  let path: string | undefined = '/teams?limit=3&name=team';
  for (let pages = 0; path !== undefined && pages < 10; pages++) {
    const page = await ask('GET', path);
    seen.push(...page.body.items.map((team: { name: string }) => team.name));
    const next = /^<(\?[^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    assert.equal(next === undefined, page.body.nextCursor === null);
    path = next && `/teams${next}`;
  }
  assert.deepEqual(seen, ['team 0', 'team 1', 'team 2', 'team 3', 'team 4', 'team 5', 'team 6']);
  for (const cursor of [
    'x',
    'e30',
    Buffer.from('["key","team_1"]').toString('base64url'),
    Buffer.from('["team",{}]').toString('base64url'),
  ])
    assert.equal((await ask('GET', `/teams?cursor=${cursor}`)).body.code, 'invalid_cursor', cursor);
});

test('strangers hear only that they are strangers; a virtual key is told what it is', async (t) => {
  const { ask, tokens, objects } = await startAdmin(t);
  const detail = async (headers: { [name: string]: string }): Promise<string> => {
    const answer = await ask('GET', '/keys', { as: null, headers });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    return answer.body.detail;
  };
  assert.match(await detail({}), /admin token/);
  assert.match(await detail({ authorization: `Bearer pck_${'a'.repeat(43)}` }), /virtual key/);
  assert.match(await detail({ authorization: `Bearer pca_${'a'.repeat(43)}` }), /unknown/);
  assert.match(await detail({ 'x-api-key': tokens.owner }), /Authorization only/);
  assert.match(await detail({ authorization: `Bearer ${tokens.owner}`, 'x-api-key': 'other' }), /two credentials/);
  assert.equal((await ask('GET', '/nowhere', { as: null })).status, 401, 'not even what there is');

  const token = await objects.find('admin-token', 'token_auditor');
  if (token === undefined) throw new Error('there is no auditor');
  const { kind, id, name, body } = token;
  await objects.write(
    [{ action: 'update', kind, id, name, body: { ...body, revokedAtMs: 5 }, ifVersion: 1 }],
    SETUP,
    5,
  );
  assert.equal((await ask('GET', '/me', { as: 'auditor' })).status, 401, 'revoked by another process, and at once');
});

test('guessing is slowed down, and nobody with a valid token feels it', async (t) => {
  let monotonicMs = 0;
  const { ask } = await startAdmin(t, { monotonicMs: () => monotonicMs });
  const guess = () => ask('GET', '/me', { as: null, headers: { authorization: 'Bearer nonsense' } });
  for (let i = 0; i < 30; i++) assert.equal((await guess()).status, 401);
  const slowed = await guess();
  assert.deepEqual([slowed.status, slowed.body.code], [429, 'too_many_attempts']);
  assert.ok(Number(slowed.headers.get('retry-after')) > 0);
  assert.equal((await ask('GET', '/me')).status, 200);
  monotonicMs += 120_000;
  assert.equal((await guess()).status, 401);
});

test('a session counts like a token, changes nothing without its CSRF token, and not beside a token', async (t) => {
  const { ask, addUser, tokens } = await startAdmin(t);
  await addUser('user_ada', { name: 'ada', role: 'admin' });
  assert.deepEqual((await ask('GET', '/me', { session: 'user_ada' })).body.name, 'ada');
  assert.equal((await ask('POST', '/teams', { session: 'user_ada', body: { name: 'x' } })).status, 201);
  const forged = await ask('POST', '/teams', {
    ...{ session: 'user_ada', body: { name: 'y' }, headers: { 'x-portcullis-csrf': 'wrong' } },
  });
  assert.deepEqual([forged.status, forged.body.code], [403, 'forbidden_origin']);
  const both = await ask('GET', '/me', { session: 'user_ada', headers: { authorization: `Bearer ${tokens.owner}` } });
  assert.equal(both.status, 401);
  assert.equal((await ask('GET', '/changes?kind=team')).body.items[0].via, 'console');
});

test('who is signed in reads the token that their changes have to bring; a token of the API has none', async (t) => {
  const { ask, addUser } = await startAdmin(t);
  await addUser('user_ada', { name: 'ada', role: 'admin' });
  const me = await ask('GET', '/me', { session: 'user_ada' });
  assert.equal(me.body.csrfToken, 'right');
  const headers = { 'x-portcullis-csrf': me.body.csrfToken };
  const made = await ask('POST', '/teams', { session: 'user_ada', body: { name: 'x' }, headers });
  assert.equal(made.status, 201, made.text);
  assert.equal('csrfToken' in (await ask('GET', '/me')).body, false);
});

test('what is no request is a problem all the same: a path that cannot be decoded, of any length', async (t) => {
  const { ask, failures } = await startAdmin(t);
  for (const path of ['/%ff', '/keys/%', '/%', '/teams/%c3%28/x?limit=%zz', `/keys/${'%e2%28'.repeat(2_000)}`])
    for (const as of ['owner', null] as const) {
      const answer = await ask('GET', path, { as });
      assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_request'], path);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json', path);
      assert.deepEqual([answer.body.status, answer.body.type], [400, '/api/v1/errors#invalid_request']);
    }
  assert.equal(
    (await ask('GET', `/keys/${'x'.repeat(20_000)}`)).headers.get('content-type'),
    'application/problem+json',
  );
  assert.deepEqual(failures, []);
});

test('a Host that is not ours is a problem at the API, and plain elsewhere', async (t) => {
  const { url } = await startAdmin(t);
  const { port } = new URL(url);
  const typeAt = async (path: string): Promise<string | undefined> => {
    const sent = request({ port, host: '127.0.0.1', path, headers: { host: 'evil.example' }, agent: false }).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    assert.equal(answer.statusCode, 403, path);
    return answer.headers['content-type'];
  };
  assert.equal(await typeAt('/api/v1/me'), 'application/problem+json');
  assert.equal(await typeAt('/api/v1?x'), 'application/problem+json');
  assert.equal(await typeAt('/api/v10'), 'application/json');
});

test('a page of another origin gets nothing, even one that CORS would let in elsewhere', async (t) => {
  const { ask, url } = await startAdmin(t);
  const from = (origin: string) => ask('GET', '/me', { headers: { origin } });
  assert.equal((await from('http://localhost:3000')).status, 403);
  assert.equal((await from(url)).status, 200);
});

test('nobody gives more than they have: roles, tokens and the last owner', async (t) => {
  const { ask, addUser, tokenIds } = await startAdmin(t);
  await addUser('user_ada', { name: 'ada', role: 'admin' });
  await addUser('user_eve', { name: 'eve', role: 'owner' });
  const token = (role: string, as: 'owner' | 'admin') =>
    ask('POST', '/admin-tokens', { as, body: { name: `${role} by ${as}`, role } });
  assert.equal((await token('owner', 'admin')).body.code, 'forbidden');
  assert.equal((await token('admin', 'admin')).status, 201);
  assert.equal((await token('owner', 'owner')).status, 201);
  const replace = (path: string, body: object, as: 'owner' | 'admin') =>
    ask('PUT', path, { as, body, headers: { 'if-match': '*' } });
  assert.equal(
    (await replace(`/admin-tokens/${tokenIds.admin}`, { name: 'admin', role: 'admin' }, 'admin')).body.code,
    'forbidden',
    'not itself',
  );
  assert.equal(
    (await replace(`/admin-tokens/${tokenIds.owner}`, { name: 'o', role: 'member' }, 'admin')).body.code,
    'forbidden',
    'not one above',
  );
  assert.equal((await ask('DELETE', `/admin-tokens/${tokenIds.owner}`, { as: 'admin' })).body.code, 'forbidden');
  assert.equal((await replace('/users/user_eve', { name: 'eve' }, 'admin')).body.code, 'forbidden');
  assert.equal((await ask('DELETE', '/users/user_eve', { as: 'admin' })).body.code, 'forbidden');
  assert.equal(
    (await ask('POST', '/users', { as: 'admin', body: { name: 'mallory', role: 'owner' } })).body.code,
    'forbidden',
  );
  const raise = await ask('PUT', '/users/user_ada', {
    session: 'user_ada',
    body: { name: 'ada', role: 'member' },
    headers: { 'if-match': '*' },
  });
  assert.equal(raise.body.code, 'forbidden', 'nobody changes their own role');
});

test('the last owner cannot be removed, demoted or switched off', async (t) => {
  const { ask, addUser, tokenIds } = await startAdmin(t);
  await addUser('user_eve', { name: 'eve', role: 'owner' });
  const eve = { session: 'user_eve' } as const;
  assert.equal((await ask('POST', `/admin-tokens/${tokenIds.owner}/revoke`, eve)).status, 200);
  const put = (body: object) => ask('PUT', '/users/user_eve', { ...eve, body, headers: { 'if-match': '*' } });
  assert.equal((await ask('DELETE', '/users/user_eve', eve)).body.code, 'conflict');
  assert.equal((await put({ name: 'eve', role: 'owner', isActive: false })).body.code, 'conflict');
  await addUser('user_ada', { name: 'ada', role: 'owner' });
  const both = await Promise.all([
    ask('DELETE', '/users/user_eve', { session: 'user_ada' }),
    ask('DELETE', '/users/user_ada', eve),
  ]);
  assert.equal(both.filter(({ status }) => status === 200).length, 1, 'one of two who remove each other stays');
});

test('two owners who take each other away at two gateways at once leave one', async (t) => {
  const { ask, addUser, objects, tokenIds } = await startAdmin(t);
  await addUser('user_eve', { name: 'eve', role: 'owner' });
  await addUser('user_bob', { name: 'bob', role: 'owner' });
  assert.equal((await ask('DELETE', `/admin-tokens/${tokenIds.owner}`, { session: 'user_eve' })).status, 200);
  const eve = await objects.find('user', 'user_eve');
  assert.ok(eve);
  const { list } = objects;
  let isDone = false;
  // The other gateway writes while this one has looked at the users, and not yet at the tokens.
  Object.assign(objects, {
    async list(...[kind, page]: Parameters<typeof list>) {
      const found = await list.call(objects, kind, page);
      if (kind !== 'user' || isDone) return found;
      isDone = true;
      const body = { ...eve.body, role: 'member' };
      await objects.write([{ action: 'update', kind: 'user', id: eve.id, name: 'eve', body, ifVersion: 1 }], SETUP, 2);
      return found;
    },
  });
  const deleted = await ask('DELETE', '/users/user_bob', { session: 'user_eve' });
  assert.deepEqual([deleted.status, deleted.body.code], [412, 'changed_meanwhile']);
  assert.equal((await objects.find('user', 'user_bob'))?.body.role, 'owner');
});

test('an invitation leaves a line in the record: for whom, by whom, and not the address', async (t) => {
  const { ask, addUser } = await startAdmin(t);
  await addUser('user_ada', { name: 'Ada', role: 'admin' });
  const made = await ask('POST', '/users/user_ada/invite', { as: 'admin' });
  assert.equal(made.status, 201, made.text);
  const { items } = (await ask('GET', '/changes?kind=user&id=user_ada&limit=1')).body;
  const [{ seq: _seq, atMs: _atMs, ...line }] = items;
  assert.deepEqual(line, {
    ...{ action: 'invite', kind: 'user', id: 'user_ada', name: 'ada', via: 'api', before: null, after: null },
    actor: { type: 'admin-token', id: 'token_admin', name: 'admin' },
  });
  assert.equal(JSON.stringify(items).includes('gateway.test'), false);
});

test('users are one whatever the case of their name', async (t) => {
  const { ask } = await startAdmin(t);
  assert.equal((await ask('POST', '/users', { body: { name: 'Ada' } })).status, 201);
  assert.equal((await ask('POST', '/users', { body: { name: 'aDA' } })).body.code, 'conflict');
});

test('a team goes only when nothing needs it, or with its keys revoked; its members stay', async (t) => {
  const { ask, addUser } = await startAdmin(t);
  const team = (await ask('POST', '/teams', { body: { name: 'research' } })).body;
  await addUser('user_ada', { name: 'ada', teams: [team.id] });
  const key = (await ask('POST', '/keys', { body: { name: 'k', grant: GRANT, team: team.id } })).body;
  const refused = await ask('DELETE', `/teams/${team.id}`);
  assert.deepEqual([refused.status, refused.body.below], [409, { keys: 1 }]);
  assert.equal((await ask('DELETE', `/teams/${team.id}?cascade=revoke`)).status, 200);
  assert.ok((await ask('GET', `/keys/${key.id}`)).body.revokedAtMs > 0);
  assert.deepEqual((await ask('GET', '/users/user_ada')).body.teams, []);
});

test('an organisation goes only when nothing stands below it', async (t) => {
  const { ask } = await startAdmin(t);
  const { id } = (await ask('POST', '/organizations', { body: { name: 'acme' } })).body;
  const team = (await ask('POST', '/teams', { body: { name: 't', organization: id } })).body;
  assert.deepEqual((await ask('DELETE', `/organizations/${id}`)).body.below, { teams: 1 });
  await ask('DELETE', `/teams/${team.id}`);
  assert.equal((await ask('DELETE', `/organizations/${id}`)).status, 200);
});

test('a member sees and makes only keys of their own, within levels that bound them', async (t) => {
  const { ask, addUser } = await startAdmin(t);
  const bounded = (await ask('POST', '/teams', { body: { name: 'bounded', bounds: { allow: ['github'] } } })).body.id;
  const free = (await ask('POST', '/teams', { body: { name: 'free' } })).body.id;
  await addUser('user_ada', { name: 'ada', teams: [bounded, free] });
  await addUser('user_bob', { name: 'bob', teams: [bounded] });
  const ada = { session: 'user_ada' } as const;
  const make = (body: object) => ask('POST', '/me/keys', { ...ada, body: { name: 'mine', grant: GRANT, ...body } });
  const mine = await make({ team: bounded });
  assert.equal(mine.status, 201, mine.text);
  assert.deepEqual([mine.body.type, mine.body.user, mine.body.team], ['personal', 'user_ada', bounded]);
  assert.equal((await make({})).status, 403, 'a key without a team would escape the bounds of both');
  assert.equal((await make({ team: free })).status, 403, 'nothing bounds it');
  assert.equal((await make({ team: 'team_other' })).status, 403);
  assert.equal((await make({ team: bounded, user: 'user_bob' })).status, 400, 'for nobody else');
  assert.equal((await make({ team: bounded, type: 'service' })).status, 400);

  const path = `/me/keys/${mine.body.id}`;
  assert.equal((await ask('GET', path, ada)).status, 200);
  assert.equal((await ask('GET', '/keys', ada)).body.permission, 'keys:read');
  for (const [method, rest] of [
    ['GET', ''],
    ['POST', '/rotate'],
    ['POST', '/revoke'],
  ] as const) {
    const body = rest === '/rotate' ? { body: {} } : {};
    assert.equal((await ask(method, `${path}${rest}`, { session: 'user_bob', ...body })).body.code, 'unknown_object');
  }
  const widened = await ask('PUT', path, {
    ...ada,
    body: { name: 'mine', grant: { allow: ['*'] }, team: free },
    headers: { 'if-match': '*' },
  });
  assert.equal(widened.status, 403);
  assert.deepEqual((await ask('GET', '/me/keys', { session: 'user_bob' })).body.items, []);
  assert.equal((await ask('POST', `${path}/revoke`, ada)).status, 200);
  assert.equal((await ask('GET', '/me/keys', { as: 'member' })).status, 403, 'a token is nobody');
});

test('what the file owns is shown as such, and changed only there', async (t) => {
  const { ask, seq } = await startAdmin(t);
  const [key] = (await ask('GET', '/keys')).body.items;
  assert.deepEqual([key.owner, key.source, key.version], ['file', { file: '/portcullis.json', line: 12 }, 0]);
  const before = await seq();
  const body = { name: 'ci', grant: GRANT };
  for (const refused of [
    await ask('PUT', '/keys/config:ci', { body, headers: { 'if-match': '*' } }),
    await ask('DELETE', '/keys/config:ci'),
    await ask('POST', '/keys/config:ci/rotate', { body: {} }),
    await ask('PUT', '/servers/filed', { body: { body: {} }, headers: { 'if-match': '*' } }),
    await ask('DELETE', '/servers/filed'),
  ])
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.source.file],
      [409, 'owned_by_file', '/portcullis.json'],
    );
  assert.equal(await seq(), before);
});

test('parts of the configuration are stored under their name, and what its check says is told', async (t) => {
  const { ask } = await startAdmin(t);
  const made = await ask('POST', '/servers', {
    as: 'operator',
    body: { name: 'git', body: { url: 'https://git.test' } },
  });
  assert.deepEqual([made.status, made.headers.get('etag'), made.body.owner], [201, '"1"', 'store']);
  const stdio = await ask('POST', '/servers', { body: { name: 'sh', body: { command: 'sh' } } });
  assert.equal(stdio.status, 400);
  assert.match(stdio.body.errors[0].detail, /not allowed; Ask\./);
  const put = (version: string) =>
    ask('PUT', '/servers/git', { body: { body: { url: 'https://x.test' } }, headers: { 'if-match': version } });
  assert.equal((await put('"4"')).status, 412);
  assert.equal((await put('"1"')).body.version, 2);
  assert.deepEqual(
    (await ask('GET', '/servers')).body.items.map((each: { name: string }) => each.name),
    ['filed', 'git'],
  );
});
