import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerConfig } from '../../contracts/config.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { ToolSource } from '../../contracts/tool-source.ts';
import { createMemoryLog, linkRequest } from './fixtures/link-testing.ts';
import type { Link, ServerMessage } from './link.ts';
import { createOpenLink } from './open-link.ts';

interface Opened {
  readonly link: Link;
  readonly messages: ServerMessage[];
}

async function open(changes: Partial<ToolSource>): Promise<Opened> {
  const source: ToolSource = {
    open: async () => ({ name: 'made', version: '1', instructions: 'Use it.' }),
    list: async () => ['{"name":"a","inputSchema":{"type":"object"},"x":1.0}'],
    call: async () => '{"content":[]}',
    watch: () => () => {},
    ...changes,
  };
  const config = {
    id: 'test',
    transport: { type: 'openapi', headers: {}, auth: undefined },
    protocol: 'modern',
    startTimeoutMs: 20_000,
  } as unknown as ServerConfig;
  const messages: ServerMessage[] = [];
  const link = await createOpenLink({ baseEnv: {}, openApi: () => source })({
    config,
    capabilities: '{}',
    identity: { name: 'portcullis', version: '0.0.0' },
    maxMessageBytes: 1_000_000,
    log: createMemoryLog(),
    eraHint: undefined,
    onServerMessage: (message) => messages.push(message),
    onLost: () => {},
    signal: new AbortController().signal,
    inProcess: new Map(),
  });
  return { link, messages };
}

test('a source is served as a server: its words as it wrote them, whatever era the configuration asks for', async () => {
  const seen: unknown[] = [];
  const { link } = await open({
    async call({ name, arguments: args, traceparent }) {
      seen.push([name, args, traceparent]);
      return name === 'a' ? '{"content":[],"n":1.0}' : undefined;
    },
  });
  assert.deepEqual([link.era, link.instructions], ['legacy', 'Use it.']);
  const listed = await link.request(linkRequest('tools/list', '{}'));
  assert.equal(listed.text, '{"tools":[{"name":"a","inputSchema":{"type":"object"},"x":1.0}]}');
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const called = await link.request(
    linkRequest('tools/call', '{"name":"a","arguments":{"id":12345678901234567890}}', { traceparent }),
  );
  assert.equal(called.text, '{"content":[],"n":1.0}');
  const unknown = await link.request(linkRequest('tools/call', { name: 'b' }));
  assert.equal(unknown.type, 'rpc-error');
  assert.deepEqual(seen, [
    ['a', '{"id":12345678901234567890}', traceparent],
    ['b', '{}', undefined],
  ]);
});

test('failures of a call keep their kind, and mistakes of ours tell callers nothing', async () => {
  const kinds = [
    new GatewayError('upstream_unavailable'),
    new GatewayError('outcome_unknown'),
    new TypeError('a private word'),
  ];
  const { link } = await open({
    call: ({ name }) => Promise.reject(kinds[Number(name)]),
  });
  for (const [name, code] of [
    ['0', 'upstream_unavailable'],
    ['1', 'outcome_unknown'],
    ['2', 'internal'],
  ] as const)
    await assert.rejects(link.request(linkRequest('tools/call', { name })), (error: unknown) => {
      assert.ok(error instanceof GatewayError);
      assert.ok(!error.message.includes('private'));
      return error.code === code;
    });
});

test('a source hears when nobody waits any more, and tells when its tools have changed', async () => {
  const started = Promise.withResolvers<AbortSignal>();
  const stopped = Promise.withResolvers<void>();
  let change = (): void => {};
  const { link, messages } = await open({
    call: ({ signal }) => new Promise(() => started.resolve(signal)),
    watch(onChange) {
      change = onChange;
      return stopped.resolve;
    },
  });
  const abort = new AbortController();
  const calling = link.request(linkRequest('tools/call', { name: 'a' }, { signal: abort.signal }));
  const signal = await started.promise;
  abort.abort();
  await assert.rejects(calling, /cancelled/);
  assert.ok(signal.aborted);
  change();
  assert.deepEqual(
    messages.map((message) => message.method),
    ['notifications/tools/list_changed'],
  );
  await link.close();
  await stopped.promise;
});

test('a source that cannot be opened says why; what may pass is tried again', async () => {
  const away = new GatewayError('upstream_unavailable', undefined, { cause: new Error('the file is away') });
  await assert.rejects(open({ open: () => Promise.reject(away) }), { message: /the file is away/, transient: true });
  await assert.rejects(open({ open: () => Promise.reject(new Error('it is wrong')) }), {
    message: /it is wrong/,
    transient: false,
  });
});
