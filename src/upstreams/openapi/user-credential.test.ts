import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { AuthChallenge, Renewal, ServerCredential } from '../../contracts/server-credentials.ts';
import { createHttpClient } from '../http/client.ts';
import { startApi } from './fixtures/test-api.ts';
import { sendForUser } from './user-credential.ts';

async function start(t: TestContext, good: string, renewal: Renewal = { type: 'renewed' }) {
  const api = await startApi(t);
  const http = createHttpClient();
  t.after(() => http[Symbol.asyncDispose]());
  const challenges: AuthChallenge[] = [];
  let version = 0;
  const credential: ServerCredential = {
    get header() {
      return `Bearer token-${version}`;
    },
    more: ['x-tenant', 'of-ada'],
    async renew(challenge) {
      challenges.push(challenge);
      version++;
      return renewal;
    },
  };
  api.answer(({ headers }, response) => {
    const status = headers.authorization === good ? 200 : 401;
    response.writeHead(status, { 'www-authenticate': 'Bearer realm="x"' }).end();
  });
  const send = (of: ServerCredential | undefined = credential) =>
    sendForUser(
      http,
      {
        ...{ method: 'POST', origin: api.origin, path: '/notes', body: '{"text":"once"}' },
        headers: ['X-Tenant', 'of-the-caller', 'authorization', 'Bearer of-the-caller', 'x-other', 'kept'],
      },
      of,
      { maxBytes: 1_000, signal: new AbortController().signal },
    );
  return { api, challenges, send: () => send(), sendAs: send };
}

test('what a user connected goes in place of whatever stands under those names', async (t) => {
  const { api, send } = await start(t, 'Bearer token-0');
  assert.equal((await send()).status, 200);
  const [{ headers, body } = assert.fail()] = api.requests;
  assert.deepEqual(
    [headers.authorization, headers['x-tenant'], headers['x-other'], String(body)],
    ['Bearer token-0', 'of-ada', 'kept', '{"text":"once"}'],
  );
});

test('a refused request is sent once more after a renewal, with its body, and no third time', async (t) => {
  const { api, challenges, send } = await start(t, 'Bearer token-1');
  assert.equal((await send()).status, 200);
  assert.deepEqual(challenges, [{ status: 401, wwwAuthenticate: 'Bearer realm="x"', sent: 'Bearer token-0' }]);
  assert.deepEqual(
    api.requests.map(({ headers, body }) => `${headers.authorization} ${body}`),
    ['Bearer token-0 {"text":"once"}', 'Bearer token-1 {"text":"once"}'],
  );
  const never = await start(t, 'Bearer none');
  assert.equal((await never.send()).status, 401);
  assert.equal(never.api.requests.length, 2);
});

test('what a renewal wants decides who has to do something', async (t) => {
  for (const [wants, code] of [
    ['person', 'connection_required'],
    ['time', 'upstream_needs_auth'],
  ] as const) {
    const { api, send } = await start(t, 'Bearer none', { type: 'refused', hint: undefined, wants });
    await assert.rejects(send(), { code });
    assert.equal(api.requests.length, 1);
  }
  const told = await start(t, 'Bearer none', { type: 'refused', hint: undefined });
  assert.equal((await told.send()).status, 401, 'nobody can do anything: the model is told');
});

test('without anything connected nothing is sent', async (t) => {
  const { api, sendAs } = await start(t, 'Bearer none');
  const none: ServerCredential = { header: undefined, renew: () => assert.fail('renewed') };
  await assert.rejects(sendAs(none), { code: 'connection_required' });
  await assert.rejects(sendAs({ ...none, more: [] }), { code: 'connection_required' });
  assert.deepEqual(api.requests, []);
});
