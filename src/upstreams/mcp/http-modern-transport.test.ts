import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import type { OfferedTool } from '../../contracts/upstream.ts';
import {
  type HttpFixture,
  openSse,
  rpcError,
  rpcNote,
  rpcResult,
  type SeenRequest,
  sendJson,
  startHttp,
} from './fixtures/http-testing.ts';
import {
  callTool,
  createPeer,
  FIXTURES,
  httpConfig,
  linkRequest,
  type OpenedLink,
  openTestLink,
  startServer,
} from './fixtures/link-testing.ts';

const isError = (code: string) => (error: unknown) => error instanceof GatewayError && error.code === code;
const isListen = ({ body }: SeenRequest): boolean => body?.method === 'subscriptions/listen';
const modernPeer = (changes: Parameters<typeof createPeer>[0] = {}): ReturnType<typeof createPeer> =>
  createPeer({ era: 'modern', protocolVersion: '2026-07-28', ...changes });
/** The JSON in the first text block of a tool result. */
const readText = (reply: { readonly text: string }) => JSON.parse(JSON.parse(reply.text).content[0].text);
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

describe('a 2026-07-28 server made with the official SDK', { timeout: 60_000 }, () => {
  let server: Awaited<ReturnType<typeof startServer>>;
  let opened: OpenedLink;
  before(async () => {
    server = await startServer([`${FIXTURES}modern-server.mjs`, 'http'], /listening on (\d+)/);
    opened = await openTestLink(httpConfig(`http://127.0.0.1:${server.match}/mcp`, { 'X-Api-Key': 'k' }));
  });
  after(async () => {
    await opened.link.close();
    await server.stop();
  });

  it('is recognised, and described by its discover result', () => {
    const { era, protocolVersion, serverInfo, instructions, capabilities } = opened.link;
    assert.deepEqual([era, protocolVersion, instructions], ['modern', '2026-07-28', 'be kind']);
    assert.equal(serverInfo, '{"name":"modern-fixture","version":"1.2.3"}');
    assert.deepEqual(capabilities.tools, { listChanged: true });
  });

  it('sees the client of the call: its info, capabilities, log level and trace, but our progress token', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const peer = modernPeer({
      info: '{"name":"cli","version":"9"}',
      capabilities: '{"elicitation":{"form":{}}}',
      logLevel: 'warning',
      progressToken: '"of the client"',
    });
    const params = JSON.stringify({
      name: 'show-request',
      arguments: {},
      _meta: {
        progressToken: 'of the client',
        traceparent: 'old',
        tracestate: 'a=b',
        'acme.dev/x': 1,
        'dev.portcullis/y': 2,
      },
    });
    const request = linkRequest('tools/call', params, { name: 'show-request', peer, keyId: 'a', traceparent });
    const { envelope, meta, headers } = readText(await opened.link.request(request));
    assert.deepEqual(envelope, {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'cli', version: '9' },
      'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
      'io.modelcontextprotocol/logLevel': 'warning',
    });
    assert.equal(typeof meta.progressToken, 'number');
    assert.deepEqual(
      { ...meta, progressToken: 0 },
      { progressToken: 0, traceparent, tracestate: 'a=b', 'acme.dev/x': 1 },
    );
    assert.equal(headers['mcp-method'], 'tools/call');
    assert.equal(headers['mcp-name'], 'show-request');
    assert.equal(headers['mcp-protocol-version'], '2026-07-28');
    assert.equal(headers['x-api-key'], 'k');
    assert.equal(headers.traceparent, traceparent);
  });

  it('is told ourselves and no capabilities for our own requests and for legacy clients', async () => {
    for (const peer of [undefined, createPeer({ capabilities: '{"sampling":{}}' })]) {
      const { envelope } = readText(await opened.link.request(callTool('show-request', {}, { peer, keyId: 'a' })));
      assert.deepEqual(envelope['io.modelcontextprotocol/clientInfo'], { name: 'portcullis', version: '0.0.0' });
      assert.deepEqual(envelope['io.modelcontextprotocol/clientCapabilities'], {});
    }
  });

  it('gets mirrored arguments as headers, encoded where they must be', async () => {
    const tool: OfferedTool = {
      name: 'mirror',
      text: '{}',
      readOnly: false,
      idempotent: false,
      headerParams: [{ header: 'Region', path: ['region'] }],
    };
    for (const [region, header] of [
      ['eu-1', 'eu-1'],
      ['grün', '=?base64?Z3LDvG4=?='],
      [' padded', '=?base64?IHBhZGRlZA==?='],
      [null, undefined],
    ]) {
      const reply = await opened.link.request(callTool('mirror', { region }, { tool }));
      assert.equal(readText(reply).headers['mcp-param-region'], header);
    }
  });

  it('sends progress and log messages on the stream of the call', async () => {
    const peer = modernPeer({ progressToken: '17', logLevel: 'warning' });
    await opened.link.request(callTool('progress', {}, { peer, keyId: 'a' }));
    await opened.link.request(callTool('log', {}, { peer, keyId: 'a' }));
    assert.deepEqual(peer.notifications, [
      { method: 'notifications/progress', params: '{"progressToken":17,"progress":1,"total":2}' },
      { method: 'notifications/progress', params: '{"progressToken":17,"progress":2,"total":2}' },
      { method: 'notifications/message', params: '{"level":"error","data":"loud"}' },
    ]);
  });

  it('may ask a modern client for input, whose answers pass verbatim, and whose state is kept apart from what the client sees', async () => {
    const peer = modernPeer({ capabilities: '{"elicitation":{}}' });
    const asked = await opened.link.request(callTool('ask', {}, { peer, keyId: 'a' }));
    assert.ok(asked.type === 'input-required' && asked.continuation?.type === 'server-state', JSON.stringify(asked));
    const shown = JSON.parse(asked.text);
    assert.equal(shown.resultType, 'input_required');
    assert.equal(shown.requestState, undefined);
    const { state } = asked.continuation;
    const inputResponses = { name: { action: 'accept', content: { name: 'Ada' } } };
    const params = { name: 'ask', arguments: {}, inputResponses, requestState: 'sealed by us' };
    const round = { answers: JSON.stringify(inputResponses), state };
    const reply = await opened.link.request(
      linkRequest('tools/call', params, { name: 'ask', peer, keyId: 'a', round }),
    );
    assert.deepEqual(readText(reply), { answer: inputResponses.name, state: 'opaque-state' });
  });

  it('that needs a capability tells the modern client so, and the legacy client gets a clear refusal', async () => {
    const reply = await opened.link.request(callTool('ask', {}, { peer: modernPeer(), keyId: 'a' }));
    assert.equal(reply.type, 'rpc-error');
    assert.equal(JSON.parse(reply.text).code, -32021);
    const legacy = createPeer({ capabilities: '{"elicitation":{}}' });
    await assert.rejects(
      opened.link.request(callTool('ask', {}, { peer: legacy, keyId: 'a' })),
      isError('missing_capability'),
    );
  });

  // Sooner than a stream is cut that merely lingers.
  it('notices a cancelled call because its stream is closed', { timeout: 10_000 }, async () => {
    const count = async (): Promise<number> => readText(await opened.link.request(callTool('cancelled')));
    const before = await count();
    const aborter = new AbortController();
    const call = opened.link.request(callTool('sleep', {}, { signal: aborter.signal }));
    // The call has reached the server once a later one is answered.
    await count();
    aborter.abort();
    await assert.rejects(call, isError('cancelled'));
    while ((await count()) === before);
  });

  it('announces changes on the listen stream, under no subscription id', async () => {
    const touch = (): Promise<unknown> => fetch(`http://127.0.0.1:${server.match}/touch`);
    opened.link.listen('{"toolsListChanged":true}');
    opened.link.listen('{"toolsListChanged":true,"resourceSubscriptions":["memo:x"]}');
    const isUpdate = ({ method }: { method: string }): boolean => method === 'notifications/resources/updated';
    while (!opened.messages.some(isUpdate)) await touch();
    assert.equal(opened.messages.find(isUpdate)?.params, '{"uri":"memo:x"}');
    assert.ok(opened.messages.some(({ method }) => method === 'notifications/tools/list_changed'));
    assert.equal(opened.link.inFlight, 0, 'a listen stream is no call under way');
  });
});

/** A modern server that answers discover, and everything else as the test says. */
async function startModern(
  handle: (request: SeenRequest, res: ServerResponse) => void,
): Promise<{ server: HttpFixture; opened: OpenedLink } & AsyncDisposable> {
  const server = await startHttp((request, res) => {
    if (request.body?.method !== 'server/discover') return handle(request, res);
    sendJson(res, 200, rpcResult(request.body.id, { supportedVersions: ['2026-07-28'], capabilities: {} }));
  });
  const opened = await openTestLink(httpConfig(`${server.origin}/mcp`));
  return {
    server,
    opened,
    async [Symbol.asyncDispose]() {
      await opened.link.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('answers of a 2026-07-28 server', { timeout: 60_000 }, () => {
  it('about a header we wrote are our failure, not the answer of the client', async (t) => {
    const modern = await startModern(({ body }, res) => sendJson(res, 400, rpcError(body.id, -32020)));
    t.after(() => modern[Symbol.asyncDispose]());
    const call = modern.opened.link.request(callTool('x', {}, { peer: modernPeer(), keyId: 'a' }));
    await assert.rejects(call, isError('upstream_failed'));
    assert.ok(modern.opened.log.lines.some(({ level }) => level === 'warn'));
  });

  it('about the version end the link, since only a new handshake helps', async (t) => {
    const modern = await startModern(({ body }, res) => sendJson(res, 400, rpcError(body.id, -32022)));
    t.after(() => modern[Symbol.asyncDispose]());
    await assert.rejects(modern.opened.link.request(callTool('x')), isError('upstream_failed'));
    await modern.opened.lost;
    await assert.rejects(modern.opened.link.request(callTool('x')), isError('upstream_unavailable'));
  });

  it('with 404 and a JSON-RPC error come verbatim', async (t) => {
    const modern = await startModern(({ body }, res) => sendJson(res, 404, rpcError(body.id, -32601)));
    t.after(() => modern[Symbol.asyncDispose]());
    const reply = await modern.opened.link.request(callTool('x'));
    assert.deepEqual(reply, { type: 'rpc-error', text: '{"code":-32601,"message":"no"}' });
  });

  it('keep resultType for legacy clients, and questions are told apart from results', async (t) => {
    const modern = await startModern(({ body }, res) =>
      sendJson(res, 200, rpcResult(body.id, { resultType: body.params.name, ...body.params.arguments })),
    );
    t.after(() => modern[Symbol.asyncDispose]());
    const peer = createPeer();
    const reply = await modern.opened.link.request(callTool('complete', {}, { peer, keyId: 'a' }));
    assert.equal(reply.text, '{"resultType":"complete"}');
    const asked = await modern.opened.link.request(
      callTool('input_required', { requestState: 's' }, { peer, keyId: 'a' }),
    );
    assert.equal(asked.type, 'input-required');
  });

  it('that ask a modern client what it did not declare say what is missing', async (t) => {
    const modern = await startModern(({ body }, res) =>
      sendJson(res, 200, rpcResult(body.id, { resultType: 'input_required', ...body.params.arguments })),
    );
    t.after(() => modern[Symbol.asyncDispose]());
    const ask = (method: string, capabilities: string) =>
      modern.opened.link.request(
        callTool(
          'x',
          { inputRequests: { a: { method, params: {} } } },
          { peer: modernPeer({ capabilities }), keyId: 'a' },
        ),
      );
    await assert.rejects(ask('elicitation/create', '{}'), isError('missing_capability'));
    await assert.rejects(ask('sampling/createMessage', '{"elicitation":{}}'), isError('missing_capability'));
    assert.equal((await ask('elicitation/create', '{"elicitation":{}}')).type, 'input-required');
  });

  it('that ask nothing, too much, ambiguously, or with a state nobody could bring back, are none', async (t) => {
    const modern = await startModern(({ body }, res) => {
      const { text } = body.params.arguments as { text: string };
      res.writeHead(200, { 'content-type': 'application/json' });
      res.end(`{"jsonrpc":"2.0","id":${body.id},"result":{"resultType":"input_required"${text}}}`);
    });
    t.after(() => modern[Symbol.asyncDispose]());
    const peer = modernPeer({ capabilities: '{"elicitation":{}}' });
    const question = '{"method":"elicitation/create","params":{}}';
    const many = Array.from({ length: 65 }, (_, n) => `"q${n}":${question}`).join(',');
    for (const text of [
      '',
      ',"inputRequests":"what?"',
      ',"inputRequests":{"a":null}',
      `,"inputRequests":{${many}}`,
      `,"inputRequests":{"a":${question},"a":${question}}`,
      `,"inputRequests":{"a":${question}},"inputRequests":{}`,
      ',"requestState":7',
      `,"requestState":"${'s'.repeat(600_000)}"`,
    ])
      await assert.rejects(
        modern.opened.link.request(callTool('x', { text }, { peer, keyId: 'a' })),
        isError('upstream_failed'),
        text.slice(0, 80),
      );
  });

  it('wrap structured content that is no object, for legacy clients alone', async (t) => {
    const modern = await startModern(({ body }, res) =>
      sendJson(res, 200, rpcResult(body.id, { resultType: 'complete', content: [], structuredContent: [1, 2] })),
    );
    t.after(() => modern[Symbol.asyncDispose]());
    const structured = async (era: 'legacy' | 'modern'): Promise<unknown> => {
      const peer = createPeer({ era });
      const reply = await modern.opened.link.request(callTool('x', {}, { peer, keyId: 'a' }));
      return JSON.parse(reply.text).structuredContent;
    };
    assert.deepEqual(await structured('legacy'), { result: [1, 2] });
    assert.deepEqual(await structured('modern'), [1, 2]);
  });

  it('that break off have an unknown outcome: there is no resumption', async (t) => {
    const modern = await startModern((_request, res) => {
      openSse(res)(rpcNote('notifications/progress', { progress: 1 }), 'e1', 50);
      res.end();
    });
    t.after(() => modern[Symbol.asyncDispose]());
    await assert.rejects(modern.opened.link.request(callTool('x')), isError('outcome_unknown'));
    assert.ok(modern.server.seen.every(({ method }) => method === 'POST'));
  });
});

describe('the listen stream', { timeout: 60_000 }, () => {
  const acknowledge = (send: (data: unknown) => void, id: number): void =>
    send(
      rpcNote('notifications/subscriptions/acknowledged', { _meta: { 'io.modelcontextprotocol/subscriptionId': id } }),
    );

  it('is opened again when it breaks, and what may have been missed is announced', async (t) => {
    let opens = 0;
    const modern = await startModern((request, res) => {
      const send = openSse(res);
      acknowledge(send, request.body.id);
      if (++opens === 1) res.end();
    });
    t.after(() => modern[Symbol.asyncDispose]());
    modern.opened.link.listen('{"toolsListChanged":true,"promptsListChanged":false}');
    await until(() => modern.opened.messages.length > 0);
    assert.deepEqual(modern.opened.messages, [
      { type: 'notification', method: 'notifications/tools/list_changed', params: undefined },
    ]);
    assert.equal(opens, 2);
  });

  it('is replaced without a gap: the old one ends once the new one is acknowledged', async (t) => {
    const closed: number[] = [];
    const held = Promise.withResolvers<() => void>();
    const modern = await startModern(({ body }, res) => {
      const send = openSse(res);
      res.on('close', () => closed.push(body.id));
      if (body.params.notifications.promptsListChanged === true) held.resolve(() => acknowledge(send, body.id));
      else acknowledge(send, body.id);
    });
    t.after(() => modern[Symbol.asyncDispose]());
    modern.opened.link.listen('{"toolsListChanged":true}');
    const first = await modern.server.waitFor(isListen);
    modern.opened.link.listen('{"promptsListChanged":true}');
    const acknowledgeSecond = await held.promise;
    assert.deepEqual(closed, []);
    acknowledgeSecond();
    await until(() => closed.length > 0);
    assert.deepEqual(closed, [first.body.id]);
  });

  it('that the server refuses is not asked for again', async (t) => {
    const modern = await startModern(({ body }, res) => sendJson(res, 404, rpcError(body.id, -32601)));
    t.after(() => modern[Symbol.asyncDispose]());
    modern.opened.link.listen('{"toolsListChanged":true}');
    await until(() => modern.opened.log.lines.some(({ message }) => message.includes('does not let us listen')));
    assert.equal(modern.server.seen.filter(isListen).length, 1);
  });

  it('ends with the link', async () => {
    const closed = Promise.withResolvers<void>();
    const modern = await startModern((_request, res) => {
      openSse(res);
      res.on('close', closed.resolve);
    });
    modern.opened.link.listen('{"toolsListChanged":true}');
    await modern.server.waitFor(isListen);
    await modern.opened.link.close();
    await closed.promise;
    await modern[Symbol.asyncDispose]();
  });
});
