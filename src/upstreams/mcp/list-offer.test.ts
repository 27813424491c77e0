import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Offer } from '../../contracts/upstream.ts';
import { createFakeServer, type FakeServer, result, rpcError, tool } from './fixtures/fake-link.ts';
import { createConfig, createKeepFixture } from './fixtures/keep-fixture.ts';

/** The offer of one server with this script, and what was said about it in the log. */
async function list(
  fake: FakeServer,
  limits: { maxToolsPerServer?: number } = {},
): Promise<{ offer: Offer; faults: string[]; requests: { method: string; params: string }[] }> {
  const fixture = createKeepFixture({ a: fake }, limits);
  try {
    await fixture.registry.apply([createConfig('a')]);
    await fixture.clock.settle();
    const offer = fixture.server().offer();
    assert.ok(offer !== undefined);
    const faults = fixture.lines.flatMap((line) => (line.fields?.faults as string[] | undefined) ?? []);
    return { offer, faults, requests: fake.links[0]?.requests.map(({ method, params }) => ({ method, params })) ?? [] };
  } finally {
    await fixture[Symbol.asyncDispose]();
  }
}
const withTools = (...texts: string[]): FakeServer => createFakeServer({ lists: { 'tools/list': texts } });

test('items keep their text to the byte, unknown members, spacing and number spelling included', async () => {
  const odd =
    '{ "name" : "odd",\n "inputSchema":{"type":"object"}, "x-vendor": 1.50e+0, "price":10000000000000000001 }';
  const { offer } = await list(withTools(odd));
  assert.equal(offer.tools[0]?.text, odd);
});

test('all pages are read, with the cursor as given', async () => {
  const fake = withTools(...Array.from({ length: 7 }, (_, n) => tool(`t${n}`)));
  fake.pageItems = 3;
  const { offer, requests } = await list(fake);
  assert.deepEqual(
    offer.tools.map((t) => t.name),
    ['t0', 't1', 't2', 't3', 't4', 't5', 't6'],
  );
  assert.deepEqual(
    requests.map((r) => r.params),
    ['{}', '{"cursor":"3"}', '{"cursor":"6"}'],
  );
});

test('an empty string is a cursor like any other, and a cursor that comes twice ends the list', async () => {
  const fake = createFakeServer();
  let page = 0;
  fake.answers['tools/list'] = () => result({ tools: [JSON.parse(tool(`t${page++}`))], nextCursor: '' });
  const { offer, faults } = await list(fake);
  assert.deepEqual(
    offer.tools.map((t) => t.name),
    ['t0', 't1'],
  );
  assert.match(faults[0] ?? '', /same cursor twice/);
});

test('a list without end is cut at the bound, with a warning', async () => {
  const fake = createFakeServer();
  let page = 0;
  fake.answers['tools/list'] = () => result({ tools: [JSON.parse(tool(`t${page++}`))], nextCursor: String(page) });
  const { offer, faults } = await list(fake, { maxToolsPerServer: 20 });
  assert.equal(offer.tools.length, 20);
  assert.match(faults[0] ?? '', /more than 20 items/);
});

test('a list of huge items is cut long before there are too many of them', async () => {
  const fake = createFakeServer();
  let page = 0;
  const description = 'd'.repeat(8_000_000);
  fake.answers['tools/list'] = () =>
    result({ tools: [{ ...JSON.parse(tool(`t${page++}`)), description }], nextCursor: String(page) });
  const { offer, faults } = await list(fake);
  assert.equal(offer.tools.length, 5);
  assert.match(faults[0] ?? '', /more than 33554432 characters/);
});

test('a server of empty pages is left after a thousand of them', async () => {
  const fake = createFakeServer();
  let page = 0;
  fake.answers['tools/list'] = () => result({ tools: [], nextCursor: String(page++) });
  const { offer, faults } = await list(fake);
  assert.equal(offer.tools.length, 0);
  assert.equal(page, 1_000);
  assert.match(faults[0] ?? '', /1000 pages/);
});

test('only what is declared is listed, and an unknown method counts as empty', async () => {
  const fake = createFakeServer({
    capabilities: { tools: {}, resources: {} },
    lists: { 'tools/list': [], 'resources/list': ['{"uri":"memo:x","name":"x"}'] },
  });
  const { offer, requests } = await list(fake);
  assert.deepEqual(requests.map((r) => r.method).sort(), ['resources/list', 'resources/templates/list', 'tools/list']);
  assert.deepEqual([offer.resources.length, offer.templates.length], [1, 0]);
});

test('items that would spoil the list for every client are left out, once, with the reason', async () => {
  const { offer, faults } = await list(
    withTools(
      '{"inputSchema":{"type":"object"}}',
      '{"name":"","inputSchema":{"type":"object"}}',
      '{"name":"no-schema"}',
      '{"name":"array-schema","inputSchema":{"type":"array"}}',
      '{"name":"two","name":"faces","inputSchema":{"type":"object"}}',
      '"text"',
      tool('good', { title: 'first' }),
      tool('good', { title: 'second' }),
    ),
  );
  assert.deepEqual(
    offer.tools.map((t) => t.text),
    [tool('good', { title: 'first' })],
  );
  assert.equal(faults.length, 5, 'the log gets five examples');
});

test('prompts, resources and templates without a name or uri are left out', async () => {
  const { offer } = await list(
    createFakeServer({
      capabilities: { prompts: {}, resources: {} },
      lists: {
        'prompts/list': ['{"name":"p"}', '{"title":"no name"}'],
        'resources/list': ['{"uri":"a:b","name":"r"}', '{"uri":"a:c"}', '{"uri":"a b","name":"space"}'],
        'resources/templates/list': ['{"uriTemplate":"a:{x}","name":"t"}', '{"name":"u"}'],
      },
    }),
  );
  assert.deepEqual([offer.prompts.length, offer.resources.length, offer.templates.length], [1, 1, 1]);
});

test('read-only and idempotent hints count only if they are true; read-only implies idempotent', async () => {
  const { offer } = await list(
    withTools(
      tool('reads', { annotations: { readOnlyHint: true } }),
      tool('again', { annotations: { idempotentHint: true } }),
      tool('says', { annotations: { readOnlyHint: 'true' } }),
      tool('bare'),
    ),
  );
  assert.deepEqual(
    offer.tools.map((t) => [t.readOnly, t.idempotent]),
    [
      [true, true],
      [false, true],
      [false, false],
      [false, false],
    ],
  );
});

test('a modern server loses tools with bad header annotations, a legacy one keeps them without headers', async () => {
  const bad = tool('bad', {
    inputSchema: { type: 'object', properties: { a: { type: 'object', 'x-mcp-header': 'A' } } },
  });
  const good = tool('good', {
    inputSchema: { type: 'object', properties: { a: { type: 'string', 'x-mcp-header': 'A' } } },
  });
  const modern = withTools(bad, good);
  modern.era = 'modern';
  const fromModern = await list(modern);
  assert.deepEqual(
    fromModern.offer.tools.map((t) => [t.name, t.headerParams]),
    [['good', [{ header: 'A', path: ['a'] }]]],
  );
  assert.match(fromModern.faults[0] ?? '', /"bad"/);
  const fromLegacy = await list(withTools(bad, good));
  assert.deepEqual(
    fromLegacy.offer.tools.map((t) => t.headerParams.length),
    [0, 1],
  );
});

test('cache hints of pages are merged to the shortest and narrowest, and wrong ones are none', async () => {
  const hints = async (...pages: object[]) => {
    const fake = createFakeServer({ era: 'modern' });
    fake.answers['tools/list'] = (request) => {
      const { cursor = '0' } = JSON.parse(request.params) as { cursor?: string };
      const at = Number(cursor);
      return result({ tools: [], ...pages[at], ...(at + 1 < pages.length ? { nextCursor: String(at + 1) } : {}) });
    };
    return (await list(fake)).offer.cache.tools;
  };
  assert.deepEqual(await hints({ ttlMs: 5, cacheScope: 'public' }), { ttlMs: 5, cacheScope: 'public' });
  assert.deepEqual(await hints({ ttlMs: 9, cacheScope: 'public' }, { ttlMs: 5, cacheScope: 'private' }), {
    ttlMs: 5,
    cacheScope: 'private',
  });
  for (const wrong of [
    { ttlMs: -1, cacheScope: 'public' },
    { ttlMs: 1.5, cacheScope: 'public' },
    { ttlMs: 1, cacheScope: '' },
    {},
  ])
    assert.equal(await hints(wrong), undefined, JSON.stringify(wrong));
});

test('an answer that is no list fails the list, not the gateway', async (t) => {
  for (const answer of [
    result({}),
    result({ tools: {} }),
    rpcError(-32603),
    { type: 'result' as const, text: '{"tools":[],"tools":[]}' },
  ]) {
    const fake = createFakeServer();
    fake.answers['tools/list'] = () => answer;
    const fixture = createKeepFixture({ a: fake });
    t.after(() => fixture[Symbol.asyncDispose]());
    await fixture.registry.apply([createConfig('a')]);
    await fixture.clock.settle();
    assert.equal(fixture.state(), 'unstable', answer.text);
    assert.equal(fixture.server().offer(), undefined);
  }
});

test('ten thousand tools on one page are read', async () => {
  const fake = withTools(...Array.from({ length: 10_000 }, (_, n) => tool(`t${n}`)));
  fake.pageItems = 20_000;
  assert.equal((await list(fake, { maxToolsPerServer: 10_000 })).offer.tools.length, 10_000);
});
