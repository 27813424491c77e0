import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ServerConfig } from '../../contracts/config.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ServerEvent, ServerRegistry, UpstreamServer } from '../../contracts/upstream.ts';
import { createConfig, createMemoryLog, createPeer, createRequest, createSession } from './fixtures/keep-fixture.ts';
import { createOpenLink } from './open-link.ts';
import { createServerRegistry } from './registry.ts';

const { resolve } = createRequire(import.meta.url);
const LIMIT = { timeout: 60_000 };
let folder = '';
let registry: ServerRegistry;
const events = new Set<(event: ServerEvent) => void>();

function stdio(id: string, packageName: string, args: string[], more: Partial<ServerConfig> = {}): ServerConfig {
  const script = join(dirname(resolve(`${packageName}/package.json`)), 'dist', 'index.js');
  const transport = {
    type: 'stdio',
    command: process.execPath,
    args: [script, ...args],
    env: {},
    cwd: folder,
  } as const;
  return createConfig(id, { transport, protocol: 'auto', ...more });
}
const everything = (): ServerConfig => stdio('everything', '@modelcontextprotocol/server-everything', ['stdio']);

/** Resolves when an event fits; the event that is waited for must be yet to come, or `now` already true. */
function until(now: () => boolean, limitMs = 30_000): Promise<void> {
  return new Promise((done, fail) => {
    const look = (): void => {
      if (!now()) return;
      clearTimeout(timer);
      events.delete(look);
      done();
    };
    const timer = setTimeout(() => {
      events.delete(look);
      fail(new Error('did not happen in time'));
    }, limitMs);
    events.add(look);
    look();
  });
}
const server = (id: string): UpstreamServer => {
  const found = registry.current().get(id);
  assert.ok(found !== undefined);
  return found;
};
const call = (id: string, name: string, args: object, more: Parameters<typeof createRequest>[0] = {}) =>
  server(id).request(createRequest({ params: JSON.stringify({ name, arguments: args }), name, ...more }));

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-keep-'));
  await writeFile(join(folder, 'hello.txt'), 'hello from a file');
  registry = createServerRegistry({
    openLink: createOpenLink({ baseEnv: {} }),
    log: createMemoryLog().log,
    identity: { name: 'portcullis', version: '0' },
    limits: {
      maxMessageBytes: 16_000_000,
      maxToolsPerServer: 10_000,
      questionTimeoutMs: 60_000,
      maxParkedCalls: 100,
      maxParkedCallsPerKey: 10,
    },
    inProcess: new Map(),
  });
  registry.onEvent((event) => {
    for (const listener of [...events]) listener(event);
  });
  await registry.apply([
    everything(),
    stdio('memory', '@modelcontextprotocol/server-memory', []),
    stdio('filesystem', '@modelcontextprotocol/server-filesystem', [folder]),
  ]);
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test('three real servers become healthy, are listed, and answer calls', LIMIT, async () => {
  const ids = ['everything', 'memory', 'filesystem'];
  await until(() => ids.every((id) => server(id).status().state === 'healthy'));
  for (const id of ids) assert.ok((server(id).offer()?.tools.length ?? 0) > 3, id);
  assert.ok((server('everything').offer()?.prompts.length ?? 0) > 0);
  assert.ok((server('everything').offer()?.resources.length ?? 0) > 0);
  const echo = await call('everything', 'echo', { message: 'hi' });
  assert.match(echo.text, /hi/);
  const read = await call('filesystem', 'read_text_file', { path: join(folder, 'hello.txt') });
  assert.match(read.text, /hello from a file/);
  const graph = await call('memory', 'read_graph', {});
  assert.equal(graph.type, 'result');
});

test('a real server takes and ends a subscription', LIMIT, async () => {
  await until(() => server('everything').status().state === 'healthy');
  const uri = server('everything').offer()?.resources[0]?.uri ?? '';
  const leave = await server('everything').subscribe(uri, () => {});
  leave();
  await assert.rejects(
    server('filesystem').subscribe(uri, () => {}),
    (error: unknown) => error instanceof GatewayError && error.code === 'unknown_method',
  );
});

test('a real server asks the client of its own link, right after the handshake and within a call', LIMIT, async () => {
  await until(() => server('everything').status().state === 'healthy');
  const asked: string[] = [];
  const ask = async (method: string) => {
    asked.push(method);
    return method === 'roots/list'
      ? { result: '{"roots":[{"uri":"file:///tmp/seen-by-server","name":"seen"}]}' }
      : { result: '{"role":"assistant","model":"fake","content":{"type":"text","text":"sampled answer"}}' };
  };
  const session = createSession('s1', { ask });
  const peer = createPeer({ session, capabilities: '{"sampling":{},"roots":{}}', ask });
  const roots = await call('everything', 'get-roots-list', {}, { peer });
  assert.match(roots.text, /seen-by-server/);
  const sampled = await call('everything', 'trigger-sampling-request', { prompt: 'x', maxTokens: 5 }, { peer });
  assert.match(sampled.text, /sampled answer/);
  assert.ok(asked.includes('roots/list') && asked.includes('sampling/createMessage'));
});

test('kill -9 in mid-call: the outcome is unknown, the server comes back, and the next call works', LIMIT, async () => {
  // A server that tells its pid and can be made to hang: the process, not a double of it, is killed.
  const script = join(folder, 'victim.mjs');
  await writeFile(script, VICTIM);
  const transport = { type: 'stdio', command: process.execPath, args: [script], env: {}, cwd: folder } as const;
  await registry.apply([everything(), createConfig('victim', { transport })]);
  await until(() => server('victim').status().state === 'healthy');
  const pid = Number(JSON.parse((await call('victim', 'pid', {})).text).content[0].text);
  const hanging = Promise.withResolvers<void>();
  const peer = createPeer({ progressToken: '1', notify: () => hanging.resolve() });
  const hung = assert.rejects(
    call('victim', 'hang', {}, { peer }),
    (error: unknown) => error instanceof GatewayError && error.code === 'outcome_unknown',
  );
  await hanging.promise;
  process.kill(pid, 'SIGKILL');
  await hung;
  assert.equal(server('victim').offer()?.tools.length, 2, 'the offer is still the last known');
  const next = JSON.parse((await call('victim', 'pid', {})).text).content[0].text;
  assert.notEqual(Number(next), pid);
  await until(() => server('victim').status().state === 'healthy');
  assert.equal(server('victim').status().restarts, 1);
});

test('a command that does not exist fails at once and leaves the others alone', LIMIT, async () => {
  const transport = { type: 'stdio', command: '/no/such/command', args: [], env: {}, cwd: undefined } as const;
  await registry.apply([everything(), createConfig('nowhere', { transport })]);
  await until(() => server('nowhere').status().state === 'failed');
  assert.match(server('nowhere').status().lastFailure?.message ?? '', /no\/such\/command|ENOENT/);
  assert.equal((await call('everything', 'echo', { message: 'still here' })).type, 'result');
});

const VICTIM = `
import { createInterface } from 'node:readline';
const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
const tool = (name) => ({ name, inputSchema: { type: 'object' } });
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (method === 'initialize')
    send({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'victim', version: '1' } } });
  else if (method === 'tools/list') send({ id, result: { tools: [tool('pid'), tool('hang')] } });
  else if (method === 'tools/call' && params.name === 'pid') send({ id, result: { content: [{ type: 'text', text: String(process.pid) }] } });
  else if (method === 'tools/call')
    send({ method: 'notifications/progress', params: { progressToken: params._meta?.progressToken, progress: 1 } });
  else send({ id, error: { code: -32601, message: 'no' } });
});
`;
