import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import {
  openSse,
  rpcError,
  rpcNote,
  rpcResult,
  type SeenRequest,
  sendJson,
  startHttp,
  startLegacy,
} from './fixtures/http-testing.ts';
import { callTool, createPeer, httpConfig, type OpenedLink, openTestLink } from './fixtures/link-testing.ts';

const isError = (code: string) => (error: unknown) => error instanceof GatewayError && error.code === code;
const isCall = (request: SeenRequest): boolean => request.body?.method === 'tools/call';
const isGet = (request: SeenRequest): boolean => request.method === 'GET';

/** A legacy server whose calls are handled as given and which has no standalone stream, and a link to it. */
async function open(
  onCall: (request: SeenRequest, res: ServerResponse) => void,
  onOther: (request: SeenRequest, res: ServerResponse) => void = (_request, res) => res.writeHead(405).end(),
): Promise<OpenedLink & AsyncDisposable & { server: Awaited<ReturnType<typeof startLegacy>> }> {
  const server = await startLegacy((request, res) => (isCall(request) ? onCall(request, res) : onOther(request, res)));
  const opened = await openTestLink(
    httpConfig(`${server.origin}/mcp?tenant=7`, { Authorization: 'Bearer t0ken-of-ours', Accept: 'x/y' }),
    {
      maxMessageBytes: 100_000,
    },
  );
  return {
    ...opened,
    server,
    async [Symbol.asyncDispose]() {
      await opened.link.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('a session over streamable HTTP (2025-11-25)', { timeout: 60_000 }, () => {
  it('carries session, version and configured headers, and is deleted at the end', async () => {
    const opened = await open(({ body }, res) => sendJson(res, 200, rpcResult(body.id)));
    await opened.link.request(
      callTool('echo', {}, { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }),
    );
    const call = opened.server.seen.find(isCall);
    assert.equal(call?.path, '/mcp?tenant=7');
    assert.equal(call?.headers['mcp-session-id'], 'session-1');
    assert.equal(call?.headers['mcp-protocol-version'], '2025-11-25');
    assert.equal(call?.headers.authorization, 'Bearer t0ken-of-ours');
    assert.equal(
      call?.headers.accept,
      'application/json, text/event-stream',
      'a configured header cannot break the protocol',
    );
    assert.equal(call?.headers.traceparent, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    const initialize = opened.server.seen.find(({ body }) => body?.method === 'initialize');
    assert.equal(initialize?.headers['mcp-session-id'], undefined);
    await opened.link.close();
    const last = opened.server.seen.at(-1);
    assert.deepEqual([last?.method, last?.headers['mcp-session-id']], ['DELETE', 'session-1']);
    await opened[Symbol.asyncDispose]();
  });

  it('answers with one JSON body or with a stream, and notifications on it reach the client of the call', async (t) => {
    const opened = await open(({ body }, res) => {
      if (body.params.name === 'json')
        return sendJson(res, 200, `{"id":${body.id},"jsonrpc":"2.0","result": {"n":1.0} }`);
      const send = openSse(res);
      send(rpcNote('notifications/progress', { progressToken: body.params._meta.progressToken, progress: 1 }));
      send(rpcNote('notifications/message', { level: 'info', data: 'x' }));
      send(rpcNote('notifications/tools/list_changed'));
      send(rpcResult(body.id, { content: [], streamed: true }));
      res.end();
    });
    t.after(() => opened[Symbol.asyncDispose]());
    assert.equal((await opened.link.request(callTool('json'))).text, '{"n":1.0}');
    const peer = createPeer({ progressToken: '"of the client"' });
    const other = opened.link.request(callTool('stream', {}, { peer: createPeer({ progressToken: '1' }), keyId: 'b' }));
    const reply = await opened.link.request(callTool('stream', {}, { peer, keyId: 'a' }));
    await other;
    assert.equal(reply.text, '{"content":[],"streamed":true}');
    assert.deepEqual(peer.notifications, [
      { method: 'notifications/progress', params: '{"progressToken":"of the client","progress":1}' },
      { method: 'notifications/message', params: '{"level":"info","data":"x"}' },
    ]);
    assert.equal(opened.messages[0]?.method, 'notifications/tools/list_changed');
  });

  it('accepts a batch as the answer', async (t) => {
    const opened = await open(({ body }, res) =>
      sendJson(res, 200, [rpcNote('notifications/message', { level: 'info' }), rpcResult(body.id)]),
    );
    t.after(() => opened[Symbol.asyncDispose]());
    const peer = createPeer();
    assert.equal((await opened.link.request(callTool('x', {}, { peer, keyId: 'a' }))).text, '{"content":[]}');
    assert.equal(peer.notifications.length, 1);
  });

  it('lets the server ask on the stream of the call and takes the answer in a POST of its own', async (t) => {
    const streams = new Map<unknown, () => void>();
    const opened = await open(
      ({ body }, res) => {
        const send = openSse(res);
        send({ jsonrpc: '2.0', id: 'q', method: 'sampling/createMessage', params: { messages: [] } });
        streams.set('q', () => {
          send(rpcResult(body.id));
          res.end();
        });
      },
      ({ body }, res) => {
        res.writeHead(body === undefined ? 405 : 202).end();
        streams.get(body?.id)?.();
      },
    );
    t.after(() => opened[Symbol.asyncDispose]());
    const peer = createPeer({ ask: async () => ({ result: '{"role":"assistant"}' }) });
    await opened.link.request(callTool('ask', {}, { peer, keyId: 'a' }));
    const answer = opened.server.seen.find(({ body }) => body?.id === 'q');
    assert.deepEqual(answer?.body, { jsonrpc: '2.0', id: 'q', result: { role: 'assistant' } });
    assert.equal(answer?.headers['mcp-session-id'], 'session-1');
  });

  it('ends with 404: that call is safe to repeat, the link is lost', async (t) => {
    const opened = await open((_request, res) => sendJson(res, 404, rpcError(null, -32001, 'Session not found')));
    t.after(() => opened[Symbol.asyncDispose]());
    await assert.rejects(opened.link.request(callTool('x')), isError('upstream_unavailable'));
    assert.match((await opened.lost).message, /session/);
    await assert.rejects(opened.link.request(callTool('x')), isError('upstream_unavailable'));
    assert.equal(opened.server.seen.filter(isCall).length, 1);
  });

  it('ends just so with the 400 of servers made after the SDK examples', async (t) => {
    const opened = await open(({ body }, res) =>
      sendJson(res, 400, rpcError(body.id, -32000, 'Bad Request: No valid session ID provided')),
    );
    t.after(() => opened[Symbol.asyncDispose]());
    await assert.rejects(opened.link.request(callTool('x')), isError('upstream_unavailable'));
    await opened.lost;
  });

  it('lets calls under way finish when it is lost', async (t) => {
    const held = Promise.withResolvers<() => void>();
    const opened = await open(({ body }, res) => {
      if (body.params.name === 'slow') held.resolve(() => sendJson(res, 200, rpcResult(body.id)));
      else res.writeHead(404).end();
    });
    t.after(() => opened[Symbol.asyncDispose]());
    const slow = opened.link.request(callTool('slow'));
    const release = await held.promise;
    await assert.rejects(opened.link.request(callTool('x')), isError('upstream_unavailable'));
    await opened.lost;
    release();
    assert.equal((await slow).text, '{"content":[]}');
  });
});

describe('HTTP answers that are no success', { timeout: 60_000 }, () => {
  const cases: readonly [string, number, string | ((id: number) => object), string][] = [
    ['401', 401, '', 'upstream_needs_auth'],
    ['403 even with JSON-RPC', 403, (id) => rpcError(id, -32000), 'upstream_needs_auth'],
    ['429', 429, '', 'upstream_unavailable'],
    ['503 even with JSON-RPC', 503, (id) => rpcError(id, -32000), 'upstream_unavailable'],
    ['400 without JSON-RPC', 400, 'Bad Request', 'upstream_failed'],
    ['413', 413, '', 'upstream_failed'],
    ['302, not followed', 302, '', 'upstream_failed'],
    ['500 with a page', 500, '<html>secret stack</html>', 'outcome_unknown'],
    ['502', 502, '', 'outcome_unknown'],
    ['504', 504, '', 'outcome_unknown'],
    ['200 with garbage', 200, 'I am fine', 'upstream_failed'],
    ['200 for another id', 200, () => rpcResult(4711), 'upstream_failed'],
    ['202 without an answer', 202, '', 'upstream_failed'],
    ['200 too large', 200, (id) => rpcResult(id, { x: 'x'.repeat(200_000) }), 'upstream_failed'],
  ];
  for (const [name, status, answer, code] of cases)
    it(`${name}: ${code}`, async (t) => {
      const opened = await open(({ body }, res) =>
        sendJson(res, status, typeof answer === 'string' ? answer : answer(body.id), { location: '/elsewhere' }),
      );
      t.after(() => opened[Symbol.asyncDispose]());
      await assert.rejects(opened.link.request(callTool('x')), (error: unknown) => {
        assert.ok(error instanceof GatewayError);
        assert.equal(error.code, code);
        assert.doesNotMatch(error.message, /secret|html/, 'bodies of servers are not public');
        return true;
      });
      assert.equal(opened.server.seen.filter(isCall).length, 1, 'it was sent once');
    });

  for (const status of [200, 400, 404, 422, 500, 502])
    it(`${status} with a JSON-RPC error is the answer, verbatim`, async (t) => {
      const opened = await open(({ body }, res) =>
        sendJson(
          res,
          status,
          `{"jsonrpc":"2.0","id":${status === 400 ? 'null' : body.id},"error":{"code":-32601, "message":"x"}}`,
        ),
      );
      t.after(() => opened[Symbol.asyncDispose]());
      const reply = await opened.link.request(callTool('x'));
      assert.deepEqual(reply, { type: 'rpc-error', text: '{"code":-32601, "message":"x"}' });
    });

  it('a connection reset after the request was written leaves the outcome unknown', async (t) => {
    const opened = await open((_request, res) => res.destroy());
    t.after(() => opened[Symbol.asyncDispose]());
    await assert.rejects(opened.link.request(callTool('x')), isError('outcome_unknown'));
  });

  it('a refused connection certainly did nothing', async (t) => {
    const opened = await open(({ body }, res) => sendJson(res, 200, rpcResult(body.id)));
    t.after(() => opened[Symbol.asyncDispose]());
    await opened.link.request(callTool('x'));
    await opened.server[Symbol.asyncDispose]();
    await assert.rejects(opened.link.request(callTool('x')), isError('upstream_unavailable'));
  });
});

describe('a stream that breaks before the answer', { timeout: 60_000 }, () => {
  it('is taken up again after the last event id, when the server says so, without sending the call again', async (t) => {
    let callId: unknown;
    const opened = await open(
      ({ body }, res) => {
        callId = body.id;
        const send = openSse(res);
        send('', 'e1', 60);
        send(rpcNote('notifications/progress', { progressToken: body.params._meta.progressToken, progress: 1 }), 'e2');
        res.end();
      },
      ({ headers }, res) => {
        if (headers['last-event-id'] === undefined) return void res.writeHead(405).end();
        const send = openSse(res);
        // Polling (2025-11-25): it hangs up once more before it has the answer.
        if (headers['last-event-id'] === 'e2') send('', 'e3', 60);
        else send(rpcResult(callId, { content: [], resumed: true }), 'e4');
        res.end();
      },
    );
    t.after(() => opened[Symbol.asyncDispose]());
    const peer = createPeer({ progressToken: '7' });
    const reply = await opened.link.request(callTool('x', {}, { peer, keyId: 'a' }));
    assert.equal(reply.text, '{"content":[],"resumed":true}');
    assert.equal(peer.notifications.length, 1);
    assert.equal(opened.server.seen.filter(isCall).length, 1);
    const resumes = opened.server.seen.map(({ headers }) => headers['last-event-id']).filter((id) => id !== undefined);
    assert.deepEqual(resumes, ['e2', 'e3']);
  });

  it('survives resumptions that fail for a moment', async (t) => {
    let callId: unknown;
    let attempts = 0;
    const opened = await open(
      ({ body }, res) => {
        callId = body.id;
        openSse(res)('', 'e1', 50);
        setImmediate(() => res.destroy());
      },
      ({ headers }, res) => {
        if (headers['last-event-id'] === undefined) return void res.writeHead(405).end();
        attempts++;
        if (attempts === 1) return void res.writeHead(502).end();
        if (attempts === 2) return void res.destroy();
        openSse(res)(rpcResult(callId), 'e2');
        res.end();
      },
    );
    t.after(() => opened[Symbol.asyncDispose]());
    assert.equal((await opened.link.request(callTool('x'))).text, '{"content":[]}');
    assert.equal(attempts, 3);
  });

  it('without event ids has an unknown outcome', async (t) => {
    const opened = await open(({ body }, res) => {
      openSse(res)(rpcNote('notifications/progress', { progressToken: body.id, progress: 1 }));
      res.end();
    });
    t.after(() => opened[Symbol.asyncDispose]());
    await assert.rejects(opened.link.request(callTool('x')), isError('outcome_unknown'));
  });

  it('that the server refuses to resume has an unknown outcome', async (t) => {
    const opened = await open((_request, res) => {
      openSse(res)('', 'e1', 50);
      res.end();
    });
    t.after(() => opened[Symbol.asyncDispose]());
    await assert.rejects(opened.link.request(callTool('x')), isError('outcome_unknown'));
    assert.equal(opened.server.seen.filter((request) => request.headers['last-event-id'] === 'e1').length, 1);
  });

  it('with an event that is too large fails that call', async (t) => {
    const opened = await open(({ body }, res) => openSse(res)(rpcResult(body.id, { x: 'x'.repeat(200_000) })));
    t.after(() => opened[Symbol.asyncDispose]());
    await assert.rejects(opened.link.request(callTool('x')), isError('upstream_failed'));
  });
});

describe('giving up a call', { timeout: 60_000 }, () => {
  // Sooner than a stream is cut that merely lingers.
  it('is told to the server, and its stream is closed', { timeout: 10_000 }, async (t) => {
    const closed = Promise.withResolvers<void>();
    const opened = await open(
      (_request, res) => {
        openSse(res);
        res.on('close', closed.resolve);
      },
      ({ method }, res) => res.writeHead(method === 'GET' ? 405 : 202).end(),
    );
    t.after(() => opened[Symbol.asyncDispose]());
    const aborter = new AbortController();
    const call = opened.link.request(callTool('x', {}, { signal: aborter.signal }));
    const { body } = await opened.server.waitFor(isCall);
    aborter.abort();
    await assert.rejects(call, isError('cancelled'));
    const told = await opened.server.waitFor((request) => request.body?.method === 'notifications/cancelled');
    assert.equal(told.body.params.requestId, body.id);
    await closed.promise;
  });

  it('happens at the deadline although progress keeps coming', async (t) => {
    const opened = await open(
      ({ body }, res) => {
        const send = openSse(res);
        const timer = setInterval(
          () => send(rpcNote('notifications/progress', { progressToken: body.id, progress: 1 })),
          10,
        );
        res.on('close', () => clearInterval(timer));
      },
      ({ method }, res) => res.writeHead(method === 'GET' ? 405 : 202).end(),
    );
    t.after(() => opened[Symbol.asyncDispose]());
    const peer = createPeer({ progressToken: '1' });
    const call = opened.link.request(callTool('x', {}, { peer, keyId: 'a', timeoutMs: 1_000 }));
    await assert.rejects(call, isError('upstream_timeout'));
    assert.ok(peer.notifications.length > 0);
    assert.equal(opened.link.inFlight, 0);
  });

  it('happens to all calls when the link is closed', async (t) => {
    const opened = await open(() => {});
    t.after(() => opened[Symbol.asyncDispose]());
    const call = opened.link.request(callTool('x'));
    const settled = assert.rejects(call, isError('outcome_unknown'));
    await opened.server.waitFor(isCall);
    await opened.link.close();
    await settled;
  });
});

describe('the standalone stream', { timeout: 60_000 }, () => {
  it('brings messages, and is opened again after its last event id', async (t) => {
    let gets = 0;
    const opened = await open(
      ({ body }, res) => sendJson(res, 200, rpcResult(body.id)),
      ({ headers }, res) => {
        const send = openSse(res);
        if (++gets === 1) {
          send(rpcNote('notifications/tools/list_changed'), 's1', 50);
          res.end();
        } else send(rpcNote('notifications/resources/updated', { uri: String(headers['last-event-id']) }));
      },
    );
    t.after(() => opened[Symbol.asyncDispose]());
    while (opened.messages.length < 2) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      opened.messages.map((message) => [message.method, message.params]),
      [
        ['notifications/tools/list_changed', '{}'],
        ['notifications/resources/updated', '{"uri":"s1"}'],
      ],
    );
  });

  it('is not asked for again when the server has none', async (t) => {
    const opened = await open(({ body }, res) => sendJson(res, 200, rpcResult(body.id)));
    t.after(() => opened[Symbol.asyncDispose]());
    await opened.server.waitFor(isGet);
    await opened.link.request(callTool('x'));
    assert.equal(opened.server.seen.filter(isGet).length, 1);
  });

  it('lost with 404 after it worked ends the link', async (t) => {
    let gets = 0;
    const opened = await open(
      ({ body }, res) => sendJson(res, 200, rpcResult(body.id)),
      (_request, res) => {
        if (++gets > 1) return void res.writeHead(404).end();
        openSse(res)('', 's1', 50);
        res.end();
      },
    );
    t.after(() => opened[Symbol.asyncDispose]());
    assert.match((await opened.lost).message, /session/);
  });

  it('is closed with the link', async () => {
    const closed = Promise.withResolvers<void>();
    const opened = await open(
      () => {},
      (_request, res) => {
        openSse(res);
        res.on('close', closed.resolve);
      },
    );
    await opened.server.waitFor(isGet);
    await opened.link.close();
    await closed.promise;
    await opened[Symbol.asyncDispose]();
  });
});

describe('HTTP+SSE (2024-11-05)', { timeout: 60_000 }, () => {
  it('posts to the endpoint the stream names, and a lost stream leaves outcomes unknown', async (t) => {
    let stream: ServerResponse | undefined;
    const server = await startHttp(({ method, path, body }, res) => {
      if (method === 'GET') {
        stream = res;
        openSse(res);
        res.write('event: endpoint\ndata: /messages?session=1\n\n');
        return;
      }
      if (path !== '/messages?session=1') return void res.writeHead(405).end();
      res.writeHead(202).end('Accepted');
      const answer = (result: object): void =>
        void stream?.write(`data: ${JSON.stringify(rpcResult(body.id, result))}\n\n`);
      if (body.method === 'initialize') answer({ protocolVersion: '2024-11-05', capabilities: {}, serverInfo: {} });
      if (body.params?.name === 'echo') answer({ content: ['x'] });
      if (body.params?.name === 'die') stream?.end();
    });
    t.after(() => server[Symbol.asyncDispose]());
    // As `http`: the 405 to initialize leads there.
    const { link, lost } = await openTestLink(httpConfig(`${server.origin}/sse`));
    assert.deepEqual([link.era, link.protocolVersion], ['legacy', '2024-11-05']);
    assert.equal((await link.request(callTool('echo'))).text, '{"content":["x"]}');
    await assert.rejects(link.request(callTool('die')), isError('outcome_unknown'));
    assert.equal((await lost).message, 'the event stream ended');
    await link.close();
  });

  it('never posts to another origin', async (t) => {
    const stolen: SeenRequest[] = [];
    const thief = await startHttp((request, res) => {
      stolen.push(request);
      res.end();
    });
    t.after(() => thief[Symbol.asyncDispose]());
    const server = await startHttp((_request, res) => {
      openSse(res);
      res.write(`event: endpoint\ndata: ${thief.origin}/messages\n\n`);
    });
    t.after(() => server[Symbol.asyncDispose]());
    const config = { ...httpConfig(`${server.origin}/sse`, { authorization: 'Bearer t0ken' }), type: 'sse' } as const;
    await assert.rejects(openTestLink(config as never), /another origin/);
    assert.equal(stolen.length, 0);
  });

  it('closes its stream with the link', async (t) => {
    const closed = Promise.withResolvers<void>();
    const server = await startHttp(({ method, body }, res) => {
      if (method === 'POST') {
        res.writeHead(202).end();
        const result = { protocolVersion: '2024-11-05', capabilities: {}, serverInfo: {} };
        if (body.method === 'initialize') stream?.write(`data: ${JSON.stringify(rpcResult(body.id, result))}\n\n`);
        return;
      }
      stream = res;
      openSse(res);
      res.write('event: endpoint\ndata: m\n\n');
      once(res, 'close').then(() => closed.resolve());
    });
    t.after(() => server[Symbol.asyncDispose]());
    let stream: ServerResponse | undefined;
    const config = { ...httpConfig(`${server.origin}/sse`), type: 'sse' } as const;
    const { link } = await openTestLink(config as never);
    await link.close();
    await closed.promise;
  });
});

describe('a 2025-11-25 server that wants URLs opened first (-32042)', { timeout: 60_000 }, () => {
  const elicitations = [
    { mode: 'url', elicitationId: 'e1', url: 'https://x.test/consent', message: 'Please agree' },
    { mode: 'url', elicitationId: 'e2', url: 'javascript:alert(1)', message: 'Gotcha' },
  ];
  const openAsking = () =>
    open(({ body }, res) =>
      sendJson(res, 200, {
        jsonrpc: '2.0',
        id: body.id,
        error: { code: -32042, message: 'open these', data: { elicitations } },
      }),
    );

  it('asks a modern client in the words of its era, for what is a web address', async (t) => {
    const opened = await openAsking();
    t.after(() => opened[Symbol.asyncDispose]());
    const peer = createPeer({ era: 'modern', capabilities: '{"elicitation":{"url":{}}}' });
    const reply = await opened.link.request(callTool('x', {}, { peer, keyId: 'a' }));
    assert.equal(reply.type, 'input-required');
    assert.deepEqual(JSON.parse(reply.text).inputRequests, {
      url_1: {
        method: 'elicitation/create',
        params: { mode: 'url', message: 'Please agree', url: 'https://x.test/consent' },
      },
    });
  });

  it('is refused for a modern client that opens no URLs, and passed on to a legacy one', async (t) => {
    const opened = await openAsking();
    t.after(() => opened[Symbol.asyncDispose]());
    const peer = createPeer({ era: 'modern', capabilities: '{"elicitation":{}}' });
    await assert.rejects(opened.link.request(callTool('x', {}, { peer, keyId: 'a' })), isError('missing_capability'));
    const reply = await opened.link.request(callTool('x', {}, { peer: createPeer({ era: 'legacy' }), keyId: 'a' }));
    assert.equal(reply.type, 'rpc-error');
    assert.equal(JSON.parse(reply.text).code, -32042);
  });
});
