import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchEvent } from '../contracts/call.ts';
import type { ToolsetConfig, ToolsetEntry } from '../contracts/config.ts';
import { GatewayError } from '../contracts/errors.ts';
import { createHarness, type Harness, offerOf } from './fixtures/harness.ts';

const entry = (source: string, own: ToolsetEntry['own'] = {}): ToolsetEntry => {
  const at = source.indexOf('/');
  return { source, server: source.slice(0, at), name: source.slice(at + 1), own };
};
const TRIAGE: ToolsetConfig = {
  name: 'triage',
  description: 'Sort bugs.',
  instructions: undefined,
  tools: [
    entry('github/*_issue'),
    entry('files/read'),
    entry('github/close_issue', { name: 'finish', description: 'mine' }),
  ],
  prompts: [entry('github/greet', { name: 'hello' })],
  resources: [entry('files/file:///pub/*'), entry('files/note://{id}')],
};

const app = '{"name":"show_issue","inputSchema":{"type":"object"},"_meta":{"ui":{"resourceUri":"ui://issue.html"}}}';
const servers = () => ({
  files: offerOf({
    tools: [{ name: 'read' }, { name: 'write' }],
    resources: ['file:///pub/a', 'file:///secret'],
    templates: ['note://{id}', 'other://{id}'],
    instructions: 'files files',
  }),
  github: offerOf({
    tools: [{ name: 'create_issue' }, { name: 'close_issue' }, { name: 'show_issue', text: app }, { name: 'push' }],
    prompts: ['greet', 'other'],
    instructions: 'git it',
  }),
});

function harness(toolset: ToolsetConfig = TRIAGE): Harness {
  const h = createHarness(servers(), { config: { toolsets: [toolset] } });
  h.keys.add('named', { allow: [], deny: ['github/create_*'], toolsets: ['triage'] });
  h.keys.add('files', { allow: ['files'], deny: [] });
  h.keys.add('other', { allow: ['elsewhere'], deny: [] });
  h.gateway.refreshKeys();
  return h;
}

const endpoint = 't/triage';
const list = async (h: Harness, kind: 'tools.list' | 'prompts.list' | 'resources.list', key: string) => {
  const all: { name: string; uri?: string; description?: string }[] = [];
  let cursor: string | undefined;
  do {
    const page = JSON.parse((await h.call(kind, { key, endpoint, params: JSON.stringify({ cursor }) })).text);
    all.push(...(page.tools ?? page.prompts ?? page.resources));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return all;
};
const names = (items: readonly { name: string }[]) => items.map((item) => item.name);
const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'none';
  } catch (error) {
    assert.ok(error instanceof GatewayError, String(error));
    return error.code;
  }
};

test('a toolset shows its tools in the order written, under its own names and words', async () => {
  const tools = await list(harness(), 'tools.list', 'all');
  // The pattern leaves to the entry after it what that one names.
  assert.deepEqual(names(tools), ['github__create_issue', 'github__show_issue', 'files__read', 'finish']);
  assert.equal(tools[3]?.description, 'mine');
});

test('a key that names the toolset may use it there and only there, and its deny still holds', async () => {
  const h = harness();
  assert.deepEqual(names(await list(h, 'tools.list', 'named')), ['github__show_issue', 'files__read', 'finish']);
  assert.deepEqual(JSON.parse((await h.call('tools.list', { key: 'named' })).text).tools, []);
  await h.call('tools.call', { key: 'named', endpoint, name: 'finish' });
  assert.equal(h.servers.get('github')?.requests[0]?.params, '{"name":"close_issue"}');
  const refused = (name: string, place?: string) =>
    codeOf(h.call('tools.call', { key: 'named', name, ...(place && { endpoint: place }) }));
  for (const name of ['github__create_issue', 'github__close_issue', 'github__push', 'close_issue'])
    assert.equal(await refused(name, endpoint), 'unknown_tool', name);
  assert.equal(await refused('files__read'), 'unknown_tool');
  assert.equal(await refused('read', 'files'), 'unknown_server');
});

test('another key sees what toolset and key both hold; for one that holds nothing of it there is no endpoint', async () => {
  const h = harness();
  assert.deepEqual(names(await list(h, 'tools.list', 'files')), ['files__read']);
  assert.equal(await codeOf(h.call('tools.call', { key: 'files', endpoint, name: 'finish' })), 'unknown_tool');
  for (const key of ['other', 'files']) {
    const caller = h.gateway.identify({ source: 'authorization', token: key });
    assert.equal(h.gateway.serves({ type: 'toolset', toolset: 'triage' }, caller), key === 'files');
    assert.equal(h.gateway.serves({ type: 'toolset', toolset: 'ghost' }, caller), false);
  }
  assert.equal(await codeOf(h.call('tools.list', { key: 'other', endpoint })), 'unknown_server');
  assert.equal(await codeOf(h.call('tools.list', { key: 'all', endpoint: 't/ghost' })), 'unknown_server');
});

test('prompts, resources and completions of a toolset are what it holds, and nothing beside', async () => {
  const h = harness();
  assert.deepEqual(names(await list(h, 'prompts.list', 'named')), ['hello']);
  await h.call('prompts.get', { key: 'named', endpoint, name: 'hello', params: '{"name":"hello"}' });
  assert.equal(h.servers.get('github')?.requests[0]?.params, '{"name":"greet"}');
  assert.deepEqual(
    (await list(h, 'resources.list', 'named')).map((r) => r.uri),
    ['files+file:///pub/a'],
  );
  const read = (uri: string) =>
    codeOf(h.call('resources.read', { key: 'named', endpoint, name: uri, params: JSON.stringify({ uri }) }));
  for (const uri of ['files+file:///pub/a', 'files+file:///pub/unlisted', 'files+note://7', 'ui://github/issue.html'])
    assert.equal(await read(uri), 'none', uri);
  for (const uri of ['files+file:///secret', 'file:///secret', 'files+other://7', 'ui://github/x.html'])
    assert.equal(await read(uri), 'unknown_resource', uri);
  const complete = (uri: string) =>
    codeOf(
      h.call('completion.complete', {
        key: 'named',
        endpoint,
        name: uri,
        params: JSON.stringify({ ref: { type: 'ref/resource', uri }, argument: { name: 'id', value: '' } }),
      }),
    );
  assert.equal(await complete('files+note://{id}'), 'none');
  assert.equal(await complete('files+other://{id}'), 'unknown_resource');
});

test('the endpoint declares what the toolset may hold, and says what it is for', async () => {
  const opened = JSON.parse((await harness().call('session.open', { endpoint, key: 'named' })).text);
  assert.deepEqual(Object.keys(opened.capabilities).sort(), ['completions', 'prompts', 'resources', 'tools']);
  assert.ok(opened.instructions.startsWith('Sort bugs.\n\n'));
  assert.ok(opened.instructions.includes('git it'));
  const small = harness({ ...TRIAGE, tools: [entry('files/read')], prompts: [], resources: [], instructions: 'so' });
  const { capabilities, instructions } = JSON.parse((await small.call('session.open', { endpoint })).text);
  assert.deepEqual(Object.keys(capabilities).sort(), ['completions', 'tools']);
  assert.equal(instructions, 'Sort bugs.\n\nso');
});

test('the trail knows which toolset a call came through', async () => {
  const h = harness();
  await h.call('tools.call', { endpoint, name: 'finish' });
  const intent = h.trail.events.find((event) => event.type === 'intend');
  assert.deepEqual(
    [intent?.surface, intent?.name, intent?.serverId, intent?.target],
    ['mcp/t/triage', 'finish', 'github', 'close_issue'],
  );
});

test('a changed toolset is in force at once, and those who watch it are told', async (t) => {
  const h = harness();
  const events: WatchEvent[] = [];
  const watch = (place: Parameters<typeof h.gateway.watch>[0]['endpoint']) => {
    const opened = h.gateway.watch({
      caller: h.gateway.identify({ source: 'authorization', token: 'named' }),
      endpoint: place,
      narrowing: { servers: undefined, tools: undefined },
      onEvent: (event) => events.push(event),
    });
    t.after(() => opened[Symbol.dispose]());
  };
  watch({ type: 'toolset', toolset: 'triage' });
  watch({ type: 'all' });
  const tools = [entry('github/close_issue', { name: 'finish', description: 'other words' })];
  h.gateway.swap(h.config({ toolsets: [{ ...TRIAGE, tools }] }));
  assert.deepEqual(events, [{ type: 'list-changed', list: 'tools' }]);
  assert.deepEqual(names(await list(h, 'tools.list', 'named')), ['finish']);
  h.gateway.swap(h.config({ toolsets: [] }));
  assert.equal(await codeOf(h.call('tools.list', { key: 'named', endpoint })), 'unknown_server');
});
