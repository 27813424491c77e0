import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '../../../contracts/call.ts';
import { GatewayError } from '../../../contracts/errors.ts';
import { META_KEYS, type Post, post, result, startEdge, startPost, until } from './test-support.ts';

interface Reply {
  readonly id?: unknown;
  readonly result?: { readonly [key: string]: unknown };
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: { readonly [key: string]: unknown };
  };
}
const CALL: Post = { method: 'tools/call', params: { name: 't' } };
const withMeta = (meta: unknown): Post => ({ method: 'tools/list', params: { _meta: meta } });
const without = (key: keyof typeof META_KEYS): Post => withMeta({ ...META_KEYS, [key]: undefined });
const body = (text: string): Post => ({ method: 'tools/list', body: text });
const VERSION = '"io.modelcontextprotocol/protocolVersion":"2026-07-28"';

const refused: readonly (readonly [string, Post, number, number, unknown])[] = [
  ['no params at all', body('{"jsonrpc":"2.0","id":7,"method":"tools/list"}'), 400, -32602, 7],
  ['no _meta', withMeta(undefined), 400, -32602, 1],
  ['_meta that is no object', withMeta('x'), 400, -32602, 1],
  ['no protocol version', without('io.modelcontextprotocol/protocolVersion'), 400, -32602, 1],
  [
    'a protocol version that is no string',
    withMeta({ ...META_KEYS, 'io.modelcontextprotocol/protocolVersion': 2026 }),
    400,
    -32602,
    1,
  ],
  ['no client capabilities', without('io.modelcontextprotocol/clientCapabilities'), 400, -32602, 1],
  [
    'client capabilities that are a list',
    withMeta({ ...META_KEYS, 'io.modelcontextprotocol/clientCapabilities': [] }),
    400,
    -32602,
    1,
  ],
  [
    'client info that is no object',
    withMeta({ ...META_KEYS, 'io.modelcontextprotocol/clientInfo': 'me' }),
    400,
    -32602,
    1,
  ],
  ['an unknown log level', withMeta({ ...META_KEYS, 'io.modelcontextprotocol/logLevel': 'loud' }), 400, -32602, 1],
  ['a progress token that is no token', withMeta({ ...META_KEYS, progressToken: {} }), 400, -32602, 1],
  ['a tool without a name', { method: 'tools/call', params: {} }, 400, -32602, 1],
  ['a null id', { method: 'tools/list', id: null }, 400, -32600, undefined],
  ['a fractional id', { method: 'tools/list', id: 1.5 }, 400, -32600, undefined],
  ['an object as id', { method: 'tools/list', id: {} }, 400, -32600, undefined],
  ['no jsonrpc', body('{"id":"x","method":"tools/list"}'), 400, -32600, 'x'],
  ['a posted response', body('{"jsonrpc":"2.0","id":3,"result":{}}'), 400, -32600, 3],
  ['params that are a list', body('{"jsonrpc":"2.0","id":3,"method":"tools/list","params":[]}'), 400, -32600, 3],
  [
    'the method twice',
    body('{"jsonrpc":"2.0","id":3,"method":"tools/list","method":"tools/call"}'),
    400,
    -32600,
    undefined,
  ],
  [
    'a key of _meta twice',
    body(
      `{"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"_meta":{${VERSION},"io.modelcontextprotocol/clientCapabilities":{},"progressToken":1,"progressToken":2}}}`,
    ),
    400,
    -32600,
    3,
  ],
  ...[
    'initialize',
    'ping',
    'logging/setLevel',
    'resources/subscribe',
    'resources/unsubscribe',
    'tasks/list',
    'unknown/method',
    'constructor',
  ].map((method) => [`the method ${method}`, { method, id: 'abc' }, 404, -32601, 'abc'] as const),
  ['no JSON accepted', { method: 'tools/list', headers: { accept: 'text/html' } }, 406, -31407, 1],
  ['two keys at once', { method: 'tools/list', headers: { 'x-api-key': 'key-b' } }, 401, -31401, 1],
  ['no key', { method: 'tools/list', headers: { authorization: undefined } }, 401, -31401, 1],
];

for (const [what, message, status, code, id] of refused) {
  test(`refused with ${status} and ${code}, under the request's id: ${what}`, async (t) => {
    const edge = await startEdge(() => result('{}'));
    t.after(() => edge[Symbol.asyncDispose]());
    const answer = await post(edge.url, message);
    const reply = (await answer.json()) as Reply;
    assert.deepEqual([answer.status, reply.error?.code, reply.id], [status, code, id]);
    assert.equal(answer.headers['www-authenticate'], status === 401 ? 'Bearer' : undefined);
    assert.equal(edge.gateway.calls.length, 0);
  });
}

test('ids come back as they were spelled, however large', async (t) => {
  const edge = await startEdge(() => result('{}'));
  t.after(() => edge[Symbol.asyncDispose]());
  for (const id of ['12345678901234567890', '"\\u00e4"', '-1', '0']) {
    const params = `{"_meta":{${VERSION},"io.modelcontextprotocol/clientCapabilities":{}}}`;
    const answer = await post(edge.url, body(`{"jsonrpc":"2.0","method":"tools/list","params":${params},"id":${id}}`));
    assert.ok((await answer.text()).startsWith(`{"jsonrpc":"2.0","id":${id},"result":`));
  }
});

test('a request arrives at the gateway whole: params as text, the client as it described itself, the trace', async (t) => {
  const edge = await startEdge(() => result('{}'));
  t.after(() => edge[Symbol.asyncDispose]());
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01';
  const meta = `{${VERSION},"io.modelcontextprotocol/clientCapabilities":{ "elicitation": {"form":{}} },"io.modelcontextprotocol/clientInfo":{"name":"c","version":"1","x":1.0},"io.modelcontextprotocol/logLevel":"warning","progressToken":9007199254740993,"traceparent":"${traceparent}"}`;
  const params = `{"name":"t","arguments":{"n":1.0,"big":12345678901234567890},"_meta":${meta},"extra":[1e3]}`;
  await (
    await post(edge.url, {
      method: 'tools/call',
      path: '/one',
      body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`,
      headers: { 'mcp-name': 't', 'x-portcullis-tools': 'a*' },
    })
  ).text();
  const [call] = edge.gateway.calls;
  assert.equal(call?.params.text, params);
  assert.deepEqual([call?.kind, call?.name, call?.endpoint], ['tools.call', 't', { type: 'server', serverId: 'one' }]);
  assert.deepEqual(call?.narrowing.tools, ['a*']);
  assert.equal(call?.traceparent, traceparent);
  const { peer } = call ?? {};
  assert.equal(peer?.era, 'modern');
  assert.equal(peer?.capabilities, '{ "elicitation": {"form":{}} }');
  assert.equal(peer?.info, '{"name":"c","version":"1","x":1.0}');
  assert.deepEqual([peer?.logLevel, peer?.progressToken], ['warning', '9007199254740993']);
  assert.deepEqual([peer?.ask, peer?.session], [undefined, undefined]);
});

test('discover answers what the gateway opened, with our identity and cache hints', async (t) => {
  const opened = '{"capabilities":{"tools":{"listChanged":true},"x":1.0},"instructions":"Be kind"}';
  const edge = await startEdge(() => result(opened));
  t.after(() => edge[Symbol.asyncDispose]());
  const answer = await post(edge.url, { method: 'server/discover' });
  assert.equal(edge.gateway.calls[0]?.kind, 'session.open');
  assert.ok((await answer.text()).includes('"x":1.0'));
  assert.deepEqual(((await answer.json()) as Reply).result, {
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: { listChanged: true }, x: 1 },
    instructions: 'Be kind',
    ttlMs: 0,
    cacheScope: 'private',
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'portcullis', version: '0.0.0-test' } },
  });
});

test('a notification is accepted without a body, from a known key only', async (t) => {
  const edge = await startEdge(() => result('{}'));
  t.after(() => edge[Symbol.asyncDispose]());
  const message = body('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}');
  const answer = await post(edge.url, message);
  assert.deepEqual([answer.status, await answer.text()], [202, '']);
  const stranger = await post(edge.url, { ...message, headers: { authorization: undefined } });
  assert.equal(stranger.status, 401);
});

test('what the gateway refuses is answered in-band, so that client libraries hand it to their caller', async (t) => {
  const edge = await startEdge((call) => {
    throw new GatewayError(call.name as 'unknown_tool');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const codes = [
    'unknown_tool',
    'upstream_unavailable',
    'upstream_timeout',
    'outcome_unknown',
    'too_many',
    'audit_unavailable',
    'limits_unavailable',
  ];
  for (const name of codes) {
    const answer = await post(edge.url, { method: 'tools/call', params: { name } });
    assert.equal(answer.status, 200, name);
    assert.equal(typeof ((await answer.json()) as Reply).error?.code, 'number');
  }
});

test('a discover that fails on our side is no 200, because that would pass for a legacy server', async (t) => {
  const edge = await startEdge(() => {
    throw new GatewayError('audit_unavailable');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  assert.equal((await post(edge.url, { method: 'server/discover' })).status, 503);
});

test('a bug behind the gateway is a 500 that tells nothing', async (t) => {
  const edge = await startEdge(() => Promise.reject(new Error('secret detail')));
  t.after(() => edge[Symbol.asyncDispose]());
  const answer = await post(edge.url, CALL);
  assert.equal(answer.status, 500);
  assert.ok(!(await answer.text()).includes('secret'));
});

test('a missing resource is -32602 with its URI, whether we or a legacy server miss it', async (t) => {
  const edge = await startEdge((call) => {
    if (call.name === 'our:s') throw new GatewayError('unknown_resource');
    return { type: 'rpc-error', text: '{"code":-32002,"message":"Resource not found","more":1.0}' };
  });
  t.after(() => edge[Symbol.asyncDispose]());
  for (const uri of ['our:s', 'their:s']) {
    const answer = await post(edge.url, { method: 'resources/read', params: { uri } });
    const { error } = (await answer.json()) as Reply;
    assert.deepEqual([answer.status, error?.code, error?.data], [200, -32602, { uri }]);
  }
});

const upstreamErrors: readonly (readonly [string, number, string | undefined])[] = [
  ['{"code":-32603,"message":"x","data":{"n":1.0}}', 200, undefined],
  ['{"code":-32602,"message":"bad"}', 200, undefined],
  ['{"code":7,"message":"own"}', 200, undefined],
  ['{"code":-32601,"message":"no"}', 404, undefined],
  ['{"code":-32021,"message":"m","data":{"requiredCapabilities":{"sampling":{}}}}', 400, undefined],
  ['{"code":-32020,"message":"header"}', 200, '-31512'],
  ['{"code":-32022,"message":"version"}', 200, '-31512'],
  ['{"code":-32042,"message":"url"}', 200, '-31515'],
  ['{"message":"no code"}', 200, '-31512'],
  ['{"code":1}', 200, '-31512'],
  ['{"code":1,"code":2,"message":"x"}', 200, '-31512'],
];
for (const [text, status, replaced] of upstreamErrors) {
  test(`the server's error ${text} is answered with ${status}${replaced === undefined ? ', verbatim' : ` as ${replaced}`}`, async (t) => {
    const edge = await startEdge(() => ({ type: 'rpc-error', text }));
    t.after(() => edge[Symbol.asyncDispose]());
    const answer = await post(edge.url, CALL);
    assert.equal(answer.status, status);
    const got = await answer.text();
    if (replaced === undefined) assert.equal(got, `{"jsonrpc":"2.0","id":1,"error":${text}}`);
    else assert.ok(got.includes(`"code":${replaced}`), got);
  });
}

test('an answer nothing precedes is plain JSON; notifications turn it into a stream that ends with the answer', async (t) => {
  const edge = await startEdge(async (call) => {
    if (call.name === 'loud') call.peer.notify('notifications/progress', '{"progressToken":"p",\n"progress":1.0}');
    return result('{"content":[]}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const meta = { _meta: { ...META_KEYS, progressToken: 'p' } };
  const quiet = await post(edge.url, { method: 'tools/call', params: { name: 'quiet', ...meta } });
  assert.equal(quiet.headers['content-type'], 'application/json');
  const loud = await post(edge.url, { method: 'tools/call', params: { name: 'loud', ...meta } });
  assert.equal(loud.headers['content-type'], 'text/event-stream');
  assert.equal(
    await loud.nextEvent(),
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p", "progress":1.0}}',
  );
  const reply = JSON.parse(await loud.nextEvent()) as Reply;
  assert.deepEqual([reply.id, reply.result?.content], [1, []]);
  assert.match(await loud.text(), /\n\n$/);
});

test('an error after a notification ends the stream as an event', async (t) => {
  const edge = await startEdge(async (call) => {
    call.peer.notify('notifications/progress', '{}');
    throw new GatewayError('upstream_timeout');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const answer = await post(edge.url, {
    method: 'tools/call',
    params: { name: 't', _meta: { ...META_KEYS, progressToken: 1 } },
  });
  await answer.nextEvent();
  assert.equal((JSON.parse(await answer.nextEvent()) as Reply).error?.code, -31513);
  await answer.text();
});

test('a JSON answer of a governed call, errors included, says how long we and the server took', async (t) => {
  const edge = await startEdge((call) => {
    call.facts.upstreamMs = 0;
    if (call.name === 'bad') throw new GatewayError('upstream_failed');
    return Promise.resolve(result('{}'));
  });
  t.after(() => edge[Symbol.asyncDispose]());
  for (const name of ['t', 'bad']) {
    const answer = await post(edge.url, { method: 'tools/call', params: { name } });
    assert.match(String(answer.headers['server-timing']), /^gw;dur=\d+(\.\d{1,3})?, upstream;dur=0$/);
  }
  const refused = await post(edge.url, { method: 'tasks/list' });
  assert.equal(refused.headers['server-timing'], undefined);
});

test('a client that takes no event stream gets the bare answer', async (t) => {
  const edge = await startEdge(async (call) => {
    call.peer.notify('notifications/progress', '{}');
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const params = { name: 't', _meta: { ...META_KEYS, progressToken: 1 } };
  const answer = await post(edge.url, { method: 'tools/call', params, headers: { accept: 'application/json' } });
  assert.equal(answer.headers['content-type'], 'application/json');
});

test('an answer that takes long becomes a stream before it is there', async (t) => {
  const release = Promise.withResolvers<void>();
  const edge = await startEdge(() => release.promise.then(() => result('{}')), { streamAfterMs: 1 });
  t.after(() => edge[Symbol.asyncDispose]());
  const answer = await post(edge.url, CALL);
  assert.equal(answer.headers['content-type'], 'text/event-stream');
  release.resolve();
  assert.equal((JSON.parse(await answer.nextEvent()) as Reply).id, 1);
});

const notified = async (meta: object, tell: (call: Call) => void): Promise<string[]> => {
  const edge = await startEdge(async (call) => {
    tell(call);
    return result('{}');
  });
  try {
    const params = { name: 't', _meta: { ...META_KEYS, ...meta } };
    const answer = await post(edge.url, { method: 'tools/call', params });
    const lines = (await answer.text()).split('\n').filter((line) => line.startsWith('data: '));
    return lines.map(
      (line) => (JSON.parse(line.slice(6)) as { method?: string; params?: { level?: string } }).params?.level ?? '',
    );
  } finally {
    await edge[Symbol.asyncDispose]();
  }
};
const logAll = (call: Call): void => {
  for (const level of ['debug', 'warning', 'error'])
    call.peer.notify('notifications/message', `{"level":"${level}","data":1}`);
  call.peer.notify('notifications/message', '{"data":1}');
};

test('log messages are sent only to a request that asked for them, from its level up', async () => {
  assert.deepEqual(await notified({}, logAll), []);
  assert.deepEqual(await notified({ 'io.modelcontextprotocol/logLevel': 'warning' }, logAll), ['warning', 'error', '']);
});

test('progress without a token, and what belongs on a listen stream, is not sent', async () => {
  const frames = await notified({}, (call) => {
    call.peer.notify('notifications/progress', '{}');
    call.peer.notify('notifications/tools/list_changed', undefined);
    call.peer.notify('notifications/resources/updated', '{"uri":"a:b"}');
  });
  assert.deepEqual(frames, []);
});

test('a client that goes away cancels its call, before and after the stream began', async (t) => {
  for (const streamAfterMs of [60_000, 1]) {
    let seen: Call | undefined;
    const edge = await startEdge(
      (call) => {
        seen = call;
        return new Promise((_, reject) =>
          call.signal.addEventListener('abort', () => reject(new GatewayError('cancelled'))),
        );
      },
      { streamAfterMs },
    );
    t.after(() => edge[Symbol.asyncDispose]());
    const { answer, disconnect } = startPost(edge.url, CALL);
    if (streamAfterMs === 1) await answer;
    else answer.catch(() => {});
    await until(() => seen !== undefined);
    disconnect();
    await until(() => seen?.signal.aborted === true);
  }
});

test('what a call tells its client after the answer is dropped', async (t) => {
  let seen: Call | undefined;
  const edge = await startEdge(async (call) => {
    seen = call;
    return result('{}');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const answer = await post(edge.url, {
    method: 'tools/call',
    params: { name: 't', _meta: { ...META_KEYS, progressToken: 1 } },
  });
  await answer.text();
  seen?.peer.notify('notifications/progress', '{}');
  assert.equal((await post(edge.url, CALL)).status, 200);
});

test('a request for input passes as the server made it', async (t) => {
  const text =
    '{"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{"n":1.0}}},"requestState":"s","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"theirs","version":"9"}}}';
  const edge = await startEdge(() => result(text));
  t.after(() => edge[Symbol.asyncDispose]());
  const got = await (await post(edge.url, { method: 'resources/read', params: { uri: 'a:b' } })).text();
  const ours = text.replace('{"name":"theirs","version":"9"}', '{"name":"portcullis","version":"0.0.0-test"}');
  assert.equal(got, `{"jsonrpc":"2.0","id":1,"result":${ours}}`);
});

test('a result that answers many calls goes out the same, whether its bytes stood ready or not', async (t) => {
  const text = `{"tools":[{"name":"é"},{"d":"${'x'.repeat(5_000)}"}],"ttlMs":7,"cacheScope":"private"}`;
  const shared = { type: 'result', text, isError: false, sharedBytes: Buffer.byteLength(text) } as const;
  let isShared = false;
  const edge = await startEdge((call) => {
    call.peer.notify('notifications/progress', '{"progressToken":1,"progress":1}');
    return isShared ? shared : result(text);
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const plain = await (await post(edge.url, { method: 'tools/list' })).text();
  isShared = true;
  for (const id of [1, 'two', 1]) {
    const ready = await post(edge.url, { method: 'tools/list', id });
    const body = await ready.text();
    assert.equal(ready.status, 200);
    assert.equal(Number(ready.headers['content-length']), Buffer.byteLength(body));
    assert.match(String(ready.headers['server-timing']), /^gw;dur=/);
    assert.equal(body, plain.replace('"id":1', `"id":${JSON.stringify(id)}`));
  }
  // Once something preceded it, it is the last event of the stream.
  const params = { _meta: { ...META_KEYS, progressToken: 1 } };
  const stream = await post(edge.url, { method: 'tools/list', params });
  await stream.nextEvent();
  assert.equal(await stream.nextEvent(), plain);
});
