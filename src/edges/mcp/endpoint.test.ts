import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import { openEdge, openTestSession, type RawRequest, request, result, send } from './rev-2025/test-support.ts';

const initialize = request(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {} });
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const call = (params: string): string => `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":${params}}`;

interface Case {
  readonly name: string;
  readonly path?: string;
  readonly session?: boolean;
  readonly raw: RawRequest;
  readonly status: number;
  readonly code: number;
  readonly id?: unknown;
}

const CASES: readonly Case[] = [
  { name: 'malformed JSON', raw: { body: '{"jsonrpc":' }, status: 400, code: -32700 },
  { name: 'an empty body', raw: { body: '' }, status: 400, code: -32700 },
  { name: 'a body that is not UTF-8', raw: { body: Buffer.from([0x22, 0xff, 0x22]) }, status: 400, code: -32700 },
  { name: 'a bare string', raw: { body: '"hi"' }, status: 400, code: -32600 },
  { name: 'null', raw: { body: 'null' }, status: 400, code: -32600 },
  { name: 'an object that is no message', raw: { body: '{}' }, status: 400, code: -32600 },
  {
    name: 'another JSON-RPC version',
    raw: { body: '{"jsonrpc":"1.0","id":1,"method":"ping"}' },
    status: 400,
    code: -32600,
  },
  { name: 'an id of null', raw: { body: '{"jsonrpc":"2.0","id":null,"method":"ping"}' }, status: 400, code: -32600 },
  { name: 'a fractional id', raw: { body: '{"jsonrpc":"2.0","id":1.5,"method":"ping"}' }, status: 400, code: -32600 },
  { name: 'an object as id', raw: { body: '{"jsonrpc":"2.0","id":{},"method":"ping"}' }, status: 400, code: -32600 },
  { name: 'a number as method', raw: { body: '{"jsonrpc":"2.0","id":1,"method":4}' }, status: 400, code: -32600 },
  {
    name: 'deep nesting',
    raw: { body: `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${nested(40)}}}` },
    status: 400,
    code: -32600,
  },
  { name: 'nesting that would overflow a parser', raw: { body: nested(49_000) }, status: 400, code: -32600 },
  { name: 'a giant body', raw: { body: `"${'x'.repeat(200_000)}"` }, status: 413, code: -31413 },
  {
    name: 'a wrong Content-Type',
    raw: { headers: { 'content-type': 'text/plain' }, body: '{}' },
    status: 415,
    code: -31415,
  },
  { name: 'no Content-Type', raw: { headers: { 'content-type': undefined }, body: '{}' }, status: 415, code: -31415 },
  {
    name: 'a foreign charset',
    raw: { headers: { 'content-type': 'application/json; charset=latin1' }, body: '{}' },
    status: 415,
    code: -31415,
  },
  {
    name: 'a compressed body',
    raw: { headers: { 'content-encoding': 'gzip' }, body: '{}' },
    status: 415,
    code: -31415,
  },
  {
    name: 'an Accept that fits nothing',
    raw: { headers: { accept: 'text/html' }, body: JSON.stringify(initialize) },
    status: 406,
    code: -31407,
    id: 1,
  },
  {
    name: 'the method twice',
    raw: { body: '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}' },
    status: 400,
    code: -32600,
  },
  {
    name: 'params twice',
    raw: { body: '{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"params":{}}' },
    status: 400,
    code: -32600,
  },
  {
    name: 'a tool name twice',
    session: true,
    raw: { body: call('{"name":"a","name":"b"}') },
    status: 400,
    code: -32600,
  },
  {
    name: 'a tool name twice, once escaped',
    session: true,
    raw: { body: call('{"name":"a","n\\u0061me":"b"}') },
    status: 400,
    code: -32600,
  },
  {
    name: 'a tool name twice, once in capitals',
    session: true,
    raw: { body: call('{"name":"a","Name":"b"}') },
    status: 400,
    code: -32600,
  },
  {
    name: 'arguments twice, once with a long s',
    session: true,
    raw: { body: call('{"name":"a","argumentſ":{}}') },
    status: 400,
    code: -32600,
  },
  {
    name: '_meta twice',
    session: true,
    raw: { body: call('{"name":"a","_meta":{},"_meta":{}}') },
    status: 400,
    code: -32600,
  },
  {
    name: 'a member of _meta twice',
    session: true,
    raw: { body: call('{"name":"a","_meta":{"progressToken":1,"progressToken":2}}') },
    status: 400,
    code: -32600,
  },
  { name: 'no session', raw: { body: call('{"name":"a"}') }, status: 400, code: -32600, id: 7 },
  {
    name: 'an unknown session',
    raw: { headers: { 'mcp-session-id': 'nope' }, body: call('{"name":"a"}') },
    status: 404,
    code: -31405,
    id: 7,
  },
  {
    name: "another key's session",
    session: true,
    raw: { headers: { authorization: 'Bearer key-b' }, body: call('{"name":"a"}') },
    status: 404,
    code: -31405,
    id: 7,
  },
  {
    name: "another endpoint's session",
    path: '/mcp/one',
    session: true,
    raw: { body: call('{"name":"a"}') },
    status: 404,
    code: -31405,
    id: 7,
  },
  {
    name: 'a session at the 2024 door',
    path: '/messages?sessionId=SESSION',
    session: true,
    raw: { body: call('{"name":"a"}') },
    status: 404,
    code: -31405,
  },
  {
    name: 'an unsupported version header',
    session: true,
    raw: { headers: { 'mcp-protocol-version': '1999-01-01' }, body: call('{"name":"a"}') },
    status: 400,
    code: -32600,
    id: 7,
  },
  {
    name: 'the session header twice',
    raw: { headers: { 'mcp-session-id': ['a', 'b'] }, body: call('{"name":"a"}') },
    status: 400,
    code: -32600,
  },
  { name: 'an empty batch', session: true, raw: { body: '[]' }, status: 400, code: -32600 },
  {
    name: 'a batch in a revision without batches',
    session: true,
    raw: { body: `[${call('{"name":"a"}')}]` },
    status: 400,
    code: -32600,
  },
  { name: 'a batch without session', raw: { body: `[${call('{"name":"a"}')}]` }, status: 400, code: -32600 },
  {
    name: 'an unknown method',
    session: true,
    raw: { body: '{"jsonrpc":"2.0","id":"x","method":"tools/destroy"}' },
    status: 200,
    code: -32601,
    id: 'x',
  },
  {
    name: 'a method of the other era',
    session: true,
    raw: { body: '{"jsonrpc":"2.0","id":"x","method":"subscriptions/listen"}' },
    status: 200,
    code: -32601,
    id: 'x',
  },
  { name: 'params that are an array', session: true, raw: { body: call('[]') }, status: 200, code: -32602, id: 7 },
  { name: 'params that are null', session: true, raw: { body: call('null') }, status: 200, code: -32602, id: 7 },
  { name: 'a tool call without name', session: true, raw: { body: call('{}') }, status: 200, code: -32602, id: 7 },
  {
    name: 'a tool name that is a number',
    session: true,
    raw: { body: call('{"name":1}') },
    status: 200,
    code: -32602,
    id: 7,
  },
  {
    name: 'arguments that are an array',
    session: true,
    raw: { body: call('{"name":"a","arguments":[]}') },
    status: 200,
    code: -32602,
    id: 7,
  },
  {
    name: 'arguments that are null',
    session: true,
    raw: { body: call('{"name":"a","arguments":null}') },
    status: 200,
    code: -32602,
    id: 7,
  },
  {
    name: 'a read without uri',
    session: true,
    raw: { body: '{"jsonrpc":"2.0","id":7,"method":"resources/read","params":{}}' },
    status: 200,
    code: -32602,
    id: 7,
  },
  {
    name: 'a completion without ref',
    session: true,
    raw: { body: '{"jsonrpc":"2.0","id":7,"method":"completion/complete","params":{}}' },
    status: 200,
    code: -32602,
    id: 7,
  },
  {
    name: 'an unknown log level',
    session: true,
    raw: { body: '{"jsonrpc":"2.0","id":7,"method":"logging/setLevel","params":{"level":"loud"}}' },
    status: 200,
    code: -32602,
    id: 7,
  },
  {
    name: 'initialize without version',
    raw: { body: '{"jsonrpc":"2.0","id":7,"method":"initialize","params":{}}' },
    status: 200,
    code: -32602,
    id: 7,
  },
  { name: 'GET without session', raw: { method: 'GET' }, status: 400, code: -32600 },
  {
    name: 'GET that takes no event stream',
    session: true,
    raw: { method: 'GET', headers: { accept: 'application/json' } },
    status: 406,
    code: -31407,
  },
  {
    name: 'GET of the modern era',
    raw: { method: 'GET', headers: { 'mcp-protocol-version': '2026-07-28' } },
    status: 405,
    code: -31406,
  },
  {
    name: 'GET from an event never sent',
    session: true,
    raw: { method: 'GET', headers: { 'last-event-id': '9_9' } },
    status: 400,
    code: -32600,
  },
  { name: 'DELETE without session', raw: { method: 'DELETE' }, status: 400, code: -32600 },
  { name: 'PUT', raw: { method: 'PUT' }, status: 405, code: -31406 },
  { name: 'POST to the stream of the 2024 door', path: '/sse', raw: { body: '{}' }, status: 405, code: -31406 },
  {
    name: 'a message without sessionId',
    path: '/messages',
    raw: { body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' },
    status: 400,
    code: -32600,
  },
  { name: 'an endpoint that does not exist', path: '/mcp/two', raw: { body: '{}' }, status: 404, code: -31404 },
  { name: 'no key', raw: { headers: { authorization: undefined }, body: '{}' }, status: 401, code: -31401 },
  { name: 'a wrong key', raw: { headers: { authorization: 'Bearer nope' }, body: '{}' }, status: 401, code: -31401 },
  { name: 'two different keys', raw: { headers: { 'x-api-key': 'key-b' }, body: '{}' }, status: 401, code: -31401 },
];

test('bad input gets a clear error and leaves everything as it was', async (t) => {
  const edge = await openEdge(() => result('{"ok":true}'));
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  for (const { name, path = '/mcp', session: within, raw, status, code, id = null } of CASES)
    await t.test(name, async () => {
      const headers = within === true ? session.headers(raw.headers) : (raw.headers ?? {});
      const answer = await send(`${edge.url}${path.replace('SESSION', session.id)}`, { ...raw, headers });
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.json?.error?.code, code, answer.text);
      assert.equal(answer.json.id, id);
    });
  assert.equal(edge.sessions(), 1, 'no session was opened or lost');
  assert.deepEqual(
    edge.gateway.calls.map((each) => each.kind),
    ['session.open'],
    'nothing got through to the gateway',
  );
  const after = await session.post(request(1, 'tools/call', { name: 'a' }));
  assert.deepEqual(after.json, { jsonrpc: '2.0', id: 1, result: { ok: true } });
  assert.deepEqual(edge.log.errors, []);
});

test('401 says how to authenticate, 405 what is allowed', async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  const stranger = await send(`${edge.url}/mcp`, { headers: { authorization: undefined }, body: '{}' });
  assert.equal(stranger.headers['www-authenticate'], 'Bearer');
  const put = await send(`${edge.url}/mcp`, { method: 'PUT' });
  assert.equal(put.headers.allow, 'GET, POST, DELETE');
});

test('a key in the query is not looked at', async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  const answer = await send(`${edge.url}/mcp?key=key-a&access_token=key-a`, {
    headers: { authorization: undefined },
    body: JSON.stringify(initialize),
  });
  assert.equal(answer.status, 401);
});

test('the body decides the era; headers speak only where it is silent', async (t) => {
  const edge = await openEdge();
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  const claim = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } };
  const modern = { 'mcp-protocol-version': '2026-07-28' };
  const table: readonly [string, object, RawRequest['headers'], boolean][] = [
    ['a claim in the body', request(1, 'tools/list', claim), {}, true],
    [
      'a claim in the body, legacy version header',
      request(1, 'tools/list', claim),
      { 'mcp-protocol-version': '2025-11-25' },
      true,
    ],
    ['a claim in the body within a session', request(1, 'tools/list', claim), session.headers(), true],
    ['a claim on initialize', request(1, 'initialize', claim), {}, true],
    [
      'a claim of a version we do not know',
      request(1, 'tools/list', { _meta: { 'io.modelcontextprotocol/protocolVersion': 7 } }),
      {},
      true,
    ],
    ['a header without claim', request(1, 'tools/list', {}), modern, true],
    ['a header without claim, notification', { jsonrpc: '2.0', method: 'notifications/x' }, modern, true],
    ['server/discover without anything', request(1, 'server/discover'), {}, true],
    ['initialize', initialize, {}, false],
    ['initialize with a modern header', initialize, modern, false],
    ['a request in a session', request(1, 'tools/list'), session.headers(), false],
    ['ping without session', request(1, 'ping'), {}, false],
  ];
  for (const [name, message, headers, isModern] of table)
    await t.test(name, async () => {
      const answer = await send(`${edge.url}/mcp`, { headers: headers ?? {}, body: JSON.stringify(message) });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.json.modern === true, isModern);
      assert.equal(edge.modern.splice(0).length, isModern ? 1 : 0);
    });
});

test('what the modern era throws is answered with its status and the id of the request', async (t) => {
  const edge = await openEdge(undefined, { handle: () => Promise.reject(new GatewayError('unknown_method')) });
  t.after(() => edge[Symbol.asyncDispose]());
  const body = '{"jsonrpc":"2.0","id":12345678901234567890,"method":"server/discover"}';
  const answer = await send(`${edge.url}/mcp`, { body });
  assert.equal(answer.status, 404);
  assert.match(answer.text, /"id":12345678901234567890,"error":\{"code":-32601/);
});

test('an unexpected failure is logged, and outside only a correlation id is seen', async (t) => {
  const edge = await openEdge(() => {
    throw new TypeError('secret detail');
  });
  t.after(() => edge[Symbol.asyncDispose]());
  const session = await openTestSession(edge);
  const answer = await session.post(request(1, 'tools/list'));
  assert.equal(answer.json.error.code, -32603);
  assert.match(answer.json.error.data.correlationId, /^[0-9a-f-]{36}$/);
  assert.doesNotMatch(answer.text, /secret detail/);
  assert.equal(edge.log.errors.length, 1);
});
