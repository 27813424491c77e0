import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import { createFakeServer, type FakeServer, result, tool } from './fixtures/fake-link.ts';
import { createConfig, createKeepFixture, createRequest, type KeepFixture } from './fixtures/keep-fixture.ts';
import { LinkOpenError } from './link.ts';

/** A server that shows the tools in `asking` only to clients that can be asked for sampling. */
function createChoosyServer(shown: string[], asking: string[]): FakeServer {
  const fake = createFakeServer();
  fake.answers['tools/list'] = (_request, link) => {
    const isAble = link.options.capabilities.includes('"sampling"');
    return result({ tools: [...shown, ...(isAble ? asking : [])].map((name) => JSON.parse(tool(name)) as unknown) });
  };
  return fake;
}
async function start(fake: FakeServer, more = {}): Promise<KeepFixture> {
  const fixture = createKeepFixture({ a: fake });
  await fixture.registry.apply([createConfig('a', { listAskingTools: true, ...more })]);
  await fixture.clock.settle();
  return fixture;
}
const names = (fixture: KeepFixture): string[] | undefined =>
  fixture
    .server()
    .offer()
    ?.tools.map(({ name, forAskable }) => (forAskable === true ? `${name}?` : name));

test('tools for clients that can be asked stand after all others; the link they were found on is closed and carries no call', async (t) => {
  const fake = createChoosyServer(['echo'], ['think']);
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  assert.deepEqual(names(fixture), ['echo', 'think?']);
  assert.deepEqual(
    fake.links.map((link) => [link.options.capabilities === '{}', link.closed]),
    [
      [true, false],
      [false, true],
    ],
  );
  await fixture.server().request(createRequest());
  assert.equal(fake.links[0]?.count('tools/call'), 1);
});

test('nobody is looked for where that is not configured, and at modern servers', async (t) => {
  const plain = createChoosyServer(['echo'], ['think']);
  const first = await start(plain, { listAskingTools: false });
  t.after(() => first[Symbol.asyncDispose]());
  assert.deepEqual(names(first), ['echo']);
  const modern = createChoosyServer(['echo'], ['think']);
  modern.era = 'modern';
  const second = await start(modern);
  t.after(() => second[Symbol.asyncDispose]());
  assert.equal(plain.links.length + modern.links.length, 2);
});

test('they are looked for again when the tools changed, and not when nothing did', async (t) => {
  const shown = ['echo'];
  const fake = createChoosyServer(shown, ['think']);
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  await fixture.server().refresh();
  await fixture.clock.settle();
  assert.equal(fake.links.length, 2);
  assert.deepEqual(names(fixture), ['echo', 'think?']);
  shown.push('think');
  await fixture.server().refresh();
  await fixture.clock.settle();
  assert.equal(fake.links.length, 3);
  assert.deepEqual(names(fixture), ['echo', 'think'], 'what everybody is shown by now is a tool like any other');
});

test('a server that cannot be opened twice keeps its other tools, and is healthy', async (t) => {
  const fake = createChoosyServer(['echo'], ['think']);
  fake.onOpen = ({ capabilities }) => {
    if (capabilities !== '{}') throw new LinkOpenError('start', 'its data is locked', { transient: false });
  };
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  assert.equal(fixture.state(), 'healthy');
  assert.deepEqual(names(fixture), ['echo']);
});

test('a client that cannot be asked is told so before its server is', async (t) => {
  const fake = createChoosyServer(['echo'], ['think']);
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  const found = fixture.server().offer()?.tools.at(-1);
  const call = fixture.server().request(createRequest({ name: 'think', tool: found }));
  await assert.rejects(call, (error: unknown) => error instanceof GatewayError && error.code === 'missing_capability');
  assert.ok(fake.links.every((link) => link.count('tools/call') === 0));
});

test('a question on the link that only lists is refused', async (t) => {
  const fake = createChoosyServer(['echo'], []);
  const answers: unknown[] = [];
  const list = fake.answers['tools/list'];
  fake.answers['tools/list'] = async (request, link) => {
    if (link.options.capabilities !== '{}') answers.push(await link.ask('sampling/createMessage', {}));
    return list?.(request, link) ?? result({ tools: [] });
  };
  const fixture = await start(fake);
  t.after(() => fixture[Symbol.asyncDispose]());
  assert.match(JSON.stringify(answers), /-32601/);
});
