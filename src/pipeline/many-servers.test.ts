import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchEvent } from '../contracts/call.ts';
import { GatewayError } from '../contracts/errors.ts';
import { createHarness, type Harness, offerOf } from './fixtures/harness.ts';

const URIS = ['memo:x', 'file:///a', 'ui://w/main.html', 'https://example.com/doc'];
const colliding = () => ({
  one: offerOf({ resources: URIS, templates: ['note://{id}', '{scheme}://{+rest}'] }),
  my_two: offerOf({ resources: URIS, templates: ['note://{id}'] }),
});

const read = (h: Harness, uri: string, endpoint?: string) =>
  h.call('resources.read', {
    name: uri,
    params: JSON.stringify({ _meta: { a: 1 }, uri }),
    ...(endpoint && { endpoint }),
  });

/** All pages of a list. */
async function listed(h: Harness, kind: 'resources.list' | 'resources.templates.list'): Promise<string[]> {
  const all: string[] = [];
  let cursor: string | undefined;
  do {
    const page = JSON.parse((await h.call(kind, { params: JSON.stringify({ cursor }) })).text);
    for (const item of page.resources ?? page.resourceTemplates) all.push(item.uri ?? item.uriTemplate);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return all;
}

test('each of two servers with the same URIs is listed and read under its own, and answers under it', async () => {
  const h = createHarness(colliding());
  const uris = await listed(h, 'resources.list');
  assert.equal(new Set(uris).size, 2 * URIS.length);
  for (const server of h.servers.values())
    server.answer = async (request) => ({
      type: 'result',
      text: JSON.stringify({ contents: [{ uri: request.name, text: server.id }] }),
    });
  const seen = new Set<string>();
  for (const uri of uris) {
    const { contents } = JSON.parse((await read(h, uri)).text);
    assert.equal(contents[0].uri, uri);
    assert.ok(uri.includes(contents[0].text.replace('_', '.')), `${uri} came from ${contents[0].text}`);
    seen.add(uri);
  }
  for (const server of h.servers.values()) {
    assert.deepEqual(server.requests.map((r) => r.name).sort(), URIS.toSorted());
    for (const r of server.requests) assert.deepEqual(JSON.parse(r.params), { _meta: { a: 1 }, uri: r.name });
  }
});

test('the name of a resource does not change when another server comes that has it too', async () => {
  const { one } = colliding();
  const alone = await listed(createHarness({ one }), 'resources.list');
  const beside = await listed(createHarness(colliding()), 'resources.list');
  assert.deepEqual(
    alone.filter((uri) => !beside.includes(uri)),
    [],
  );
});

test('templates stay templates, and what a client makes of them goes to their server', async () => {
  const h = createHarness(colliding());
  assert.deepEqual(await listed(h, 'resources.templates.list'), [
    'my.two+note://{id}',
    'one+note://{id}',
    'one+{scheme}://{+rest}',
  ]);
  await read(h, 'my.two+note://7');
  await read(h, 'MY.TWO+note://8');
  assert.deepEqual(
    h.servers.get('my_two')?.requests.map((r) => r.name),
    ['note://7', 'note://8'],
  );
  const completing = 'my.two+note://{id}';
  await h.call('completion.complete', {
    name: completing,
    params: JSON.stringify({ ref: { type: 'ref/resource', uri: completing }, argument: { name: 'id', value: '' } }),
  });
  assert.equal(
    h.servers.get('my_two')?.requests.at(-1)?.params,
    '{"ref":{"type":"ref/resource","uri":"note://{id}"},"argument":{"name":"id","value":""}}',
  );
});

test('a URI that a tool or prompt invents can be read back from its server, though nobody ever listed it', async () => {
  const h = createHarness({
    ...colliding(),
    maker: offerOf({ tools: [{ name: 'make' }], prompts: ['show'] }),
  });
  const maker = h.servers.get('maker');
  assert.ok(maker);
  const link = { type: 'resource_link', uri: 'memo:fresh', name: 'x' };
  const web = { ...link, uri: 'https://example.com/page' };
  maker.answer = async () => ({ type: 'result', text: JSON.stringify({ content: [link, web] }) });
  const { content } = JSON.parse((await h.call('tools.call', { name: 'maker__make' })).text);
  assert.deepEqual(
    content.map((block: { uri: string }) => block.uri),
    ['maker+memo:fresh', 'https://example.com/page'],
  );
  maker.answer = async () => ({
    type: 'result',
    text: JSON.stringify({ messages: [{ role: 'user', content: link }] }),
  });
  const { messages } = JSON.parse((await h.call('prompts.get', { name: 'maker__show' })).text);
  await read(h, messages[0].content.uri);
  assert.equal(maker.requests.at(-1)?.name, 'memo:fresh');
});

test('the endpoint of one server shows and takes its own URIs, untouched', async () => {
  const h = createHarness(colliding());
  const server = h.servers.get('one');
  assert.ok(server);
  const text = '{"contents":[{"uri":"memo:x","text":""}]}';
  server.answer = async () => ({ type: 'result', text });
  assert.equal((await read(h, 'memo:x', 'one')).text, text);
  assert.equal(server.requests[0]?.params, '{"_meta":{"a":1},"uri":"memo:x"}');
  assert.ok((await h.call('resources.list', { endpoint: 'one' })).text.includes('"uri":"memo:x"'));
});

test('a tool points at its UI where that can be read, listed or not', async () => {
  const text = '{"name":"t","inputSchema":{"type":"object"},"_meta":{"ui":{"resourceUri":"ui://t.html"}}}';
  const h = createHarness({ my_app: offerOf({ tools: [{ name: 't', text }] }) });
  const { tools } = JSON.parse((await h.call('tools.list')).text);
  assert.equal(tools[0]._meta.ui.resourceUri, 'ui://my.app/t.html');
  await read(h, tools[0]._meta.ui.resourceUri);
  assert.equal(h.servers.get('my_app')?.requests[0]?.name, 'ui://t.html');
});

test('a resource that is not there is named in the error as the client named it', async () => {
  const h = createHarness(colliding());
  const server = h.servers.get('one');
  assert.ok(server);
  server.answer = async ({ name: uri }) => ({
    type: 'rpc-error',
    text: JSON.stringify({ code: -32002, message: 'Resource not found', data: { uri } }),
  });
  assert.equal(JSON.parse((await read(h, 'one+memo:gone')).text).data.uri, 'one+memo:gone');
});

test('a result with a resource that could be read in two ways is an error of its server', async () => {
  const h = createHarness(colliding());
  const server = h.servers.get('one');
  assert.ok(server);
  server.answer = async () => ({ type: 'result', text: '{"contents":[{"uri":"a:1","uri":"a:2"}]}' });
  await assert.rejects(
    read(h, 'one+memo:x'),
    (error) => error instanceof GatewayError && error.code === 'upstream_failed',
  );
});

test('hints of a merged list are those of the servers that have such a list, and never for everybody', async () => {
  const cache = (ttlMs: number) => ({ ttlMs, cacheScope: 'public' }) as const;
  const none = { tools: undefined, prompts: undefined, resources: undefined, templates: undefined };
  const h = createHarness({
    slow: { ...offerOf({}), cache: { ...none, tools: cache(9_000), prompts: cache(9_000) } },
    quick: { ...offerOf({ capabilities: { tools: {} } }), cache: { ...none, tools: cache(2_000) } },
  });
  const hints = async (kind: 'tools.list' | 'prompts.list' | 'resources.list') => {
    const { ttlMs, cacheScope } = JSON.parse((await h.call(kind, { era: 'modern' })).text);
    return [ttlMs, cacheScope];
  };
  assert.deepEqual(await hints('tools.list'), [2_000, 'private']);
  assert.deepEqual(await hints('prompts.list'), [9_000, 'private']);
  assert.deepEqual(await hints('resources.list'), [0, 'private'], 'a server that gave no hint');
});

test('what one key may read is not said to be for everybody', async () => {
  const h = createHarness(colliding());
  const server = h.servers.get('one');
  assert.ok(server);
  const text = '{"contents":[{"uri":"memo:x","text":""}],"ttlMs":5,"cacheScope":"public"}';
  server.answer = async () => ({ type: 'result', text });
  const shown = JSON.parse((await read(h, 'one+memo:x')).text);
  assert.deepEqual([shown.ttlMs, shown.cacheScope], [5, 'private']);
});

test('the trace goes on to the server with every kind of call', async () => {
  const h = createHarness({ a: offerOf({ tools: [{ name: 't' }], prompts: ['p'], resources: ['memo:x'] }) });
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  await h.call('tools.call', { name: 'a__t', traceparent });
  await h.call('prompts.get', { name: 'a__p', traceparent });
  await h.call('resources.read', { name: 'a+memo:x', params: '{"uri":"a+memo:x"}', traceparent });
  const params = '{"ref":{"type":"ref/prompt","name":"a__p"},"argument":{"name":"x","value":""}}';
  await h.call('completion.complete', { name: 'a__p', params, traceparent });
  const sent = h.servers.get('a')?.requests.map((request) => request.traceparent) ?? [];
  assert.equal(new Set(sent).size, 4, 'each is a span of its own');
  for (const each of sent) assert.match(each ?? '', /^00-a{32}-[0-9a-f]{16}-01$/);
});

test('pages of a sorted list stay good while items come and go around the cursor, also the one it names', async () => {
  const tools = (...names: string[]) => offerOf({ tools: names.map((name) => ({ name })) });
  const h = createHarness({ a: tools('b', 'd', 'f', 'h', 'j') });
  const page = async (cursor?: string) =>
    JSON.parse((await h.call('tools.list', { params: JSON.stringify({ cursor }) })).text);
  const first = await page();
  h.servers.get('a')?.setOffer(tools('a', 'b', 'g', 'h', 'j'));
  const second = await page(first.nextCursor);
  assert.deepEqual(
    second.tools.map((tool: { name: string }) => tool.name),
    ['a__g', 'a__h', 'a__j'],
  );
});

test('extensions are declared as far as we relay them and a visible server has them', async () => {
  const ui = (mimeTypes: string[], more = {}) => ({
    tools: {},
    extensions: { 'io.modelcontextprotocol/ui': { mimeTypes, ...more }, 'com.example/own': {} },
  });
  const h = createHarness({
    a: offerOf({ capabilities: ui(['x', 'y'], { n: 1 }) }),
    b: offerOf({ capabilities: ui(['y', 'z'], { n: 2 }) }),
    c: offerOf({}),
  });
  h.keys.add('c', { allow: ['c'], deny: [] });
  h.gateway.refreshKeys();
  const declared = async (options: Parameters<typeof h.call>[1]) =>
    JSON.parse((await h.call('session.open', options)).text).capabilities.extensions;
  assert.deepEqual(await declared({}), { 'io.modelcontextprotocol/ui': { mimeTypes: ['x', 'y', 'z'] } });
  assert.deepEqual(await declared({ endpoint: 'a' }), {
    'io.modelcontextprotocol/ui': { mimeTypes: ['x', 'y'], n: 1 },
  });
  assert.equal(await declared({ key: 'c' }), undefined);
});

test('a talkative server does not silence the others', async () => {
  const h = createHarness({
    a: offerOf({ instructions: 'x'.repeat(20_000) }),
    b: offerOf({ instructions: 'listen to b' }),
  });
  const { instructions } = JSON.parse((await h.call('session.open')).text);
  assert.ok(instructions.includes('## a\nxxx') && instructions.endsWith('## b\nlisten to b'));
  assert.ok(instructions.length <= 8_192 && instructions.length > 8_000);
});

test('updates carry the URI the client subscribed to, parts of it the one they can be read under', async (t) => {
  const h = createHarness(colliding());
  const events: WatchEvent[] = [];
  const watch = h.gateway.watch({
    caller: h.gateway.identify({ source: 'authorization', token: 'all' }),
    endpoint: { type: 'all' },
    narrowing: { servers: undefined, tools: undefined },
    onEvent: (event) => events.push(event),
  });
  t.after(() => watch[Symbol.dispose]());
  const uri = 'my.two+file:///a';
  await h.call('resources.subscribe', { name: uri, params: JSON.stringify({ uri }), watch });
  assert.deepEqual([...(h.servers.get('one')?.subscriptions.keys() ?? [])], []);
  const update = h.servers.get('my_two')?.subscriptions.get('file:///a');
  update?.('file:///a', '{"uri":"file:///a","x":1.0}');
  update?.('file:///a/b', '{"uri":"file:///a/b"}');
  assert.deepEqual(events, [
    { type: 'resource-updated', uri, params: `{"uri":"${uri}","x":1.0}` },
    { type: 'resource-updated', uri: `${uri}/b`, params: `{"uri":"${uri}/b"}` },
  ]);
  await h.call('resources.unsubscribe', { name: uri, params: JSON.stringify({ uri }), watch });
  assert.equal(h.servers.get('my_two')?.subscriptions.size, 0);
});

test("what is exposed of a hidden or missing server never reaches another one's wide template", async () => {
  const h = createHarness({
    wide: offerOf({ templates: ['{scheme}://{+rest}', 'skill://{+path}'] }),
    hidden: offerOf({ resources: ['memo:x'] }),
  });
  h.keys.add('wide', { allow: ['wide'], deny: [] });
  h.gateway.refreshKeys();
  for (const uri of ['hidden+file:///x', 'ghost+file:///x', 'skill://hidden/a', 'skill://ghost/a']) {
    await assert.rejects(
      h.call('resources.read', { name: uri, params: JSON.stringify({ uri }), key: 'wide' }),
      (error) => error instanceof GatewayError && error.code === 'unknown_resource',
    );
  }
  await h.call('resources.read', { name: 'file:///x', params: '{"uri":"file:///x"}', key: 'wide' });
  assert.deepEqual(
    h.servers.get('wide')?.requests.map((request) => request.name),
    ['file:///x'],
  );
});

test('skills come server by server, a server that is down is passed over, and a cursor of nobody is refused', async () => {
  const capabilities = { resources: {}, extensions: { 'io.modelcontextprotocol/skills': {} } };
  const h = createHarness({
    a: offerOf({ capabilities }),
    b: offerOf({ capabilities }),
    c: offerOf({ capabilities }),
    d: offerOf({}),
  });
  const skill = (uri: string) => ({ resources: [{ uri: `${uri}/x` }], uri: `${uri}/SKILL.md` });
  for (const [id, server] of h.servers) {
    server.answer = async (request) => {
      if (id === 'b') throw new GatewayError('upstream_unavailable');
      const { cursor } = JSON.parse(request.params);
      const page =
        cursor === undefined ? { skills: [skill('skill://p')], nextCursor: '' } : { skills: [skill('skill://q')] };
      return { type: 'result', text: JSON.stringify(page) };
    };
  }
  const pages: unknown[] = [];
  let cursor: string | undefined;
  do {
    const page = JSON.parse((await h.call('skills.list', { params: JSON.stringify({ cursor }) })).text);
    pages.push(page.skills.map((each: { uri: string }) => each.uri));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  assert.deepEqual(pages, [
    ['skill://a/p/SKILL.md'],
    ['skill://a/q/SKILL.md'],
    ['skill://c/p/SKILL.md'],
    ['skill://c/q/SKILL.md'],
  ]);
  const own = JSON.parse((await h.call('skills.list', { endpoint: 'a' })).text);
  assert.deepEqual([own.skills[0].uri, own.nextCursor], ['skill://p/SKILL.md', '']);
  for (const bad of ['', 'x', 7, Buffer.from('["skills","ghost"]').toString('base64url')])
    await assert.rejects(
      h.call('skills.list', { params: JSON.stringify({ cursor: bad }) }),
      (error) => error instanceof GatewayError && error.code === 'invalid_cursor',
    );
});
