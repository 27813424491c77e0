// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMemoryObjects } from '../../../../test/support/memory-objects.ts';
import { createTempDir } from '../../../../test/support/temp-dir.ts';
import type { GatewayConfig } from '../../../contracts/config.ts';
import type { ConfigKind, ConfigWrite, ConfigWriteResult } from '../../../contracts/config-objects.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { type ChangeOrigin, ObjectConflict, type ObjectStore } from '../../../contracts/objects.ts';
import type { RecordSealer } from '../../../contracts/sealing.ts';
import { Secret } from '../../../contracts/secret.ts';
import { parseConfig } from '../parse-config.ts';
import { createConfigObjects } from './config-objects.ts';
import type { StoredGuard } from './guard-part.ts';
import { rewrapSecrets } from './secrets-within.ts';

const BY: ChangeOrigin = { actor: { type: 'user', id: 'user_1', name: 'ada' }, via: 'api' };

/** Reversible and bound, so that a secret moved elsewhere does not open. */
const sealer: RecordSealer = {
  refusal: () => undefined,
  seal: (plain, boundTo) => Buffer.from(JSON.stringify([boundTo, plain])).toString('base64'),
  open(sealed, boundTo) {
    const [bound, plain] = JSON.parse(Buffer.from(sealed, 'base64').toString()) as string[];
    return bound === boundTo ? plain : undefined;
  },
};

function setUp(
  options: {
    readonly file?: object | string;
    readonly guard?: StoredGuard;
    readonly store?: ObjectStore;
    readonly sealer?: RecordSealer;
  } = {},
) {
  const store = options.store ?? createMemoryObjects();
  let file = typeof options.file === 'string' ? options.file : JSON.stringify(options.file ?? {}, null, 2);
  const env = { TOKEN: 'from-the-environment', OTHER: 'x' };
  const objects = createConfigObjects({
    ...{ store, sealer: options.sealer ?? sealer, now: () => 1, file: '/portcullis.json', readText: () => file },
    guard: options.guard ?? { references: [], stdioCommands: [] },
    load: async (extend) => parseConfig(file, { file: '/portcullis.json', env, extend, readFile: () => '' }),
  });
  const config = async (): Promise<GatewayConfig> => {
    const { result } = await objects.compose();
    assert.ok(result.ok, JSON.stringify(result));
    return result.config;
  };
  const create = (kind: ConfigKind, name: string, body: JsonObject): Promise<ConfigWriteResult> =>
    objects.write([{ action: 'create', kind, name, body }], BY);
  return {
    ...{ store, objects, config, create },
    edit: (next: object) => {
      file = JSON.stringify(next, null, 2);
    },
  };
}

const refused = (result: ConfigWriteResult): string => {
  assert.ok(!result.ok, 'it was written');
  return result.problems.map(({ path, message }) => `${path}: ${message}`).join('\n');
};

test('what is stored is part of the configuration, exactly as if the file had it', async () => {
  const file = { mcpServers: { files: { url: 'http://127.0.0.1:1/mcp' } }, models: { toolMode: 'classic' } };
  const { config, create } = setUp({ file });
  const stored: [ConfigKind, string, JsonObject][] = [
    ['server', 'github', { url: 'https://example.com/mcp', options: { callTimeoutMs: 5_000 } }],
    ['provider', 'openai', { apiKey: 'sk-12345' }],
    ['toolset', 'triage', { tools: ['github/create_issue'] }],
    ['alias', 'fast', { targets: ['openai/gpt-x'] }],
    ['route', 'cheap', { when: 'key.name == "ci"', targets: ['openai/gpt-y'] }],
    ['policy-rule', 'no-delete', { action: 'deny', targets: ['github/delete_*'] }],
    ['webhook', 'ops', { url: 'https://example.com', secret: 'whsec_0123456789abcdef' }],
  ];
  for (const [kind, name, body] of stored) {
    const result = await create(kind, name, body);
    assert.ok(result.ok, JSON.stringify(result));
  }
  const whole = parseConfig(
    JSON.stringify({
      mcpServers: { ...file.mcpServers, github: { url: 'https://example.com/mcp' } },
      serverOptions: { github: { callTimeoutMs: 5_000 } },
      providers: { openai: { apiKey: 'sk-12345' } },
      toolsets: { triage: { tools: ['github/create_issue'] } },
      models: {
        toolMode: 'classic',
        aliases: { fast: { targets: ['openai/gpt-x'] } },
        routes: [{ name: 'cheap', when: 'key.name == "ci"', targets: ['openai/gpt-y'] }],
      },
      policy: { rules: [{ name: 'no-delete', action: 'deny', targets: ['github/delete_*'] }] },
      webhooks: { ops: { url: 'https://example.com', secret: 'whsec_0123456789abcdef' } },
    }),
    { file: '/portcullis.json', env: {} },
  );
  assert.ok(whole.ok);
  assert.deepEqual(opened(await config()), opened(whole.config));
});

test('a stored webhook is told over https only: this machine is for the file to name', async () => {
  const { create } = setUp({ file: {} });
  const result = await create('webhook', 'ops', { url: 'http://127.0.0.1:9', secret: 'whsec_0123456789abcdef' });
  assert.ok(!result.ok);
  assert.match(result.problems.map(({ message }) => message).join(), /has to be https in the store/);
});

/** Secrets in clear, to compare. */
function opened(config: GatewayConfig): unknown {
  return JSON.parse(
    JSON.stringify(config, (_, value: unknown) => {
      const plain = typeof value === 'object' && value !== null ? unredacted(value) : value;
      return plain instanceof Secret ? plain.open() : plain;
    }),
  );
}

/** JSON.stringify asks `toJSON` first; members are replaced before it can. */
function unredacted(value: object): unknown {
  if (value instanceof Secret || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, each instanceof Secret ? `secret: ${each.open()}` : each]),
  );
}

test('each part says who owns it and where; the file wins, and the stored one is shadowed until the file lets go', async () => {
  const { objects, create, edit, config } = setUp();
  await create('server', 'github', { url: 'https://stored.example/mcp' });
  edit({ mcpServers: { other: { url: 'https://x.example/mcp' }, GitHub: { url: 'https://file.example/mcp' } } });
  const list = await objects.list('server');
  assert.deepEqual(
    list.map(({ name, owner, state, place, version }) => [name, owner, state, place?.line, version]),
    [
      ['other', 'file', 'in-force', 3, undefined],
      ['GitHub', 'file', 'in-force', 6, undefined],
      ['github', 'store', 'shadowed', undefined, 1],
    ],
  );
  assert.equal((await config()).servers.length, 2);
  await assert.rejects(create('server', 'other', { url: 'https://y.example/mcp' }), ObjectConflict);
  edit({});
  assert.equal((await objects.find('server', 'github'))?.state, 'in-force');
});

test('a write that would break the whole is refused with every problem, and nothing is written', async () => {
  const { objects, store, create } = setUp();
  const { seq } = await store.changedSince(0);
  assert.match(refused(await create('toolset', 't', { tools: ['nowhere/x'] })), /toolsets\.t/);
  assert.match(refused(await create('server', 's', { url: 'not a url', hedaers: {} })), /hedaers.*\n|url/);
  const both: ConfigWrite[] = [
    { action: 'create', kind: 'server', name: 'fine', body: { url: 'https://a.example/mcp' } },
    { action: 'create', kind: 'alias', name: 'bad', body: { targets: [] } },
  ];
  assert.match(refused(await objects.write(both, BY)), /names no target/);
  assert.equal((await store.changedSince(0)).seq, seq);

  await create('server', 'github', { url: 'https://a.example/mcp' });
  await create('toolset', 'triage', { tools: ['github/create'] });
  const remove: ConfigWrite = { action: 'delete', kind: 'server', name: 'github', ifVersion: undefined };
  assert.match(refused(await objects.write([remove], BY)), /triage/);
  const withIt: ConfigWrite = { action: 'delete', kind: 'toolset', name: 'triage', ifVersion: undefined };
  assert.ok((await objects.write([remove, withIt], BY)).ok);
});

test('a stored part that is broken by an edit of the file is left out and named; the rest goes on', async () => {
  const { objects, create, edit, config } = setUp({
    file: { mcpServers: { github: { url: 'https://a.example/mcp' } } },
  });
  await create('toolset', 'triage', { tools: ['github/create'] });
  await create('server', 'mine', { url: 'https://b.example/mcp' });
  edit({});
  const { servers, toolsets } = await config();
  assert.deepEqual([servers.map(({ id }) => id), toolsets], [['mine'], []]);
  const [broken] = await objects.list('toolset');
  assert.equal(broken?.state, 'broken');
  assert.match(JSON.stringify(broken?.problems), /triage/);
  // What was broken before hinders nobody.
  assert.ok((await create('server', 'more', { url: 'https://c.example/mcp' })).ok);
  edit({ mcpServers: { github: { url: 'https://a.example/mcp' } } });
  assert.equal((await objects.find('toolset', 'triage'))?.state, 'in-force');
});

test('secrets are stored sealed, shown hidden, kept where they are not written anew, and good for their object alone', async () => {
  const { objects, store, create, config } = setUp();
  await create('provider', 'openai', { apiKey: 'sk-$${x}', headers: { 'X-Org': 'org', 'X-Two': 'two' } });
  const [stored] = await store.list('provider', { limit: 9 });
  assert.ok(
    !JSON.stringify(stored).includes('sk-') && !JSON.stringify(await store.changes({ limit: 9 })).includes('sk-'),
  );
  assert.deepEqual((await objects.find('provider', 'openai'))?.body, {
    apiKey: { hidden: true },
    headers: { 'X-Org': { hidden: true }, 'X-Two': { hidden: true } },
  });
  assert.equal((await config()).providers?.[0]?.keys[0]?.value.open(), 'sk-${x}');

  const body = { apiKey: { hidden: true }, headers: { 'X-Org': 'new' } };
  const updated = await objects.write([{ action: 'update', kind: 'provider', name: 'openai', body, ifVersion: 1 }], BY);
  assert.ok(updated.ok, JSON.stringify(updated));
  const provider = (await config()).providers?.[0];
  assert.equal(provider?.keys[0]?.value.open(), 'sk-${x}');
  assert.deepEqual(Object.keys(provider?.headers ?? {}), ['X-Org']);
  assert.match(refused(await create('provider', 'anthropic', { apiKey: { hidden: true } })), /no secret here to keep/);

  // Moved to another object by somebody who may write rows: it does not open.
  const sealed = (await store.list('provider', { limit: 1 }))[0]?.body as JsonObject;
  const thief = { ...sealed, baseUrl: 'https://thief.example' };
  await store.write([{ action: 'create', kind: 'provider', id: 'groq', name: 'groq', body: thief }], BY, 1);
  const taken = await objects.find('provider', 'groq');
  assert.equal(taken?.state, 'broken');
  assert.match(JSON.stringify(taken?.problems), /another/);
});

test('where no secret may be stored, one is refused with the reason, and a reference to it taken', async () => {
  const { create, store } = setUp({ sealer: { ...sealer, refusal: () => 'there is no master key' } });
  assert.equal(refused(await create('provider', 'openai', { apiKey: 'sk-planted' })), 'apiKey: there is no master key');
  assert.deepEqual(await store.list('provider', { limit: 10 }), []);
  const { create: allowed } = setUp({
    ...{ sealer: { ...sealer, refusal: () => 'there is no master key' } },
    guard: { references: ['env:TOKEN'], stdioCommands: [] },
  });
  assert.ok((await allowed('provider', 'openai', { apiKey: '${env:TOKEN}' })).ok);
});

test('sealed secrets are moved to another key where they lie, and those of unknown keys named', () => {
  const body = { apiKey: { sealed: 'old' }, keys: [{ value: { sealed: 'newest' } }, { value: { sealed: 'lost' } }] };
  const seen: string[] = [];
  const moved = rewrapSecrets(
    {
      ...sealer,
      rewrap(sealed, boundTo) {
        seen.push(boundTo);
        if (sealed === 'old') return { type: 'rewrapped', sealed: 'new' };
        return { type: sealed === 'newest' ? 'current' : 'unknown' };
      },
    },
    ...(['provider', 'openai', body] as const),
  );
  assert.deepEqual(moved, {
    body: { ...body, apiKey: { sealed: 'new' } },
    ...{ rewrapped: 1, current: 1, unknown: ['keys.1.value'] },
  });
  assert.equal(seen[0], 'config provider openai apiKey');
});

test('a stored object reads the environment only as far as the operator allowed', async () => {
  const { create } = setUp();
  const body = (text: string): JsonObject => ({ url: 'https://a.example/mcp', headers: { Authorization: text } });
  for (const text of [
    '${env:TOKEN}',
    'Bearer ${TOKEN}',
    '${env:TOKEN:-x}',
    '${userHome}',
    '${file:/etc/passwd}',
    '${env:TO',
  ])
    assert.match(refused(await create('server', 's', body(text))), /may not refer to/, text);
  assert.ok((await create('server', 's', body('$${env:TOKEN}'))).ok);

  const allowed = setUp({ guard: { references: ['env:TOK*'], stdioCommands: [] } });
  assert.ok((await allowed.create('server', 's', body('${env:TOKEN}'))).ok);
  assert.deepEqual((await allowed.objects.find('server', 's'))?.body, body('${env:TOKEN}'));
  const transport = (await allowed.config()).servers[0]?.transport;
  assert.equal(transport?.type === 'http' && transport.headers.Authorization?.open(), 'from-the-environment');
  assert.match(refused(await allowed.create('server', 't', body('${env:OTHER}'))), /may not refer to/);
});

test('no stored object starts a program that the operator did not list, however it came into the store', async () => {
  const bodies: JsonObject[] = [
    { command: 'sh', args: ['-c', 'id'] },
    { type: 'stdio', command: 'sh' },
    { type: 'local', command: 'npx', args: ['-y', 'evil'] },
    { type: 'folder', folder: '/tmp/tools' },
    { folder: '/tmp/tools' },
    { type: 'in-process', module: 'demo' },
    { module: 'demo' },
    { url: 'https://a.example/mcp', envFile: '/etc/passwd' },
    { type: 'openapi', document: '/etc/passwd', baseUrl: 'https://a.example' },
    { document: 'file:///etc/passwd' },
    { command: 'npx', args: ['-y', '@scope/ok', '--extra'] },
    { command: 'npx', args: ['-y'] },
    { command: 'npx', args: ['-y', '@scope/ok'], env: { NODE_OPTIONS: '--require /tmp/x.js' } },
    { command: 'npx', args: ['-y', '@scope/ok'], cwd: '/tmp' },
    { command: '/tmp/npx', args: ['-y', '@scope/ok'] },
  ];
  const guard = { references: [], stdioCommands: [{ command: 'npx', args: ['-y', '@scope/*'] }] };
  for (const body of bodies) {
    const { create, store, config, objects } = setUp({ guard });
    refused(await create('server', 's', body));
    assert.deepEqual(await store.list('server', { limit: 9 }), []);
    await store.write([{ action: 'create', kind: 'server', id: 's', name: 's', body }], BY, 1);
    assert.deepEqual((await config()).servers, [], JSON.stringify(body));
    assert.equal((await objects.find('server', 's'))?.state, 'broken');
  }
  const { create, config } = setUp({ guard });
  assert.ok((await create('server', 's', { command: 'npx', args: ['-y', '@scope/ok'] })).ok);
  assert.equal((await config()).servers[0]?.transport.type, 'stdio');
});

test('whoever read an older version does not overwrite a newer one', async () => {
  const { objects, create } = setUp();
  await create('server', 's', { url: 'https://a.example/mcp' });
  const update = (port: number): Promise<ConfigWriteResult> =>
    objects.write(
      [{ action: 'update', kind: 'server', name: 's', body: { url: `https://a.example:${port}/mcp` }, ifVersion: 1 }],
      BY,
    );
  const results = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => update(i + 1)));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const result of results)
    if (result.status === 'rejected') assert.ok(result.reason instanceof ObjectConflict, String(result.reason));
});

test('whatever is stored and edited, in whatever order, the file stands, and the rest is as one file would have it', async () => {
  const url = (n: number): JsonObject => ({ url: `https://h${n}.example/mcp` });
  const name = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof(
    fc.record({ type: fc.constant('file' as const), servers: fc.dictionary(name, fc.nat(9)) }),
    fc.record({ type: fc.constant('put' as const), name, n: fc.nat(9) }),
    fc.record({ type: fc.constant('remove' as const), name }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { objects, config, edit } = setUp();
      let inFile: { readonly [name: string]: number } = {};
      const inStore = new Map<string, number>();
      for (const each of steps) {
        if (each.type === 'file') {
          inFile = each.servers;
          edit({ mcpServers: Object.fromEntries(Object.entries(inFile).map(([id, n]) => [id, url(n)])) });
          continue;
        }
        const isThere = inStore.has(each.name);
        const base = { kind: 'server' as const, name: each.name };
        const write: ConfigWrite =
          each.type === 'remove'
            ? { action: 'delete', ...base, ifVersion: undefined }
            : isThere
              ? { action: 'update', ...base, body: url(each.n), ifVersion: undefined }
              : { action: 'create', ...base, body: url(each.n) };
        const isRefused = each.type === 'remove' ? !isThere : Object.hasOwn(inFile, each.name);
        if (isRefused) await assert.rejects(objects.write([write], BY), ObjectConflict);
        else {
          assert.ok((await objects.write([write], BY)).ok);
          if (each.type === 'remove') inStore.delete(each.name);
          else inStore.set(each.name, each.n);
        }
      }
      const expected = { ...Object.fromEntries(inStore), ...inFile };
      const servers = (await config()).servers.map(({ id, transport }) => [id, 'url' in transport && transport.url]);
      assert.deepEqual(
        Object.fromEntries(servers),
        Object.fromEntries(Object.entries(expected).map(([id, n]) => [id, url(n).url])),
      );
    }),
    { numRuns: 100 },
  );
});

test('the store on disk serves as well', async (t) => {
  const { openObjectStore } = await import('../../stores/sqlite/objects.ts');
  const store = openObjectStore({ dataDir: await createTempDir(t) });
  t.after(() => store[Symbol.asyncDispose]());
  const { create, config } = setUp({ store });
  assert.ok((await create('server', 's', { url: 'https://a.example/mcp' })).ok);
  assert.equal((await config()).servers.length, 1);
});
