import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeHeaderValue } from './check-headers.ts';
import { META_KEYS, type Post, post, result, startEdge } from './test-support.ts';

const base64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;

const call = (name: string, headers: Post['headers'] = {}): Post => ({
  method: 'tools/call',
  params: { name, arguments: {} },
  headers,
});

const refused: readonly (readonly [string, Post])[] = [
  ['no MCP-Protocol-Version', call('t', { 'mcp-protocol-version': undefined })],
  ['another MCP-Protocol-Version than the body', call('t', { 'mcp-protocol-version': '2025-11-25' })],
  ['no Mcp-Method', call('t', { 'mcp-method': undefined })],
  ['another Mcp-Method', call('t', { 'mcp-method': 'tools/list' })],
  ['Mcp-Method in capitals', call('t', { 'mcp-method': 'TOOLS/CALL' })],
  ['no Mcp-Name on tools/call', call('t', { 'mcp-name': undefined })],
  ['another Mcp-Name', call('t', { 'mcp-name': 'u' })],
  ['Mcp-Name in another case', call('t', { 'mcp-name': 'T' })],
  ['no Mcp-Name on prompts/get', { method: 'prompts/get', params: { name: 'p' }, headers: { 'mcp-name': undefined } }],
  [
    'no Mcp-Name on resources/read',
    { method: 'resources/read', params: { uri: 'a:b' }, headers: { 'mcp-name': undefined } },
  ],
  ['another URI in Mcp-Name', { method: 'resources/read', params: { uri: 'a:b' }, headers: { 'mcp-name': 'a:c' } }],
  ['a sentinel without padding', call('Hello', { 'mcp-name': '=?base64?SGVsbG8?=' })],
  ['a sentinel with foreign characters', call('Hello', { 'mcp-name': '=?base64?SGVs!!!bG8=?=' })],
  ['a sentinel in the URL alphabet', call('?>?>', { 'mcp-name': '=?base64?Pz4_Pg==?=' })],
  ['a sentinel that is no UTF-8', call('\ufffd', { 'mcp-name': '=?base64?/w==?=' })],
  ['a sentinel of another value', call('t', { 'mcp-name': base64('u') })],
  ['an undecoded sentinel for a name that looks like one', call(base64('x'), { 'mcp-name': base64('x') })],
  ['raw bytes beyond ASCII, read as Latin-1', call('Ã©', { 'mcp-name': 'é' })],
  ['raw bytes beyond ASCII, read as UTF-8', call('é', { 'mcp-name': 'é' })],
  ['a broken sentinel in Mcp-Param-*', call('t', { 'mcp-param-city': '=?base64?SGVsbG8?=' })],
];

for (const [what, message] of refused) {
  test(`refused with 400 and -32020 before the gateway is asked: ${what}`, async (t) => {
    const edge = await startEdge(() => result('{}'));
    t.after(() => edge[Symbol.asyncDispose]());
    const answer = await post(edge.url, message);
    const body = (await answer.json()) as { id: unknown; error: { code: number } };
    assert.deepEqual([answer.status, body.error.code, body.id], [400, -32020, 1]);
    assert.equal(edge.gateway.calls.length, 0);
  });
}

const accepted: readonly (readonly [string, Post])[] = [
  ['the plain name', call('t')],
  ['white space around values', call('t', { 'mcp-name': '  t\t', 'mcp-method': ' tools/call ' })],
  ['header names in capitals', call('t', { 'mcp-method': undefined, 'MCP-METHOD': 'tools/call' })],
  ['a name that needs the sentinel', call('größe', { 'mcp-name': base64('größe') })],
  ['a name with spaces at its ends', call(' t ', { 'mcp-name': base64(' t ') })],
  ['a plain name in the sentinel', call('t', { 'mcp-name': base64('t') })],
  ['a name that looks like a sentinel, encoded again', call(base64('x'), { 'mcp-name': base64(base64('x')) })],
  ['a name that only begins like a sentinel', call('=?base64?SGk=', { 'mcp-name': '=?base64?SGk=' })],
  ['a byte order mark inside the sentinel', call('\ufefft', { 'mcp-name': base64('\ufefft') })],
  ['session and resumption headers of the old era', call('t', { 'mcp-session-id': 'x', 'last-event-id': '7' })],
  ['a list without Mcp-Name', { method: 'tools/list' }],
];

for (const [what, message] of accepted) {
  test(`accepted: ${what}`, async (t) => {
    const edge = await startEdge(() => result('{}'));
    t.after(() => edge[Symbol.asyncDispose]());
    const answer = await post(edge.url, message);
    assert.equal(answer.status, 200, await answer.text());
    assert.equal(answer.headers['mcp-session-id'], undefined);
    assert.equal(edge.gateway.calls[0]?.name, message.params?.name ?? '');
  });
}

test('mirrored parameters reach the gateway decoded, under their lower-case names, and only with a tool call', async (t) => {
  const edge = await startEdge(() => result('{}'));
  t.after(() => edge[Symbol.asyncDispose]());
  const headers = { 'Mcp-Param-City': base64('Köln'), 'mcp-param-n': '42' };
  await (await post(edge.url, call('t', headers))).text();
  await (await post(edge.url, { method: 'tools/list', headers })).text();
  assert.deepEqual(
    [...(edge.gateway.calls[0]?.paramHeaders ?? [])],
    [
      ['city', 'Köln'],
      ['n', '42'],
    ],
  );
  assert.equal(edge.gateway.calls[1]?.paramHeaders, undefined);
});

test('a version other than ours is refused with what we speak, once header and body agree on it', async (t) => {
  const edge = await startEdge(() => result('{}'));
  t.after(() => edge[Symbol.asyncDispose]());
  for (const version of ['v999.0.0', '2025-11-25', '2026-07-29']) {
    const answer = await post(edge.url, {
      method: 'server/discover',
      params: { _meta: { ...META_KEYS, 'io.modelcontextprotocol/protocolVersion': version } },
      headers: { 'mcp-protocol-version': version },
    });
    const { error } = (await answer.json()) as { error: { code: number; data: unknown } };
    assert.deepEqual([answer.status, error.code], [400, -32022]);
    assert.deepEqual(error.data, { supported: ['2026-07-28'], requested: version });
  }
});

test('whatever text is put into the sentinel comes out of it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(decodeHeaderValue(base64(text)), Buffer.from(text).toString());
    }),
  );
});
