import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import type { AuthChallenge, Renewal, ServerCredential } from '../../contracts/server-credentials.ts';
import { rpcResult, type SeenRequest, sendJson, startHttp, startLegacy } from './fixtures/http-testing.ts';
import { callTool, createPeer, httpConfig, openTestLink } from './fixtures/link-testing.ts';
import { createOpenLink } from './open-link.ts';

const DISCOVERED = { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } };

/** A credential whose renewal counts up: `Bearer 0`, `Bearer 1`, … */
function createCredential(renews: boolean) {
  const challenges: AuthChallenge[] = [];
  let version = 0;
  const credential: ServerCredential = {
    get header() {
      return `Bearer token-${version}`;
    },
    async renew(challenge): Promise<Renewal> {
      challenges.push(challenge);
      if (!renews) return { type: 'refused', hint: 'sign in: there' };
      version++;
      return { type: 'renewed' };
    },
  };
  return { challenges, openLink: createOpenLink({ baseEnv: {}, credentials: { of: () => credential } }) };
}

const START = {
  modern: (answer: Parameters<typeof startHttp>[0]) =>
    startHttp((request, response) =>
      request.body.method === 'server/discover'
        ? sendJson(response, 200, rpcResult(request.body.id, DISCOVERED))
        : answer(request, response),
    ),
  legacy: startLegacy,
};

for (const [era, start] of Object.entries(START)) {
  const open = async (good: string, renews = true) => {
    const { challenges, openLink } = createCredential(renews);
    const server = await start(({ body, headers }, response) => {
      if (body?.method !== 'tools/call') return void response.writeHead(body === undefined ? 405 : 202).end();
      if (headers.authorization === good) sendJson(response, 200, rpcResult(body.id));
      else sendJson(response, 401, { quoted: headers.authorization }, { 'www-authenticate': 'Bearer realm="x"' });
    });
    const opened = await openTestLink(httpConfig(`${server.origin}/mcp`), {}, openLink);
    const calls = (): (string | undefined)[] =>
      server.seen
        .filter(({ body }: SeenRequest) => body?.method === 'tools/call')
        .map(({ headers }) => headers.authorization);
    const close = async (): Promise<void> => {
      await opened.link.close();
      await server[Symbol.asyncDispose]();
    };
    return { opened, challenges, calls, close };
  };
  const call = () => callTool('x', {}, { peer: createPeer(), keyId: 'a' });

  test(`${era}: a call refused with 401 is sent once more with what the renewal brought`, async (t) => {
    const { opened, challenges, calls, close } = await open('Bearer token-1');
    t.after(close);
    assert.equal((await opened.link.request(call())).type, 'result');
    assert.deepEqual(calls(), ['Bearer token-0', 'Bearer token-1']);
    assert.deepEqual(challenges, [{ status: 401, wwwAuthenticate: 'Bearer realm="x"', sent: 'Bearer token-0' }]);
  });

  test(`${era}: one that is refused again fails, and what the server quotes of the token is taken out`, async (t) => {
    const { opened, calls, close } = await open('Bearer none');
    t.after(close);
    await assert.rejects(
      opened.link.request(call()),
      (error) =>
        error instanceof GatewayError &&
        error.code === 'upstream_needs_auth' &&
        !String((error.cause as Error).message).includes('token-1'),
    );
    assert.equal(calls().length, 2);
  });

  test(`${era}: where nothing can be renewed it fails at once, and says to operators what to do`, async (t) => {
    const { opened, calls, close } = await open('Bearer none', false);
    t.after(close);
    await assert.rejects(opened.link.request(call()), (error) =>
      /HTTP 401: sign in: there/.test(String((error as { cause?: Error }).cause?.message)),
    );
    assert.equal(calls().length, 1);
  });
}

/** A server of 2024-11-05 that takes one token for its stream and one for calls, and answers those on the stream. */
async function openEventStream(t: TestContext, good: { readonly stream: string; readonly calls: string }) {
  const { challenges, openLink } = createCredential(true);
  let say = (_event: string, _data: string): void => {};
  const server = await startHttp(({ method, headers, body }, response) => {
    const isGood =
      headers.authorization === (method === 'GET' || body?.method !== 'tools/call' ? good.stream : good.calls);
    const isHandshake = method !== 'GET' && body?.method !== 'tools/call';
    if (!isGood && !isHandshake) return sendJson(response, 401, {}, { 'www-authenticate': 'Bearer realm="x"' });
    if (method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      say = (event, data) => void response.write(`event: ${event}\ndata: ${data}\n\n`);
      return say('endpoint', '/messages');
    }
    response.writeHead(202).end();
    if (body.id === undefined) return;
    const opened = { protocolVersion: '2024-11-05', capabilities: {}, serverInfo: { name: 'x', version: '1' } };
    say('message', JSON.stringify(rpcResult(body.id, body.method === 'initialize' ? opened : undefined)));
  });
  t.after(() => server[Symbol.asyncDispose]());
  const sentWith = (method: string): (string | undefined)[] =>
    server.seen
      .filter((request) => (method === 'GET' ? request.method === 'GET' : request.body?.method === method))
      .map(({ headers }) => headers.authorization);
  return {
    ...{ challenges, sentWith },
    open: () => openTestLink({ type: 'sse', url: `${server.origin}/sse`, headers: {} }, {}, openLink),
  };
}

test('an event stream refused with 401 is opened once more with what the renewal brought, and carries calls', async (t) => {
  const { open, challenges, sentWith } = await openEventStream(t, {
    stream: 'Bearer token-1',
    calls: 'Bearer token-1',
  });
  const { link } = await open();
  t.after(() => link.close());
  assert.equal((await link.request(callTool('x', {}, { peer: createPeer(), keyId: 'a' }))).type, 'result');
  assert.deepEqual(sentWith('GET'), ['Bearer token-0', 'Bearer token-1']);
  assert.deepEqual(sentWith('tools/call'), ['Bearer token-1']);
  assert.deepEqual(challenges, [{ status: 401, wwwAuthenticate: 'Bearer realm="x"', sent: 'Bearer token-0' }]);
});

test('a call to an event stream that is refused with 401 is sent once more, and fails if it is refused again', async (t) => {
  const call = () => callTool('x', {}, { peer: createPeer(), keyId: 'a' });
  const once = await openEventStream(t, { stream: 'Bearer token-0', calls: 'Bearer token-1' });
  const { link } = await once.open();
  t.after(() => link.close());
  assert.equal((await link.request(call())).type, 'result');
  assert.deepEqual(once.sentWith('tools/call'), ['Bearer token-0', 'Bearer token-1']);

  const never = await openEventStream(t, { stream: 'Bearer token-0', calls: 'Bearer none' });
  const other = await never.open();
  t.after(() => other.link.close());
  await assert.rejects(other.link.request(call()), { code: 'upstream_needs_auth' });
  assert.equal(never.sentWith('tools/call').length, 2);
});

test('an event stream that no renewal opens fails for its credential', async (t) => {
  const { open, sentWith } = await openEventStream(t, { stream: 'Bearer none', calls: 'Bearer none' });
  await assert.rejects(open(), { stage: 'credential', needsAuth: true });
  assert.equal(sentWith('GET').length, 2);
});
