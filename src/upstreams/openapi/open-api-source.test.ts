import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { GatewayError } from '../../contracts/errors.ts';
import { Secret } from '../../contracts/secret.ts';
import { createTestSource, documentOf, startApi } from './fixtures/test-api.ts';

const SECRET = 'sk-very"secret value';
const json = (schema: object): object => ({ description: 'ok', content: { 'application/json': { schema } } });
const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });

test('an operation becomes a tool with one argument for each parameter and each member of its body', async (t) => {
  const schemas = {
    Base: { type: 'object', properties: { id: { type: 'integer', readOnly: true } } },
    Pet: {
      allOf: [ref('Base'), { type: 'object', required: ['id', 'name'], properties: { name: { type: 'string' } } }],
    },
  };
  const paths = {
    '/pets/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, description: 'Which', schema: { type: 'integer' } }],
      put: {
        operationId: 'replacePet',
        summary: 'Replace a pet',
        description: 'All of it.',
        deprecated: true,
        requestBody: { required: true, content: { 'application/json': { schema: ref('Pet') } } },
        responses: { 200: json(ref('Pet')) },
      },
      get: { operationId: 'getPet', responses: { 200: json({ type: 'array', items: ref('Pet') }) } },
    },
  };
  const { definitions, source } = await createTestSource(
    t,
    documentOf('http://127.0.0.1:9', paths, { components: { schemas } }),
  );
  const [get, replace] = await definitions();
  assert.deepEqual(replace, {
    name: 'replacePet',
    title: 'Replace a pet',
    description: 'Replace a pet\n\nAll of it.\n\nDeprecated.',
    inputSchema: {
      type: 'object',
      properties: { id: { type: 'integer', description: 'Which' }, name: { type: 'string' } },
      required: ['id', 'name'],
      additionalProperties: false,
    },
    outputSchema: {
      allOf: [
        { type: 'object', properties: { id: { type: 'integer' } } },
        { type: 'object', properties: { name: { type: 'string' } } },
      ],
      type: 'object',
    },
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  });
  assert.equal(get?.annotations.readOnlyHint, true);
  assert.deepEqual(Object.keys((get?.outputSchema?.properties ?? {}) as object), ['result']);
  assert.deepEqual(await source.open(new AbortController().signal), {
    name: 'Test',
    version: '1',
    instructions: undefined,
  });
});

test('what cannot be arguments side by side is asked for whole, and names that meet are told apart', async (t) => {
  const api = await startApi(t);
  const body = (schema: object): object => ({ required: true, content: { 'application/json': { schema } } });
  const id = (place: string): object => ({ name: 'id', in: place, required: place === 'path', schema: {} });
  const { definitions, call } = await createTestSource(
    t,
    documentOf(api.origin, {
      '/clash/{id}': {
        post: { parameters: [id('path'), id('query')], requestBody: body({ type: 'object', properties: { id: {} } }) },
      },
      '/list': { post: { requestBody: body({ type: 'array', items: { type: 'integer' } }) } },
      '/open': { post: { requestBody: body({ type: 'object', properties: { a: {} }, additionalProperties: {} }) } },
      '/raw': { post: { requestBody: { content: { 'application/pdf': {} } } } },
      '/xml': { post: { requestBody: { content: { 'application/xml': { schema: { type: 'object' } } } } } },
    }),
  );
  const names = (await definitions()).map(({ inputSchema }) => Object.keys(inputSchema.properties));
  assert.deepEqual(names, [['id', 'id_query', 'body'], ['body'], ['body'], ['body'], ['body']]);
  await call('post_clash_id', { id: 1, id_query: 2, body: { id: 3 } });
  await call('post_raw', { body: Buffer.from('%PDF').toString('base64') });
  await call('post_xml', { body: '<a/>' });
  const [clash, raw, xml] = api.requests;
  assert.deepEqual([clash?.url, clash?.body.toString()], ['/clash/1?id=2', '{"id":3}']);
  assert.deepEqual([raw?.headers['content-type'], raw?.body.toString()], ['application/pdf', '%PDF']);
  assert.deepEqual([xml?.headers['content-type'], xml?.body.toString()], ['application/xml; charset=utf-8', '<a/>']);
});

test('the credential goes along in every form, and comes back in none', async (t) => {
  const api = await startApi(t);
  const parameters = ['api_key', 'other'].map((name) => ({ name, in: 'query', schema: {} }));
  const free = { name: 'free', in: 'query', schema: { type: 'object' } };
  const session = { name: 'session', in: 'cookie', schema: {} };
  const document = documentOf(api.origin, {
    '/': { get: { operationId: 'go', parameters: [...parameters, free, session] } },
  });
  const value = new Secret(SECRET);
  const cases = [
    [{ type: 'bearer', token: value }, () => api.requests.at(-1)?.headers.authorization === `Bearer ${SECRET}`],
    [{ type: 'header', name: 'X-Key', value }, () => api.requests.at(-1)?.headers['x-key'] === SECRET],
    [
      { type: 'query', name: 'api_key', value },
      () => api.requests.at(-1)?.url.includes(`api_key=${encodeURIComponent(SECRET)}`),
    ],
    [
      { type: 'cookie', name: 'session', value: new Secret('sk-cookie') },
      () => api.requests.at(-1)?.headers.cookie === 'session=sk-cookie',
    ],
    [
      { type: 'basic', username: new Secret('ann'), password: value },
      () => api.requests.at(-1)?.headers.authorization === `Basic ${Buffer.from(`ann:${SECRET}`).toString('base64')}`,
    ],
  ] as const;
  for (const status of [200, 401])
    for (const [auth, arrived] of cases) {
      // An API that repeats everything it was sent.
      api.answer(({ url, headers }, response) => {
        const all = JSON.stringify({ url, headers, auth: headers.authorization });
        response.writeHead(status, { 'content-type': 'application/json', location: url }).end(all);
      });
      const { call, definitions } = await createTestSource(t, document, {
        auth,
        headers: { 'X-Fixed': new Secret('fixed-secret') },
      });
      const [definition] = await definitions();
      assert.equal(definition?.inputSchema.properties.api_key !== undefined, auth.type !== 'query');
      assert.equal(definition?.inputSchema.properties.session !== undefined, auth.type !== 'cookie');
      const result = JSON.stringify(await call('go', { other: 1 }));
      assert.ok(arrived(), auth.type);
      for (const secret of ['sk-very', 'sk-cookie', 'fixed-secret', Buffer.from(`ann:${SECRET}`).toString('base64')])
        assert.ok(!result.includes(secret), `${auth.type}: ${result}`);
      assert.match(result, /\[redacted\]/);
      if (auth.type !== 'query') continue;
      const before = api.requests.length;
      assert.match(JSON.stringify(await call('go', { free: { api_key: 'mine' } })), /not for callers to set/);
      assert.equal(api.requests.length, before);
    }
});

test('each kind of answer becomes the content it is', async (t) => {
  const api = await startApi(t);
  const paths = {
    '/x': {
      get: { operationId: 'go', responses: { 200: { description: '', headers: { 'X-Total': {} } } } },
      head: { operationId: 'head' },
    },
  };
  const { call } = await createTestSource(t, documentOf(api.origin, paths), { maxResponseBytes: 2_000 });
  const answer = async (type: string | undefined, body: string | Buffer, more: object = {}) => {
    api.answer((_, response) => {
      response.writeHead(200, { ...(type === undefined ? {} : { 'content-type': type }), ...more }).end(body);
    });
    return call('go', {});
  };
  assert.deepEqual(await answer('application/problem+json; charset=utf-8', '{"a":[1]}'), {
    content: [{ type: 'text', text: '{"a":[1]}' }],
    structuredContent: { a: [1] },
  });
  assert.deepEqual(await answer('application/json', '[1]'), { content: [{ type: 'text', text: '[1]' }] });
  assert.deepEqual(await answer('application/json', '{broken'), { content: [{ type: 'text', text: '{broken' }] });
  assert.deepEqual((await answer('text/plain; charset=latin1', Buffer.from([0xe9]))).content[0]?.text, 'é');
  assert.deepEqual((await answer(undefined, 'plain')).content[0]?.text, 'plain');
  assert.deepEqual((await answer('image/png', Buffer.from([1, 0]))).content, [
    { type: 'image', data: 'AQA=', mimeType: 'image/png' },
  ]);
  assert.deepEqual((await answer('audio/wav', Buffer.from([1, 0]))).content, [
    { type: 'audio', data: 'AQA=', mimeType: 'audio/wav' },
  ]);
  assert.deepEqual((await answer('application/pdf', Buffer.from([1, 0]))).content, [
    { type: 'resource', resource: { uri: 'openapi://api/go', mimeType: 'application/pdf', blob: 'AQA=' } },
  ]);
  assert.deepEqual(
    (await answer('application/json', '{}', { 'x-total': '7', 'set-cookie': 'a=b', link: '<n>' })).content[1],
    {
      type: 'text',
      text: 'link: <n>\nx-total: 7',
    },
  );
  assert.deepEqual(
    (await answer('application/json', gzipSync('{"z":1}'), { 'content-encoding': 'gzip' })).structuredContent,
    { z: 1 },
  );
  const bomb = await answer('text/plain', gzipSync('x'.repeat(5_000_000)), { 'content-encoding': 'gzip' });
  assert.ok(JSON.stringify(bomb).length < 4_000, 'what was compressed is bounded as it comes out');
  const long = await answer('application/json', `{"a":"${'é'.repeat(1_500)}"}`, { 'content-length': 3_008 });
  assert.equal(long.structuredContent, undefined);
  assert.equal(long.content[1]?.text, '[cut off after 2000 bytes of 3008]');
  assert.ok((long.content[0]?.text ?? '').endsWith('é'));
  assert.match(
    (await answer('image/png', Buffer.alloc(3_000))).content[0]?.text ?? '',
    /left out: more than maxResponseBytes/,
  );
  const head = await call('head', {});
  assert.match(head.content[0]?.text ?? '', /HTTP 200 OK, no content, content-type: image\/png/);
});

test('where a shape is promised, what is given has it, whatever the API sends', async (t) => {
  const api = await startApi(t);
  const schema = {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'integer' }, name: { type: 'string' } },
  };
  const paths = { '/x': { get: { operationId: 'go', responses: { 200: json(schema) } } } };
  const { call } = await createTestSource(t, documentOf(api.origin, paths));
  for (const [status, body, expected] of [
    [200, '{"id":1,"name":null,"extra":true}', { id: 1, extra: true }],
    [200, '[1]', {}],
    [200, 'not json', {}],
    [204, '', {}],
  ] as const) {
    api.answer((_, response) => void response.writeHead(status, { 'content-type': 'application/json' }).end(body));
    const result = await call('go', {});
    assert.deepEqual(result.structuredContent, expected);
    assert.equal(result.isError, undefined);
    if (body !== '') assert.equal(result.content[0]?.text, body, 'nothing is lost from the text');
  }
});

test('an error of the API is an error of the tool, with its status and the beginning of its body', async (t) => {
  const api = await startApi(t);
  const { call } = await createTestSource(t, documentOf(api.origin, { '/x': { get: { operationId: 'go' } } }));
  api.answer(
    (_, response) =>
      void response.writeHead(429, { 'content-type': 'text/plain', 'retry-after': '3' }).end('slow down'),
  );
  assert.deepEqual(await call('go', {}), {
    content: [{ type: 'text', text: 'HTTP 429 Too Many Requests (retry-after: 3)\nslow down' }],
    isError: true,
  });
  api.answer((_, response) => void response.writeHead(500, { 'content-type': 'text/html' }).end('x'.repeat(100_000)));
  const { content } = await call('go', {});
  assert.ok((content[0]?.text ?? '').length < 17_000);
  assert.match(content[0]?.text ?? '', /cut off after 16384 bytes of 100000/);
});

test('redirects are followed at home only, and only where nothing is changed by it', async (t) => {
  const api = await startApi(t);
  const other = await startApi(t);
  const operation = (operationId: string): object => ({ operationId });
  const { call } = await createTestSource(
    t,
    documentOf(api.origin, { '/x': { get: operation('get'), post: operation('post') } }),
    { auth: { type: 'bearer', token: new Secret('token-value') } },
  );
  api.answer(({ url }, response) => {
    if (url === '/x') response.writeHead(307, { location: '/y' }).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"at":"y"}');
  });
  assert.deepEqual((await call('get', {})).structuredContent, { at: 'y' });
  assert.match((await call('post', {})).content[0]?.text ?? '', /redirects to \/y, which is not followed/);
  api.answer((_, response) => void response.writeHead(302, { location: `${other.origin}/steal` }).end());
  assert.equal((await call('get', {})).isError, true);
  assert.deepEqual(other.requests, []);
  api.answer((_, response) => void response.writeHead(302, { location: '/x' }).end());
  assert.equal((await call('get', {})).isError, true, 'a circle ends');
});

test('a call that could not be sent can be told from one of which nobody knows', async (t) => {
  const api = await startApi(t);
  const paths = { '/x': { get: { operationId: 'go' } } };
  const { call } = await createTestSource(t, documentOf(api.origin, paths));
  api.answer((_, response) => void response.destroy());
  const code = (wanted: string) => (error: unknown) => error instanceof GatewayError && error.code === wanted;
  await assert.rejects(call('go', {}), code('outcome_unknown'));
  const nobody = await createTestSource(t, documentOf('http://127.0.0.1:1', paths));
  await assert.rejects(nobody.call('go', {}), code('upstream_unavailable'));
});

test('when nobody waits any more, the request to the API ends', async (t) => {
  const api = await startApi(t);
  const { call } = await createTestSource(t, documentOf(api.origin, { '/x': { get: { operationId: 'go' } } }));
  const arrived = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  api.answer((_, response) => {
    response.once('close', closed.resolve);
    arrived.resolve();
  });
  const abort = new AbortController();
  const calling = call('go', {}, abort.signal);
  await arrived.promise;
  abort.abort();
  await assert.rejects(calling, /cancelled/);
  await closed.promise;
});

test('a document that changes changes the tools; one that breaks leaves them callable', {
  timeout: 60_000,
}, async (t) => {
  const api = await startApi(t);
  const one = documentOf(api.origin, { '/a': { get: { operationId: 'a' } } });
  const two = documentOf(api.origin, { '/b': { get: { operationId: 'b' } } });
  const { definitions, call, file, source } = await createTestSource(t, one);
  const names = async (): Promise<string[]> => (await definitions()).map(({ name }) => name);
  assert.deepEqual(await names(), ['a']);
  const changed = Promise.withResolvers<void>();
  const stop = source.watch(changed.resolve);
  t.after(stop);
  await writeFile(file, JSON.stringify(two, null, 2));
  const alive = setInterval(() => {}, 1_000);
  await changed.promise;
  clearInterval(alive);
  assert.deepEqual(await names(), ['b']);
  await writeFile(file, '{"swagger": "2.0"}');
  await assert.rejects(names(), /Swagger 2\.0/);
  assert.equal((await call('b', {})).isError, undefined);
});

test('a document from an address is asked for again only as far as it changed', async (t) => {
  const api = await startApi(t);
  let etag = '"1"';
  api.answer(({ headers, url }, response) => {
    if (url !== '/api.json') response.writeHead(200, { 'content-type': 'text/plain' }).end('called');
    else if (headers['if-none-match'] === etag) response.writeHead(304).end();
    else {
      const document = documentOf('/v2', { [`/${etag.slice(1, -1)}`]: { get: {} } });
      response.writeHead(200, { etag, 'content-type': 'application/json' }).end(JSON.stringify(document));
    }
  });
  const auth = { type: 'header', name: 'X-Key', value: new Secret('key-of-the-api') } as const;
  const { definitions, call } = await createTestSource(t, '', { document: `${api.origin}/api.json`, auth });
  const names = async (): Promise<string[]> => (await definitions()).map(({ name }) => name);
  assert.deepEqual([await names(), await names()], [['get_1'], ['get_1']]);
  etag = '"2"';
  assert.deepEqual(await names(), ['get_2']);
  assert.deepEqual(
    api.requests.map(({ headers }) => [headers['if-none-match'], headers['x-key']]),
    [
      [undefined, 'key-of-the-api'],
      ['"1"', 'key-of-the-api'],
      ['"1"', 'key-of-the-api'],
    ],
  );
  await call('get_2', {});
  assert.equal(api.requests.at(-1)?.url, '/v2/2', 'a relative server is relative to the document');
});

test('a document may not send a credential elsewhere', async (t) => {
  const api = await startApi(t);
  const evil = await startApi(t);
  api.answer((_, response) => {
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify(documentOf(evil.origin, { '/': { get: {} } })));
  });
  const document = `${api.origin}/api.json`;
  const auth = { type: 'bearer', token: new Secret('token-value') } as const;
  const refused = await createTestSource(t, '', { document, auth });
  await assert.rejects(refused.definitions(), /set "baseUrl" to say that your credential may go there/);
  const open = await createTestSource(t, '', { document });
  assert.equal((await open.definitions()).length, 1);

  // With a base of its own, the credential does not go to where the document is.
  const split = await createTestSource(t, '', { document, auth, baseUrl: `${evil.origin}/base/` });
  await split.call('get', {});
  assert.equal(api.requests.at(-1)?.headers.authorization, undefined);
  assert.deepEqual([evil.requests[0]?.url, evil.requests[0]?.headers.authorization], ['/base/', 'Bearer token-value']);
});

test('what cannot be offered is left out and told, the rest is offered', async (t) => {
  const paths = {
    '/good': { get: { operationId: 'good' } },
    '/file': { get: { parameters: [{ $ref: '/etc/passwd' }] } },
    '/schema': { post: { requestBody: { content: { 'application/json': { schema: { $ref: 'other.json' } } } } } },
    '/away': { get: { servers: [{ url: 'https://elsewhere.example' }] } },
    '/missing/{id}': { get: {} },
    '/output': { get: { operationId: 'output', responses: { 200: json({ $ref: 'http://127.0.0.1:1/x' }) } } },
  };
  const { definitions, lines } = await createTestSource(t, documentOf('http://127.0.0.1:9', paths));
  const offered = await definitions();
  assert.deepEqual(
    offered.map(({ name }) => name),
    ['good', 'output'],
  );
  assert.equal(offered[1]?.outputSchema, undefined);
  const warning = lines.find(({ level }) => level === 'warn')?.fields as { count: number; faults: string[] };
  assert.equal(warning.count, 4);
  assert.match(warning.faults[0] ?? '', /GET \/file: "\/etc\/passwd" leads out of the document/);
});

test('a document with nothing to offer says why', async (t) => {
  const fails = async (document: object, reason: RegExp, changes: object = {}): Promise<void> => {
    const { definitions } = await createTestSource(t, document, changes);
    await assert.rejects(definitions(), reason);
  };
  const paths = { '/a': { get: { parameters: [{ $ref: 'x.yaml' }] } } };
  await fails(documentOf('http://127.0.0.1:9', {}), /has no operations/);
  await fails(documentOf('http://127.0.0.1:9', paths), /no operation is left: GET \/a: "x\.yaml" leads out/);
  await fails(documentOf('/v1', { '/a': { get: {} } }), /does not say where the API is; set "baseUrl"/);
  await fails({}, /there is no such file/, { document: '/nowhere/api.yaml' });
  const gone = await createTestSource(t, {}, { document: '/nowhere/api.yaml' });
  await assert.rejects(gone.source.open(new AbortController().signal), (error: unknown) => {
    assert.ok(error instanceof GatewayError);
    return error.code === 'upstream_unavailable' && /no such file/.test(String(error.cause));
  });
  await fails({}, /cannot be read: HTTP 200|ECONNREFUSED/, { document: 'http://127.0.0.1:1/api.json?key=hidden' });
});
