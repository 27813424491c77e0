import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallKind, Watch, WatchEvent } from '../contracts/call.ts';
import { GatewayError } from '../contracts/errors.ts';
import { createHarness, offerOf } from './fixtures/harness.ts';

const twoServers = () => ({
  files: offerOf({
    tools: [{ name: 'read', readOnly: true }, { name: 'write' }],
    prompts: ['greet'],
    resources: ['file:///a', 'shared://x'],
  }),
  memory: offerOf({
    tools: [{ name: 'store' }, { name: 'forget' }],
    resources: ['shared://x'],
    templates: ['note://{id}'],
  }),
});

const names = (text: string, list = 'tools') => JSON.parse(text)[list].map((t: { name: string }) => t.name);

async function failure(promise: Promise<unknown>): Promise<GatewayError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return error;
  }
  throw new Error('it did not fail');
}

test('tools of all servers stand under one endpoint, sorted, page by page', async () => {
  const { call } = createHarness(twoServers());
  const first = await call('tools.list');
  assert.deepEqual(names(first.text), ['files__read', 'files__write', 'memory__forget']);
  const { nextCursor } = JSON.parse(first.text);
  const second = await call('tools.list', { params: JSON.stringify({ cursor: nextCursor }) });
  assert.deepEqual(names(second.text), ['memory__store']);
  assert.equal(JSON.parse(second.text).nextCursor, undefined);
});

test('a cursor that is none of ours, or of another list, is refused', async () => {
  const { call } = createHarness(twoServers());
  const { nextCursor } = JSON.parse((await call('tools.list')).text);
  for (const cursor of ['', 'x', 'bm9uc2Vuc2U', 7]) {
    assert.equal((await failure(call('tools.list', { params: JSON.stringify({ cursor }) }))).code, 'invalid_cursor');
  }
  assert.equal(
    (await failure(call('prompts.list', { params: JSON.stringify({ cursor: nextCursor }) }))).code,
    'invalid_cursor',
  );
});

test('definitions keep every byte but the name', async () => {
  const text = '{ "name":"t", "title": "T", "big": 12345678901234567890, "x": 1.0 }';
  const { call } = createHarness({ s: offerOf({ tools: [{ name: 't', text }] }) });
  assert.equal((await call('tools.list', { endpoint: 's' })).text, `{"tools":[${text}]}`);
  assert.ok(
    (await call('tools.list')).text.includes('"name":"s__t","title": "T","big": 12345678901234567890,"x": 1.0'),
  );
});

test('a call reaches its server under the own name with arguments to the byte', async () => {
  const { call, servers } = createHarness(twoServers());
  const params = '{"name":"files__write","arguments":{"n":1.0,"big":12345678901234567890},"unknown":true}';
  await call('tools.call', { name: 'files__write', params });
  const sent = servers.get('files')?.requests[0];
  assert.equal(sent?.params, '{"name":"write","arguments":{"n":1.0,"big":12345678901234567890},"unknown":true}');
  assert.equal(sent?.repeatable, false);
  assert.match(sent?.traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

test('a hidden tool is told from a missing one by nothing', async () => {
  const h = createHarness(twoServers());
  h.keys.add('reader', { allow: ['files/read', 'prompt:files'], deny: [] });
  h.gateway.refreshKeys();
  assert.deepEqual(names((await h.call('tools.list', { key: 'reader' })).text), ['files__read']);
  const hidden = await failure(h.call('tools.call', { key: 'reader', name: 'files__write' }));
  const missing = await failure(h.call('tools.call', { key: 'reader', name: 'files__nowrite' }));
  assert.equal(hidden.message.replace('write', 'X'), missing.message.replace('nowrite', 'X'));
  assert.deepEqual([hidden.code, hidden.data], [missing.code, missing.data]);
  assert.equal(h.servers.get('files')?.requests.length, 0);
  const hiddenServer = await failure(h.call('tools.list', { key: 'reader', endpoint: 'memory' }));
  const missingServer = await failure(h.call('tools.list', { key: 'reader', endpoint: 'nowhere' }));
  assert.deepEqual([hiddenServer.code, hiddenServer.message], [missingServer.code, missingServer.message]);
});

test('request headers only narrow', async () => {
  const { call } = createHarness(twoServers());
  const narrowing = { servers: ['memory'], tools: ['*/store', 'files/read'] };
  assert.deepEqual(names((await call('tools.list', { narrowing })).text), ['memory__store']);
  assert.equal((await failure(call('tools.call', { name: 'files__read', narrowing }))).code, 'unknown_tool');
  assert.deepEqual(names((await call('tools.list', { narrowing: { servers: undefined, tools: [] } })).text), []);
});

test('no key, an unknown and an expired key are all refused, and recorded', async () => {
  const h = createHarness(twoServers());
  h.keys.add('old', { allow: ['*'], deny: [] }, { expiresAtMs: 1_500 });
  h.gateway.refreshKeys();
  await h.call('tools.list', { key: 'old' });
  h.keys.nowMs = 1_500;
  for (const key of [null, 'unknown', 'old'])
    assert.equal((await failure(h.call('tools.list', { key }))).code, 'unauthenticated');
  assert.deepEqual(
    h.trail.events.slice(1).map((e) => [e.result, e.error]),
    Array(3).fill(['refused', 'unauthenticated']),
  );
});

test('the intent of a call that may have effects is in the trail before the server hears of it', async () => {
  const h = createHarness(twoServers());
  const files = h.servers.get('files');
  assert.ok(files);
  files.answer = async () => {
    assert.deepEqual(
      h.trail.events.map((e) => e.type),
      ['intend'],
    );
    return { type: 'result', text: '{"content":[],"isError":true}' };
  };
  await h.call('tools.call', { name: 'files__write', params: '{"name":"files__write","arguments":{"a":1}}' });
  assert.deepEqual(
    h.trail.events.map((e) => [e.type, e.result]),
    [
      ['intend', undefined],
      ['finish', 'tool-error'],
    ],
  );
  assert.equal(h.trail.events[0]?.arguments, '{"a":1}');
});

test('a read-only tool is recorded once, afterwards', async () => {
  const h = createHarness(twoServers());
  await h.call('tools.call', { name: 'files__read' });
  assert.deepEqual(
    h.trail.events.map((e) => [e.type, e.result, e.target, e.serverId]),
    [['record', 'ok', 'read', 'files']],
  );
});

test('a call that cannot be written ahead is not made', async () => {
  const h = createHarness(twoServers());
  h.trail.broken = new GatewayError('audit_unavailable');
  assert.equal((await failure(h.call('tools.call', { name: 'files__write' }))).code, 'audit_unavailable');
  assert.equal(h.servers.get('files')?.requests.length, 0);
  await h.call('tools.call', { name: 'files__read' });
});

test('nor is it made when that shows only later; either way it is recorded as a whole', async () => {
  const h = createHarness(twoServers());
  h.trail.broken = new GatewayError('audit_unavailable');
  for (const late of [false, true]) {
    h.trail.breaksLate = late;
    assert.equal((await failure(h.call('tools.call', { name: 'files__write' }))).code, 'audit_unavailable');
  }
  assert.equal(h.servers.get('files')?.requests.length, 0);
  assert.deepEqual(
    h.trail.events.map((e) => [e.type, e.result, e.error]),
    Array(2).fill(['record', 'failed', 'audit_unavailable']),
  );
});

test('redacted arguments never reach the trail, and of a refused call nothing is kept', async () => {
  const h = createHarness(twoServers(), { redact: ['secret'] });
  const args = '"arguments":{"secret":"hunter2","open":1}';
  await h.call('tools.call', { name: 'files__write', params: `{"name":"files__write",${args}}` });
  await failure(h.call('tools.call', { name: 'files__nothing', params: `{"name":"files__nothing",${args}}` }));
  assert.ok(!JSON.stringify(h.trail.events).includes('hunter2'));
  assert.ok(h.trail.events[0]?.arguments?.includes('"open":1'));
});

test('failures keep their kind in the trail', async () => {
  const h = createHarness(twoServers());
  const files = h.servers.get('files');
  assert.ok(files);
  const table = [
    ['outcome_unknown', 'unknown'],
    ['cancelled', 'cancelled'],
    ['upstream_timeout', 'failed'],
  ] as const;
  for (const [code, result] of table) {
    files.answer = async () => {
      throw new GatewayError(code);
    };
    await failure(h.call('tools.call', { name: 'files__write' }));
    assert.deepEqual([h.trail.events.at(-1)?.result, h.trail.events.at(-1)?.error], [result, code]);
  }
  files.answer = async () => ({ type: 'rpc-error', text: '{"code":-32602,"message":"no"}' });
  const outcome = await h.call('tools.call', { name: 'files__write' });
  assert.deepEqual([outcome.type, outcome.text], ['rpc-error', '{"code":-32602,"message":"no"}']);
  assert.deepEqual([h.trail.events.at(-1)?.result, h.trail.events.at(-1)?.error], ['rpc-error', '-32602']);
});

test('prompts and completions go to their server under its own names', async () => {
  const { call, servers } = createHarness(twoServers());
  await call('prompts.get', { name: 'files__greet', params: '{"name":"files__greet","arguments":{"a":"b"}}' });
  await call('completion.complete', {
    name: 'files__greet',
    params: '{"ref":{"type":"ref/prompt","name":"files__greet","x":1},"argument":{"name":"a","value":""}}',
  });
  await call('completion.complete', {
    name: 'note://{id}',
    params: '{"ref":{"type":"ref/resource","uri":"note://{id}"},"argument":{}}',
  });
  assert.deepEqual(
    servers.get('files')?.requests.map((r) => r.params),
    [
      '{"name":"greet","arguments":{"a":"b"}}',
      '{"ref":{"type":"ref/prompt","name":"greet","x":1},"argument":{"name":"a","value":""}}',
    ],
  );
  assert.equal(servers.get('memory')?.requests[0]?.method, 'completion/complete');
});

test("a server's own URI is understood on /mcp while only one visible server offers it, and refused when two do", async () => {
  const h = createHarness(twoServers());
  const read = (uri: string, key = 'all') =>
    h.call('resources.read', { name: uri, params: JSON.stringify({ uri }), key });
  await read('file:///a');
  await read('note://7');
  const [files, memory] = ['files', 'memory'].map((id) => h.servers.get(id)?.requests ?? []);
  assert.deepEqual([files?.map((r) => r.name), memory?.map((r) => r.name)], [['file:///a'], ['note://7']]);
  for (const uri of ['nothing://here', 'shared://x', 'nobody+shared://x']) {
    const unknown = await failure(read(uri));
    assert.deepEqual([unknown.code, unknown.data], ['unknown_resource', { uri }]);
  }
  h.keys.add('m', { allow: ['memory'], deny: [] });
  h.gateway.refreshKeys();
  await read('shared://x', 'm');
  assert.equal(memory?.at(-1)?.name, 'shared://x');
  assert.equal((await failure(read('files+shared://x', 'm'))).code, 'unknown_resource');
});

test('the description holds what this caller reaches, and counts servers that are still starting', async () => {
  const h = createHarness({
    a: offerOf({ capabilities: { tools: {}, logging: {} }, instructions: 'use a' }),
    b: offerOf({ instructions: 'use b' }),
  });
  h.keys.add('onlyA', { allow: ['a'], deny: [] });
  h.gateway.refreshKeys();
  const all = JSON.parse((await h.call('session.open')).text);
  assert.deepEqual(Object.keys(all.capabilities).sort(), ['completions', 'logging', 'prompts', 'resources', 'tools']);
  assert.ok(all.instructions.includes('use a') && all.instructions.includes('use b'));
  const a = JSON.parse((await h.call('session.open', { key: 'onlyA' })).text);
  assert.deepEqual(Object.keys(a.capabilities).sort(), ['logging', 'tools']);
  assert.ok(!a.instructions.includes('use b'));
  const starting = createHarness({ late: undefined });
  assert.ok(JSON.parse((await starting.call('session.open')).text).capabilities.prompts);
});

test('a watcher hears of changes in its own view only', async () => {
  const h = createHarness(twoServers());
  h.keys.add('m', { allow: ['memory/store'], deny: [] });
  h.gateway.refreshKeys();
  const events: WatchEvent[] = [];
  const caller = h.gateway.identify({ source: 'authorization', token: 'm' });
  const watch = h.gateway.watch({
    caller,
    endpoint: { type: 'all' },
    narrowing: { servers: undefined, tools: undefined },
    onEvent: (e) => events.push(e),
  });
  h.servers.get('files')?.setOffer(offerOf({ tools: [{ name: 'other' }] }));
  h.servers.get('memory')?.setOffer(offerOf({ tools: [{ name: 'store' }, { name: 'new' }] }));
  assert.deepEqual(events, []);
  h.servers
    .get('memory')
    ?.setOffer(offerOf({ tools: [{ name: 'store', text: '{"name":"store","description":"changed"}' }] }));
  assert.deepEqual(events, [{ type: 'list-changed', list: 'tools' }]);
  watch[Symbol.dispose]();
  h.servers.get('memory')?.setOffer(offerOf({}));
  assert.equal(events.length, 1);
});

test('log messages that belong to no call reach those who may see the server, which is told the least level anybody wants', async () => {
  const h = createHarness(twoServers());
  h.keys.add('m', { allow: ['memory'], deny: [] });
  h.gateway.refreshKeys();
  const narrowing = { servers: undefined, tools: undefined };
  const open = (token: string): { watch: Watch; events: WatchEvent[] } => {
    const events: WatchEvent[] = [];
    const caller = h.gateway.identify({ source: 'authorization', token });
    const watch = h.gateway.watch({ caller, endpoint: { type: 'all' }, narrowing, onEvent: (e) => events.push(e) });
    return { watch, events };
  };
  const all = open('all');
  const memory = open('m');
  h.servers.get('files')?.log('{"level":"info","data":1}');
  assert.deepEqual(all.events, [{ type: 'log-message', params: '{"level":"info","data":1}' }]);
  assert.deepEqual(memory.events, []);

  const turn = () => new Promise((resolve) => setImmediate(resolve));
  memory.watch.setLogLevel('debug');
  await turn();
  assert.deepEqual(h.servers.get('memory')?.levels.at(-1), 'debug');
  assert.deepEqual(h.servers.get('files')?.levels.at(-1), 'info', 'who asked may not even see this one');
  all.watch.setLogLevel('error');
  memory.watch[Symbol.dispose]();
  await turn();
  assert.deepEqual(h.servers.get('memory')?.levels.at(-1), 'error');
});

test('a swapped configuration holds from the next call on, and watchers hear what it changed for them', async () => {
  const h = createHarness(twoServers());
  const { Secret } = await import('../contracts/secret.ts');
  const key = (allow: string[]) => ({ name: 'k', value: new Secret('from-config'), grant: { allow, deny: [] } });
  h.gateway.swap(h.config({ keys: [key(['files'])] }));
  assert.deepEqual(names((await h.call('tools.list', { key: 'from-config' })).text), ['files__read', 'files__write']);
  const events: WatchEvent[] = [];
  const caller = h.gateway.identify({ source: 'authorization', token: 'from-config' });
  h.gateway.watch({
    caller,
    endpoint: { type: 'all' },
    narrowing: { servers: undefined, tools: undefined },
    onEvent: (e) => events.push(e),
  });
  h.gateway.swap(h.config({ keys: [key(['files/read', 'prompt:files', 'resource:files'])] }));
  assert.deepEqual(events, [{ type: 'list-changed', list: 'tools' }]);
  assert.equal(
    (await failure(h.call('tools.call', { key: 'from-config', name: 'files__write' }))).code,
    'unknown_tool',
  );
});

test('anonymous callers get in only where the configuration says so', async () => {
  const h = createHarness(twoServers(), { config: { anonymous: { allow: ['files/read'], deny: [] } } });
  assert.deepEqual(names((await h.call('tools.list', { key: null })).text), ['files__read']);
});

test('a subscription is held once per watch and let go with it', async () => {
  const h = createHarness(twoServers());
  const events: WatchEvent[] = [];
  const caller = h.gateway.identify({ source: 'authorization', token: 'all' });
  const watch = h.gateway.watch({
    caller,
    endpoint: { type: 'all' },
    narrowing: { servers: undefined, tools: undefined },
    onEvent: (e) => events.push(e),
  });
  const subscribe = (kind: CallKind) => h.call(kind, { name: 'file:///a', params: '{"uri":"file:///a"}', watch });
  await subscribe('resources.subscribe');
  await subscribe('resources.subscribe');
  h.servers.get('files')?.subscriptions.get('file:///a')?.('file:///a', '{"uri":"file:///a"}');
  assert.deepEqual(events, [{ type: 'resource-updated', uri: 'file:///a', params: '{"uri":"file:///a"}' }]);
  await subscribe('resources.unsubscribe');
  assert.equal(h.servers.get('files')?.subscriptions.size, 0);
  await subscribe('resources.subscribe');
  watch[Symbol.dispose]();
  assert.equal(h.servers.get('files')?.subscriptions.size, 0);
  assert.equal((await failure(h.call('resources.subscribe', { name: 'file:///a' }))).code, 'invalid_request');
});

test('the modern era gets cache hints with lists: the shortest life, never shared between keys', async () => {
  const hinted = {
    ...offerOf({ tools: [{ name: 't' }] }),
    cache: {
      tools: { ttlMs: 500, cacheScope: 'public' as const },
      prompts: undefined,
      resources: undefined,
      templates: undefined,
    },
  };
  const alone = createHarness({ a: hinted });
  const list = JSON.parse((await alone.call('tools.list', { era: 'modern' })).text);
  assert.deepEqual([list.ttlMs, list.cacheScope], [500, 'private']);
  const mixed = createHarness({ a: hinted, b: offerOf({}) });
  assert.equal(JSON.parse((await mixed.call('tools.list', { era: 'modern' })).text).ttlMs, 0);
});
